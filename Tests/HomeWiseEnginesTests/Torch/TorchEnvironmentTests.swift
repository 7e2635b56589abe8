// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseEngines

/// The installer, with a Python that only pretends: what it does, in which order, and what it says when something breaks.
@Suite(.temporaryFolder) struct TorchEnvironmentTests {
    /// A `python3` that makes environments of itself, and does as `orders` says where pip is asked.
    private func environment(version: String = "3.11.7", orders: String = "", afterVersion: String = "") throws -> TorchEnvironment {
        let base = TemporaryFolder.path
        for folder in ["bin", "tools", "run", "logs"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        let script = """
            #!/bin/sh
            echo "$*" >>'\(base)/calls'
            case "$*" in
            *"import sys"*) echo version \(version); echo path '\(base)/bin/python3'; echo prefix /usr; \(afterVersion) ;;
            *"-m venv "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
            *"pip --version"*) ;;
            \(orders)
            *"index versions"*) echo "Available versions: 2.15.0, 2.13.0+cpu, 2.13.0" ;;
            esac
            """
        try Data(script.utf8).write(to: URL(filePath: base + "/bin/python3"))
        chmod(base + "/bin/python3", 0o755)
        // The machine's own Pythons are not to be found; what the pretender itself needs is.
        for tool in ["cp", "mkdir"] {
            let link = "\(base)/tools/\(tool)"
            if !FileManager.default.fileExists(atPath: link) {
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/bin/\(tool)")
            }
        }
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: base + "/run", logFolder: base + "/logs",
            environment: ["PATH": "\(base)/bin:\(base)/tools", "HF_TOKEN": "secret"])
        return TorchEnvironment(host: host, cache: base + "/cache", machine: .init(system: .linux, hasCUDA: false), lock: fileLock)
    }

    private var calls: [String] {
        get throws { try String(contentsOfFile: TemporaryFolder.path + "/calls", encoding: .utf8).split(separator: "\n").map(String.init) }
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    @Test func theSmallBuildIsPlannedWherePipSeesIt() async throws {
        let plan = try await environment().plan()
        #expect(plan.candidate.version == "2.13.0+cpu" && !plan.isInstalled && plan.download < ByteCount(500_000_000))
        #expect(plan.folder.hasPrefix(TemporaryFolder.path + "/cache/engines/pytorch-2.13.0-"))
    }

    @Test func elseTheLargeOneIsPlannedAndSaidToBe() async throws {
        let plan = try await environment(orders: #"*"index versions"*) echo "Available versions: 2.13.0" ;;"#).plan()
        #expect(plan.candidate.version == "2.13.0" && plan.candidate.isLarge && plan.sentence.contains("3.0 GB"))
    }

    @Test func whatPipDoesNotHaveIsSaid() async throws {
        let environment = try environment(orders: #"*"index versions"*) echo "ERROR: No matching distribution found for torch"; exit 1 ;;"#)
        let failure = await failure { _ = try await environment.plan() }
        #expect(failure?.code == .notAtSource && failure?.message.contains("No matching distribution") == true)
    }

    @Test("SUP-35 a Python of another version is named, and nothing is made") func wrongVersion() async throws {
        let environment = try environment(version: "3.9.2")
        let failure = await failure { _ = try await environment.plan() }
        #expect(failure?.code == .toolMissing && failure?.message.contains("3.9.2") == true)
        #expect(!FileManager.default.fileExists(atPath: TemporaryFolder.path + "/cache"))
    }

    @Test func aPythonWithoutVenvIsNamedWithItsPackage() async throws {
        let environment = try environment(afterVersion: "exit 1")
        let failure = await failure { _ = try await environment.plan() }
        #expect(failure?.code == .toolMissing && failure?.remedy.contains("python3-venv") == true)
    }

    @Test func aDiskThatIsTooSmallIsKnownBeforeAnythingIsFetched() async throws {
        let environment = try environment()
        var plan = try await environment.plan()
        plan.candidate.space = ByteCount(1 << 49)
        let failure = await failure { [plan] in _ = try await environment.install(plan) { _ in } }
        #expect(failure?.code == .diskFull)
        #expect(try !calls.contains { $0.contains("pip install") })
    }

    @Test func aDiskThatFillsUpIsSaidToBeFull() async throws {
        let environment = try environment(orders: #"*"pip install"*) echo "OSError: [Errno 28] No space left on device" >&2; exit 1 ;;"#)
        let plan = try await environment.plan()
        #expect(await failure { _ = try await environment.install(plan) { _ in } }?.code == .diskFull)
    }

    @Test func anInterruptedInstallationGoesOnInTheSameEnvironment() async throws {
        let mark = TemporaryFolder.path + "/second"
        let environment = try environment(
            orders: #"*"pip install"*transformers*) [ -e '\#(mark)' ] || { : >'\#(mark)'; echo broken >&2; exit 1; } ;;"#)
        let plan = try await environment.plan()
        #expect(await failure { _ = try await environment.install(plan) { _ in } }?.code == .engineBuildFailed)
        // The pretender serves no worker, so it ends at the proof, with all packages there.
        let second = await failure { _ = try await environment.install(plan) { _ in } }
        #expect(second?.code == .engineStartFailed)
        let calls = try calls
        #expect(calls.count { $0.contains("-m venv") } == 1)
        let folders = Set(
            calls.filter { $0.contains("pip install") }.compactMap { $0.split(separator: " ").first { $0.hasSuffix("/fetched") } })
        #expect(folders.count == 1, "what was fetched is kept")
        #expect(calls.filter { $0.contains("pip install") }.allSatisfy { $0.contains("--only-binary=:all:") })
        let after = try await environment.plan()
        #expect(after.isFetched && !after.isInstalled, "what was not proven is not installed, and nothing of it is fetched again")
        #expect(try environment.installed() == nil)
    }

    @Test func removingItLeavesNothing() async throws {
        let environment = try environment()
        let plan = try await environment.plan()
        #expect(FileManager.default.fileExists(atPath: plan.folder))
        #expect(try environment.remove())
        #expect(!FileManager.default.fileExists(atPath: plan.folder))
        #expect(try !environment.remove())
    }

    @Test("two programs that make it at once take turns") func turns() async throws {
        let environment = try environment(orders: #"*"pip install"*) exit 1 ;;"#)
        let plan = try await environment.plan()
        let told = Mutex<[String]>([])
        var lock: (any Sendable)? = try await fileLock(plan.folder + "/lock") { Issue.record("nobody has it") }
        let making = Task { [plan] in try await environment.install(plan) { words in told.withLock { $0.append(words) } } }
        #expect(await eventually(within: .seconds(5)) { told.withLock { $0.count } == 1 })
        #expect(told.withLock { $0.first?.contains("another program") == true }, "and nothing is made meanwhile")
        _ = lock
        lock = nil
        let failure = await #expect(throws: Failure.self) { try await making.value }
        #expect(failure?.code == .engineBuildFailed && told.withLock { $0.count } > 1, "then it goes on")
    }
}

/// A worker in places that are not whole.
@Suite(.temporaryFolder) struct BrokenEnvironmentTests {
    private func start(_ python: String?) async throws -> Failure? {
        let base = TemporaryFolder.path
        for folder in ["run", "logs", "engine/environment/bin"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        let places = TorchPlaces(folder: base + "/engine")
        if let python { try FileManager.default.createSymbolicLink(atPath: places.python, withDestinationPath: python) }
        try WorkerPackage(places: places).write()
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: base + "/run", logFolder: base + "/logs",
            environment: ProcessInfo.processInfo.environment)
        let manifest = EngineManifest(engine: TorchEnvironment.name, version: "0", origin: .environment, server: places.launcher)
        do { _ = try await TorchProof(host: host).prove(manifest) } catch { return error as? Failure }
        return nil
    }

    @Test("SUP-35 an environment that was deleted is said to be missing") func deleted() async throws {
        let failure = try await start(nil)
        #expect(failure?.engineCause == .missingLibrary && failure?.message.contains("was removed") == true)
    }

    @Test("SUP-35 a package that is missing is named") func importError() async throws {
        // Debian's own Python, which has no torch.
        let failure = try await start("/usr/bin/python3")
        #expect(failure?.engineCause == .missingLibrary && failure?.message.contains("missing library: torch") == true)
    }
}
