// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseEngines
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

@Suite(.temporaryFolder) struct ConversationTests {
    private func talk(_ orders: String, _ body: @escaping @Sendable (Conversation) async throws -> Void) async throws {
        let path = TemporaryFolder.path
        try Data(orders.utf8).write(to: URL(filePath: path + "/model.gguf"))
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: path, logFolder: path, environment: ProcessInfo.processInfo.environment)
        let manifest = EngineManifest(engine: "llama.cpp", version: "fake", origin: .found, server: Products.fakeEngine)
        let plan = LaunchPlan(model: path + "/model.gguf", alias: "m", options: ContextOptions(context: 64), threads: 1, reasons: [])
        let model = ModelInfo(name: "m", type: .gguf, size: ByteCount(1), tier: .compact)
        let variant = ModelVariant(quantization: "Q4_1", size: ByteCount(1), sources: [])
        let cpu = SystemCapabilities.CPU(architecture: "x86_64", logicalCores: 1)
        let fit = Fit(
            model: model, variant: variant, facts: model.facts(variant), options: ContextOptions(context: 64),
            memory: MemoryEstimate(model.facts(variant), file: variant.size, ContextOptions(context: 64), cpu: cpu),
            speed: SpeedEstimate(tokensPerSecond: 1, basis: .assumed), isInstalled: true)
        let supervisor = Supervisor(
            server: EngineServer(LlamaCPP(manifest), host: host), order: Supervisor.Order(plan: plan, fit: fit),
            recover: { failure, _ in throw failure })
        try await supervisor.run { try await body(Conversation($0, limit: nil) { _, _ in }) }
    }

    @Test func whatWasSaidBeforeIsSentAgain() async throws {
        try await talk("count-messages") { conversation in
            let answers = Mutex<[String]>([])
            for prompt in ["one", "two", "three"] {
                try await conversation.ask(prompt) { if case .text(let text) = $0 { answers.withLock { $0.append(text) } } }
            }
            #expect(answers.withLock { $0 } == ["1", "3", "5"])
            #expect(await conversation.history.map(\.content) == ["one", "1", "two", "3", "three", "5"])
            await conversation.forget()
            try await conversation.ask("four") { if case .text(let text) = $0 { answers.withLock { $0.append(text) } } }
            #expect(answers.withLock { $0 }.last == "1")
        }
    }

    @Test("SUP-08 what was written before the engine died stays in the history") func diesMidAnswer() async throws {
        try await talk("die-mid-answer") { conversation in
            let failure = await #expect(throws: Failure.self) { try await conversation.ask("one") { _ in } }
            #expect(failure?.code == .engineDied)
            #expect(await conversation.history.last?.content.hasPrefix("one ") == true)
        }
    }
}
