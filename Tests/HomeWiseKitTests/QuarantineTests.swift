// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// What dies again and again, over several runs of the program.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct QuarantineTests {
    private struct Run {
        var failure: Failure?
        var launches = 0
        var answer = ""
        var sandboxes: [SandboxState] = []
    }

    /// A run of its own each time: a new house on the same store.
    private func run(_ orders: [String], typed: String?, after seconds: Double = 0, prepare: (inout World) -> Void = { _ in }) async throws
        -> Run
    {
        let bytes = soundModel(60_000, orders: orders)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let bin = TemporaryFolder.path + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: bin + "/llama-server") {
            try FileManager.default.createSymbolicLink(atPath: bin + "/llama-server", withDestinationPath: Products.fakeEngine)
        }
        let entry =
            #"{"name": "tiny", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [{"quantization": "Q8_0", "size": \#(bytes.count), "sha256": "\#(PullTests.sha256(bytes))", "sources": ["\#(server.url)/tiny.gguf"]}]}"#
        var patience = RetryPolicy()
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        var world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": bin + ":/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": [\#(entry)]}"#.utf8))
        world.now = { Date(timeIntervalSinceNow: seconds) }
        prepare(&world)
        let run = Mutex(Run())
        try await HomeWise.open(world) { house in
            if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
            let ready = try await house.obtain("tiny") { _ in }
            do {
                try await house.withModel(
                    ready, typed: typed,
                    report: { event in
                        if case .recovering = event { run.withLock { $0.launches += 1 } }
                        if case .launching = event { run.withLock { $0.launches += 1 } }
                        if case .unsandboxed(let state) = event { run.withLock { $0.sandboxes.append(state) } }
                    }
                ) { conversation in
                    _ = try await conversation.ask("hi") { part in if case .text(let text) = part { run.withLock { $0.answer += text } } }
                }
            } catch let failure as Failure { run.withLock { $0.failure = failure } }
        }
        try await server.stop()
        return run.withLock { $0 }
    }

    private let broken = ["die-saying no idea"]

    @Test("SUP-34 what died too often is left alone over runs, until a person names it") func quarantined() async throws {
        for _ in 0..<2 { #expect(try await run(broken, typed: nil).failure?.code == .engineStartFailed) }
        let third = try await run(broken, typed: nil)
        #expect(third.failure?.code == .quarantined && third.launches == 0, "\(third)")
        #expect(third.failure?.message.contains("tiny:q8_0 is left alone since") == true, "\(third)")
        #expect(
            third.failure?.message.contains("The engine did not start") == true && third.failure?.remedy.contains("homewise run") == true)
        #expect(try await run(broken, typed: nil, after: 3600).failure?.code == .quarantined, "an hour is no person")
        let named = try await run(broken, typed: "tiny")
        #expect(named.failure?.code == .engineStartFailed && named.launches > 2, "\(named)")
        #expect(try await run(broken, typed: nil).failure?.code == .engineStartFailed, "a person gave it a fresh start")
    }

    @Test("SUP-34 deaths far apart, and a death that leads to an answer, are no loop") func farApart() async throws {
        for hour in 0..<4 { #expect(try await run(broken, typed: nil, after: Double(hour) * 3600).failure?.code == .engineStartFailed) }
        #expect(try await run(["crash-without --load-mode"], typed: nil, after: 90_000).answer == "Hello from the fake.")
    }

    @Test("a sandbox that is switched off is told of; one that is in force is not") func told() async throws {
        #expect(try await run([], typed: nil).sandboxes.isEmpty)
        let off = try await run([], typed: nil) { $0.isSandboxed = false }
        #expect(off.answer == "Hello from the fake." && off.sandboxes == [.switchedOff])
        let world = try World(environment: ["HOME": "/h", "HOMEWISE_ENGINE_SANDBOX": "off"], executable: "/x")
        let usual = try World(environment: ["HOME": "/h"], executable: "/x")
        #expect(!world.isSandboxed && usual.isSandboxed)
    }
}
