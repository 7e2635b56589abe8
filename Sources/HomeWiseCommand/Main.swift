// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

@main
struct Main {
    static func main() async {
        if let status = HomeWise.runGuardIfAsked(arguments: CommandLine.arguments) { exit(status) }
        openStandardStreams()
        // A reader that went away (`homewise list | head -1`) is told by a failed write, not by our death.
        signal(SIGPIPE, SIG_IGN)
        // A limit on the size of files is an error to report like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try HomeWiseCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand { try await asynchronous.run() } else { try command.run() }
        } catch let failure as Failure {
            Terminal.error(failure)
            exit(failure.exitCode)
        } catch is CancellationError {
            let failure = Failure.interrupted("working")
            Terminal.error(failure)
            exit(failure.exitCode)
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch {
            HomeWiseCommand.exit(withError: error)
        }
    }
}

/// A standard stream that was closed when we were started would give its number to the next file that is opened, say
/// the inventory, and what is meant for a person would be written into it.
private func openStandardStreams() {
    var descriptor = open("/dev/null", O_RDWR)
    while descriptor >= 0, descriptor <= STDERR_FILENO { descriptor = open("/dev/null", O_RDWR) }
    if descriptor > STDERR_FILENO { close(descriptor) }
}

struct HomeWiseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "homewise", abstract: "Runs the best AI model that your machine can really run.",
        discussion: "Start with: homewise run", version: Version.text,
        subcommands: [
            RunCommand.self, RecommendCommand.self, PlanCommand.self, PullCommand.self, ImportCommand.self, ExportCommand.self,
            ListCommand.self, SearchCommand.self, ShowCommand.self, HardwareCommand.self, DoctorCommand.self, CalibrateCommand.self,
            EmbedCommand.self, LoadCommand.self, PsCommand.self, StopCommand.self, LogsCommand.self, OptionsCommand.self, ServeCommand.self,
            KeysCommand.self,
            ConvertCommand.self, EngineCommand.self, RegistryCommand.self, VerifyCommand.self, UpdateCommand.self, RemoveCommand.self,
            PruneCommand.self,
            DiskCommand.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}

extension Failure {
    /// Statuses of sysexits(3).
    var exitCode: Int32 {
        switch code {
        case .badInput: 64
        case .archiveLinkForbidden, .archiveEntryForbidden, .archiveTooLarge: 65
        case .digestMismatch, .damagedArchive, .malformedModel, .sizeMismatch, .badReply, .unsafePath: 65
        case .unknownModel, .notAtSource: 66
        case .noNetwork, .noCandidate, .engineMissing, .toolMissing, .modelTooLarge, .engineStartFailed, .engineDied: 69
        case .diskFull, .storeUnusable: 73
        case .sourceRefused, .inUse, .queueFull, .memoryTaken, .waitedTooLong, .notServing, .unloaded, .addressInUse: 75
        case .termsNotAccepted, .notAllowed, .keyNeeded: 77
        case .openAddress: 78
        case .interrupted: 130
        default: 70
        }
    }
}
