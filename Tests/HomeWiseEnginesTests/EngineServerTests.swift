// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// Our side of the conversation, against an engine that misbehaves on request.
@Suite(.temporaryFolder) struct EngineServerTests {
    private func server(patience: LoadWatch.Limits = .init(silence: 20)) throws -> EngineServer {
        let path = TemporaryFolder.path
        for folder in ["run", "logs"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: path + "/run", logFolder: path + "/logs",
            environment: ProcessInfo.processInfo.environment)
        var server = EngineServer(
            LlamaCPP(EngineManifest(engine: "llama.cpp", version: "fake", origin: .found, server: Products.fakeEngine)), host: host)
        server.patience = patience
        return server
    }

    private func plan(_ orders: String) throws -> LaunchPlan {
        let path = TemporaryFolder.path + "/model.gguf"
        try Data(orders.utf8).write(to: URL(filePath: path))
        return LaunchPlan(model: path, alias: "model", options: ContextOptions(context: 64), threads: 1, reasons: [])
    }

    private func answer(_ orders: String) async throws -> [AnswerPart] {
        try await server().run(plan(orders)) { session in
            var parts: [AnswerPart] = []
            do {
                for try await part in try await session.client.chat([ChatMessage(.user, "hi")]) { parts.append(part) }
            } catch { throw await session.explain(error) }
            return parts
        }
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    @Test func anAnswerArrivesInParts() async throws {
        let parts = try await answer("")
        #expect(parts.prefix(3) == [.text("Hello"), .text(" from"), .text(" the fake.")])
        #expect(parts.contains(.finished(reason: "stop")))
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/run").isEmpty)
    }

    @Test("SUP-04 an engine that dies at load leaves its last words") func diesAtLoad() async throws {
        let start = ContinuousClock.now
        let failure = await failure { _ = try await answer("die-saying ggml: failed to allocate 900 MiB") }
        #expect(failure?.code == .engineStartFailed && failure?.message.contains("not enough memory") == true)
        #expect(failure?.message.contains("failed to allocate 900 MiB") == true)
        #expect(start.duration(to: .now) < .seconds(3))
    }

    @Test("SUP-04 a crash at load is named") func crashesAtLoad() async throws {
        #expect(await failure { _ = try await answer("crash") }?.message.contains("crashed") == true)
    }

    @Test("SUP-01 an engine that is missing says so") func missingEngine() async throws {
        var server = try server()
        server.engine = LlamaCPP(EngineManifest(engine: "llama.cpp", version: "fake", origin: .found, server: "/nonexistent/llama-server"))
        let failure = await failure { try await server.run(plan("")) { _ in } }
        #expect(failure?.code == .engineStartFailed)
    }

    @Test("SUP-05 a load that says nothing is ended") func neverReady() async throws {
        let failure = await failure { try await server(patience: .init(silence: 0.3)).run(plan("never-ready")) { _ in } }
        #expect(failure?.code == .engineStartFailed && failure?.message.contains("said nothing") == true)
    }

    @Test("SUP-08 an engine that dies in mid-answer is never a silent end") func diesMidAnswer() async throws {
        let failure = await failure { _ = try await answer("die-mid-answer") }
        #expect(failure?.code == .engineDied)
    }

    @Test func aRefusalCarriesTheEnginesReason() async throws {
        let failure = await failure { _ = try await answer("refuse") }
        #expect(failure?.code == .engineRefused && failure?.message.contains("too long") == true)
    }

    @Test("SUP-23 an engine that ignores SIGTERM is gone when the scope ends") func ignoresTerm() async throws {
        let pid = try await server().run(plan("ignore-term")) { $0.pid }
        #expect(kill(pid, 0) != 0)
    }

    @Test("SUP-21 what an engine started is gone as well") func grandchild() async throws {
        let path = TemporaryFolder.shared + "/grandchild"
        try await server().run(plan("grandchild \(path)")) { _ in
            #expect(await eventually(within: .seconds(5)) { FileManager.default.fileExists(atPath: path) })
        }
        let pid = try #require(Int32(String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)))
        #expect(await eventually(within: .seconds(2)) { kill(pid, 0) != 0 })
    }

    @Test func endingTheIterationEndsTheAnswer() async throws {
        let start = ContinuousClock.now
        let words = try await server().run(plan("slow-answer")) { session in
            var words = 0
            for try await part in try await session.client.chat([ChatMessage(.user, "hi")]) {
                if case .text = part { words += 1 }
                if words == 3 { break }
            }
            return words
        }
        #expect(words == 3 && start.duration(to: .now) < .seconds(10))
    }
}

@Suite(.temporaryFolder) struct SocketTests {
    @Test func aFolderTooLongForASocketGetsAnother() throws {
        let long = TemporaryFolder.path + "/" + String(repeating: "x", count: 100)
        let folder = try SocketFolder(preferring: long)
        #expect(folder.path.hasPrefix("/tmp/homewise-") && folder.freshSocket().utf8.count <= SocketFolder.longestPath)
        #expect(rmdir(folder.path) == 0)
    }

    @Test func socketsHaveNamesOfTheirOwn() throws {
        let folder = try SocketFolder(preferring: TemporaryFolder.path)
        #expect(Set((0..<100).map { _ in folder.freshSocket() }).count == 100)
    }
}
