// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// The ladder, taken for real: an engine that fails by how it is started, behind the whole house.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct RecoveryTests {
    /// What was told on the way, and how it ended.
    private struct Tale: Sendable {
        var answer = ""
        var rungs: [Rung] = []
        var plans: [LaunchPlan] = []
        var failure: Failure?
    }

    private func world(_ server: LoopbackServer, _ models: [(name: String, bytes: [UInt8])]) throws -> World {
        let bin = TemporaryFolder.path + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: bin + "/llama-server") {
            try FileManager.default.createSymbolicLink(atPath: bin + "/llama-server", withDestinationPath: Products.fakeEngine)
        }
        let entries = models.map { model in
            #"{"name": "\#(model.name)", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [{"quantization": "Q8_0", "size": \#(model.bytes.count), "sha256": "\#(PullTests.sha256(model.bytes))", "sources": ["\#(server.url)/\#(model.name).gguf"]}]}"#
        }
        var patience = RetryPolicy()
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": bin + ":/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": [\#(entries.joined(separator: ","))]}"#.utf8))
    }

    /// Runs the first model and asks it, as `homewise run -p` does.
    private func run(
        _ orders: [String], after seconds: Double = 0, wish context: Int = 4096,
        before: @escaping @Sendable (HomeWise) throws -> Void = { _ in }
    ) async throws -> Tale {
        let bytes = soundModel(60_000, orders: orders)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let tale = Mutex(Tale())
        var world = try world(server, [("tiny", bytes)])
        world.now = { Date(timeIntervalSinceNow: seconds) }
        var wish = Wish()
        wish.context = context
        try await HomeWise.open(world) { [wish] house in
            if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
            let ready = try await house.obtain("tiny", wish: wish) { _ in }
            try before(house)
            do {
                try await house.withModel(ready, report: { Self.note($0, tale) }) { conversation in
                    try await Self.ask(conversation, tale)
                }
            } catch let failure as Failure { tale.withLock { $0.failure = failure } }
        }
        try await server.stop()
        return tale.withLock { $0 }
    }

    private static func ask(_ conversation: Conversation, _ tale: borrowing Mutex<Tale>) async throws {
        while true {
            do {
                let answer = Mutex("")
                try await conversation.ask("hi") { part in if case .text(let text) = part { answer.withLock { $0 += text } } }
                return tale.withLock { tale in tale.answer = answer.withLock { $0 } }
            } catch let failure as Failure where failure.code == .engineDied && !failure.isFinal {
                await conversation.takeBack()
            }
        }
    }

    private static func note(_ event: Event, _ tale: borrowing Mutex<Tale>) {
        switch event {
        case .recovering(_, let taken): tale.withLock { $0.rungs.append(taken.rung) }
        case .launching(let plan, _): tale.withLock { $0.plans.append(plan) }
        default: break
        }
    }

    @Test("SUP-12 memory that runs out costs context and no answer, and is remembered") func memory() async throws {
        let first = try await run(["out-of-memory-above 2100"])
        #expect(first.failure == nil && first.answer == "Hello from the fake.")
        #expect(first.rungs == [.smallerBatch, .quantizedCache, .smallerContext])
        // A new house on the same store begins where this one ended.
        let second = try await run(["out-of-memory-above 2100"])
        #expect(second.rungs.isEmpty && second.answer == "Hello from the fake.")
        #expect(second.plans.first?.reasons.contains { $0.contains("last time memory ran out") } == true)
    }

    @Test("SUP-04 a crash while loading ends in a plan that works") func crash() async throws {
        let tale = try await run(["crash-without --load-mode"])
        #expect(tale.failure == nil && tale.answer == "Hello from the fake." && tale.rungs == [.sameAgain, .plainKernels])
    }

    @Test("SUP-08 an engine that dies in mid-answer is followed by another, and the question is answered") func midAnswer() async throws {
        let tale = try await run(["die-mid-answer-once \(TemporaryFolder.shared)/died"])
        #expect(tale.failure == nil && tale.answer == "Hello from the fake." && tale.rungs == [.sameAgain])
    }

    @Test("SUP-10 an engine that hangs up and lives on is ended, and its successor answers") func hangUp() async throws {
        let tale = try await run(["hang-mid-answer-once \(TemporaryFolder.shared)/hung"])
        #expect(tale.failure == nil && tale.answer == "Hello from the fake." && tale.rungs == [.sameAgain], "\(tale)")
    }

    @Test("SUP-34 an engine that dies in every answer ends, and nothing of it is noted") func everyAnswer() async throws {
        let tale = try await run(["die-mid-answer"])
        #expect(tale.failure?.isFinal == true && tale.rungs.last == .safeMode, "\(tale)")
        let next = try await run(["die-mid-answer"])
        #expect(next.plans.first?.reasons.contains { $0.contains("last time") } == false)
    }

    @Test("SUP-34 a cause that nothing helps against ends at once, in mid-answer too") func nothingHelps() async throws {
        let tale = try await run(["die-mid-answer", "last-words error loading model: unknown model architecture"])
        #expect(tale.failure?.isFinal == true && tale.rungs.isEmpty, "\(tale)")
    }

    @Test("what was noted grows old, and a smaller wish does without it") func age() async throws {
        _ = try await run(["out-of-memory-above 2100"])
        let day = 86_400.0
        #expect(try await run(["out-of-memory-above 2100"], after: 6 * day).rungs.isEmpty)
        #expect(
            try await run(["out-of-memory-above 2100"], after: 8 * day).rungs.count == 3,
            "six days on it was used, and not made young again")
        #expect(try await run(["out-of-memory-above 2100"], after: 8 * day, wish: 2048).plans.first?.options.context == 2048)
    }

    @Test("who waits for an engine that starts can be stopped", .timeLimit(.minutes(1))) func stopped() async throws {
        let bytes = soundModel(60_000, orders: ["never-ready"])
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        try await HomeWise.open(world(server, [("tiny", bytes)])) { house in
            if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
            let ready = try await house.obtain("tiny") { _ in }
            try await house.withModel(ready, report: { _ in }) { conversation in
                let asking = Task { try await conversation.ask("hi") { _ in } }
                try await Task.sleep(for: .milliseconds(200))
                asking.cancel()
                await #expect(throws: CancellationError.self) { try await asking.value }
            }
        }
        try await server.stop()
    }

    @Test("SUP-34 an engine that always fails ends with all that was tried") func never() async throws {
        let tale = try await run(["die-saying no idea"])
        #expect(tale.failure?.code == .engineStartFailed && tale.rungs.first == .sameAgain && tale.rungs.last == .safeMode)
        #expect(tale.failure?.message.contains("no idea") == true && tale.failure?.message.contains("safe mode") == true)
        #expect(tale.failure?.detail["tried"]?.hasSuffix("safe_mode") == true)
    }

    @Test func aModelThatTheEngineDoesNotKnowIsNotTriedTwice() async throws {
        let tale = try await run(["die-saying error loading model: unknown model architecture: 'x'"])
        #expect(tale.rungs.isEmpty && tale.failure?.remedy.contains("newer engine") == true)
    }

    @Test("SUP-09 a file that the engine finds damaged is checked, and a sound one is not fetched again") func soundFile() async throws {
        let tale = try await run(["die-saying tensor 'x' data is not within the file bounds, model is corrupted or incomplete"])
        #expect(tale.rungs == [.verifyFile] && tale.failure?.code == .engineStartFailed)
    }

    @Test("SUP-09 a damaged file is repaired and started again") func damagedFile() async throws {
        // The order stands where the damage puts it: the repair takes it out again.
        let order = "die-saying tensor 'x' data is not within the file bounds"
        let tale = try await run(["mark " + String(repeating: "x", count: order.utf8.count)]) { house in
            let path = try #require(house.installed().first).path
            var bytes = try Data(contentsOf: URL(filePath: path))
            let mark = try #require(bytes.range(of: Data("mark xxxx".utf8)))
            bytes.replaceSubrange(mark.lowerBound..<mark.lowerBound + order.utf8.count + 1, with: Data(("\n" + order).utf8))
            let handle = try FileHandle(forWritingTo: Self.writable(path))
            var before = stat()
            try #require(stat(path, &before) == 0)
            try handle.write(contentsOf: bytes)
            try handle.close()
            // Bits that rot leave the times as they were.
            try #require(utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0) == 0)
        }
        #expect(tale.failure == nil && tale.rungs == [.verifyFile, .repairFile] && tale.answer == "Hello from the fake.", "\(tale)")
    }

    @Test("SUP-03 a card that fails by one name is reached by its other one before the processor does the work") func otherBackend()
        async throws
    {
        let bytes = soundModel(60_000, orders: ["lose-device CUDA0"])
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let tale = Mutex(Tale())
        let world = try world(server, [("tiny", bytes)])
        try Data(
            "  CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)\n  Vulkan0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)\n".utf8
        )
        .write(to: URL(filePath: TemporaryFolder.path + "/bin/llama-server.devices"))
        try await HomeWise.open(world) { house in
            if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
            let ready = try await house.obtain("tiny") { _ in }
            var plan = try await house.launchPlan(ready)
            plan.placement = Placement(
                gpu: .init(name: "NVIDIA GeForce RTX 3060", bandwidth: 1e9, engineName: "CUDA0"), gpuLayers: 2)
            try await house.withTenancy(ready, plan: plan, report: { Self.note($0, tale) }) { tenancy in
                try await Self.ask(tenancy.conversation(limit: 20, options: ModelOptions()), tale)
                #expect(try await tenancy.supervisor.seat().order.plan.placement.gpu?.engineName == "Vulkan0")
                #expect(await tenancy.recovery.gaveUp.contains { $0.contains("Vulkan0 instead of CUDA0") })
            }
        }
        #expect(tale.withLock { $0.rungs } == [.probeAgain, .otherBackend], "\(tale.withLock { $0 })")
        try await server.stop()
    }

    private static func writable(_ path: String) throws -> URL {
        let real = URL(filePath: path).resolvingSymlinksInPath()
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: real.path)
        return real
    }
}
