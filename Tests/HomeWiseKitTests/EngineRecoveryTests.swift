// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Engines that break, for real: llama.cpp on the shelf loses a library, a model is of a kind that it does not know.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(10))) struct EngineRecoveryTests {
    private static let gguf = TestModels.path + "/smollm2-gguf/SmolLM2-135M-Instruct.Q4_1.gguf"
    private static let onnx = TestModels.path + "/smollm2-onnx"

    /// One model in two formats, both of this machine.
    private func world(gguf: String = Self.gguf) throws -> World {
        var environment = ProcessInfo.processInfo.environment
        environment["HOMEWISE_HOME"] = TemporaryFolder.path + "/home"
        environment["HOMEWISE_STATE"] = TemporaryFolder.path + "/state"
        var world = try World(environment: environment, executable: Products.homewise)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: gguf)[.size] as? NSNumber)
        world.registry = Data(
            #"{"models": [{"name": "small", "type": "gguf", "size": "100MB", "tier": "compact", "license": "mit", "capabilities": ["chat"], "context_length": 2048, "variants": [{"quantization": "Q4_1", "size": \#(size), "sources": ["file:\#(gguf)"]}, {"quantization": "INT4", "format": "onnx", "size": 120000000, "sources": ["file:\#(Self.onnx)"]}]}]}"#
                .utf8)
        return world
    }

    /// A kind of model that no engine knows.
    private func strange() throws -> String {
        let path = TemporaryFolder.path + "/strange.gguf"
        var draft = SyntheticModel(
            layers: 1, embedding: 32, feedForward: 32, heads: 1, kvHeads: 1, headSize: 32, vocabulary: 32, type: .plain
        ).draft()
        draft.metadata = draft.metadata.map { $0.key == "general.architecture" ? ($0.key, .text("nonesuch")) : $0 }
        let (header, length) = draft.header()
        try Data(header + [UInt8](repeating: 0, count: Int(length) - header.count)).write(to: URL(filePath: path))
        return path
    }

    private final class Tale: Sendable {
        private let rungs = Mutex<[Rung]>([])
        private let notes = Mutex<[String]>([])
        func hear(_ event: Event) {
            if case .recovering(_, let taken) = event { rungs.withLock { $0.append(taken.rung) } }
            if case .note(let words) = event { notes.withLock { $0.append(words) } }
        }
        var taken: [Rung] { rungs.withLock { $0 } }
        var words: [String] { notes.withLock { $0 } }
    }

    private static func ask(_ conversation: Conversation) async throws -> String {
        let answer = Mutex("")
        while true {
            do {
                try await conversation.ask("What is the capital of France?") { part in
                    if case .text(let text) = part { answer.withLock { $0 += text } }
                }
                return answer.withLock { $0 }
            } catch let failure as Failure where failure.code == .engineDied && !failure.isFinal {
                await conversation.takeBack()
            }
        }
    }

    /// Takes a library out of the engine on the shelf; the build in the cache is another copy.
    private static func breakEngine(_ house: HomeWise) throws {
        let engine = try #require(try house.engineInUse())
        let server = engine.server
        let folder = (server as NSString).deletingLastPathComponent
        let libraries = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("libllama.so") }
        try #require(!libraries.isEmpty)
        for name in libraries { try FileManager.default.removeItem(atPath: folder + "/" + name) }
    }

    @Test("SUP-02 an engine that lost a library between two starts is installed anew and answers, and says so")
    func betweenStarts() async throws {
        let tale = Tale()
        try await HomeWise.open(world()) { house in
            _ = try await house.installEngine { _ in }
            let ready = try await house.obtain("small:q4_1") { _ in }
            try Self.breakEngine(house)
            let answer = try await house.withModel(ready, limit: 20, report: tale.hear) { try await Self.ask($0) }
            #expect(!answer.isEmpty && tale.taken == [.installEngine], "\(tale.taken) \(tale.words)")
            let engine = try #require(try house.engineInUse())
            #expect(try await house.isSound(engine))
        }
    }

    @Test("SUP-01 an engine whose program is gone is missed by name, and comes back") func programGone() async throws {
        let tale = Tale()
        try await HomeWise.open(world()) { house in
            let manifest = try await house.installEngine { _ in }
            let ready = try await house.obtain("small:q4_1") { _ in }
            try FileManager.default.removeItem(atPath: manifest.server)
            let answer = try await house.withModel(ready, limit: 20, report: tale.hear) { try await Self.ask($0) }
            #expect(!answer.isEmpty && tale.taken == [.installEngine], "\(tale.taken) \(tale.words)")
            // One that a person removed is not missed.
            _ = try house.removeEngine("llama.cpp", version: nil)
            let failure = await #expect(throws: Failure.self) { try await house.withModel(ready, report: { _ in }) { _ in } }
            #expect(failure?.code == .engineMissing)
        }
    }

    @Test("SUP-02 an engine that breaks while it runs, and is killed then, comes back with an answer") func whileRunning() async throws {
        let tale = Tale()
        try await HomeWise.open(world()) { house in
            _ = try await house.installEngine { _ in }
            let ready = try await house.obtain("small:q4_1") { _ in }
            try await house.withTenancy(ready, report: tale.hear) { tenancy in
                let conversation = tenancy.conversation(limit: 20, options: ModelOptions())
                #expect(try await !Self.ask(conversation).isEmpty && tale.taken.isEmpty)
                try Self.breakEngine(house)
                try await kill(tenancy.supervisor.seat().session.pid, SIGKILL)
                #expect(try await !Self.ask(conversation).isEmpty)
                #expect(tale.taken == [.sameAgain, .installEngine], "\(tale.taken) \(tale.words)")
            }
        }
    }

    @Test("an engine that is sound and the newest is not made again for a model that it does not know; another format answers")
    func unknownArchitecture() async throws {
        let tale = Tale()
        try await HomeWise.open(world(gguf: strange())) { house in
            // ONNX is not installed: its libraries come on the way.
            let engine = try await house.installEngine { _ in }
            let ready = try await house.obtain("small:q4_1") { _ in }
            _ = try await house.obtain("small:int4") { _ in }
            try await house.withTenancy(ready, typed: "small", report: tale.hear) { tenancy in
                let answer = try await Self.ask(tenancy.conversation(limit: 20, options: ModelOptions()))
                #expect(!answer.isEmpty && tale.taken == [.otherFormat], "\(answer) \(tale.taken) \(tale.words)")
                let gaveUp = await tenancy.recovery.gaveUp
                #expect(gaveUp.contains { $0.contains("small:int4 (onnx) instead of small:q4_1 (llama.cpp)") }, "\(gaveUp)")
                #expect(try await tenancy.supervisor.seat().order.engine?.manifest.engine == "onnx")
            }
            #expect(try house.engineInUse() == engine)
            // Who named the file means it.
            let failure = await #expect(throws: Failure.self) {
                try await house.withModel(ready, typed: "small:q4_1", report: { _ in }) { try await Self.ask($0) }
            }
            #expect(failure?.engineCause == .unsupportedModel)
        }
    }

    @Test("where a broken engine cannot be made again the other format answers") func cannotBeMadeAgain() async throws {
        var world = try world()
        let tale = Tale()
        try await HomeWise.open(world) { house in
            _ = try await house.installEngine { _ in }
            _ = try await house.installEngine("onnx") { _ in }
            for name in ["small:q4_1", "small:int4"] { _ = try await house.obtain(name) { _ in } }
            try Self.breakEngine(house)
        }
        // No build in this cache, and nothing to make one with.
        world.cache = TemporaryFolder.path + "/cache"
        world.environment["PATH"] = "/nonexistent"
        try await HomeWise.open(world) { house in
            let ready = try await house.obtain("small:q4_1") { _ in }
            let answer = try await house.withModel(ready, typed: "small", limit: 20, report: tale.hear) { try await Self.ask($0) }
            #expect(answer.contains("France") && tale.taken == [.installEngine, .otherFormat], "\(answer) \(tale.taken) \(tale.words)")
            #expect(tale.words.contains { $0.hasPrefix("That did not help") })
        }
    }
}
