// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit
import Synchronization

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Unload a model, once what it works on is done.",
        discussion: "It says what it waits for. Ctrl-C twice breaks that off, as --now does at once.")

    @Argument(help: "The model, by name.") var model: String?
    @Flag(help: "Unload all of them.") var all = false
    @Flag(help: "Break off what it works on.") var now = false

    func run() async throws {
        guard (model == nil) == all else {
            throw Failure.badInput("Which model is to be unloaded?", remedy: "Give its name as homewise ps shows it, or --all.")
        }
        let world = try World.ofThisProcess()
        try await Interrupts.shared.cancelling(isLast: true) {
            try await DaemonClient.ifRunning(world) { client in
                let names = if let model { [model] } else { try await client?.loaded().filter { $0.state != .failed }.map(\.key) ?? [] }
                for name in names {
                    guard let client, try await stop(name, client) || all else {
                        throw Failure.badInput("\(name) is not loaded.", remedy: "See what is with: homewise ps")
                    }
                    Terminal.say("\(name) is unloaded.")
                }
                if names.isEmpty { Terminal.say("No model is loaded.") }
            }
        }
    }

    /// - Returns: whether it was loaded.
    private func stop(_ name: String, _ client: DaemonClient) async throws -> Bool {
        let (presses, pressed) = AsyncStream<Int>.makeStream()
        let count = Mutex(0)
        return try await Interrupts.shared.handling {
            let number = count.withLock { count in
                count += 1
                return count
            }
            // One that cannot even be broken off is left to itself.
            if number > 2 { leave() }
            pressed.yield(number)
        } during: {
            try await withThrowingTaskGroup(of: Bool?.self) { group in
                group.addTask { try await client.unload(name, isAtOnce: now) { Self.tell(name, of: $0) } }
                group.addTask {
                    for await number in presses {
                        guard number > 1 else {
                            Terminal.line("Waiting", "\(name) still works; Ctrl-C once more breaks that off")
                            continue
                        }
                        _ = try await client.unload(name, isAtOnce: true)
                    }
                    return nil
                }
                defer { group.cancelAll() }
                while let outcome = try await group.next() { if let outcome { return outcome } }
                throw CancellationError()
            }
        }
    }

    private static func tell(_ name: String, of requests: Int) {
        Terminal.line(
            "Waiting",
            "for \(requests) answer\(requests == 1 ? "" : "s") that \(name) has begun; Ctrl-C twice, or homewise stop --now, breaks \(requests == 1 ? "it" : "them") off"
        )
    }
}

/// A command has an `exit` of its own, which means something else.
private func leave() -> Never { exit(130) }
