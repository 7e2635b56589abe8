// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// The conversion for real: llama.cpp's tools, a real model, and a real answer of what came out.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(15))) struct ConvertTests {
    private struct Tools: Sendable {
        /// `nil` where a test runs no quantiser and no model.
        var llama: EngineManifest?
        var torch: EngineManifest
        var converter: ConverterTools
        var host: EngineHost
    }

    private func tools(withEngine: Bool) async throws -> Tools {
        var environment = ProcessInfo.processInfo.environment
        environment["HOMEWISE_HOME"] = TemporaryFolder.path + "/home"
        environment["HOMEWISE_STATE"] = TemporaryFolder.path + "/state"
        let world = try World(environment: environment, executable: Products.homewise)
        return try await HomeWise.open(world) { house in
            let torch = TorchEnvironment(
                host: house.engineHost, cache: world.cache, machine: .init(system: .linux, hasCUDA: false), lock: fileLock)
            return try await Tools(
                llama: withEngine ? house.installEngine { _ in } : nil, torch: torch.install(torch.plan()) { _ in },
                converter: house.converterTools { _ in },
                host: house.engineHost)
        }
    }

    private func conversion(_ tools: Tools, _ model: String) throws -> Conversion {
        let folder = TemporaryFolder.path + "/out"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let quantizer = tools.llama?.tool("llama-quantize") ?? "/nonexistent"
        return Conversion(
            host: tools.host, torch: tools.torch, tools: tools.converter, quantizer: quantizer, model: model,
            output: folder + "/model.gguf",
            threads: 2)
    }

    @Test func aModelOfSafetensorsBecomesOneThatLlamaCppAnswersWith() async throws {
        let tools = try await tools(withEngine: true)
        let root = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let models = try Peers.run(root.appending(path: "scripts/test-models.sh").path, [])
        try #require(models.status == 0, "\(models.text)")
        let model = models.output.trimmingCharacters(in: .whitespacesAndNewlines) + "/smollm2-hf"
        let conversion = try conversion(tools, model)
        let plan = try conversion.plan(to: "Q4_K_M")
        let steps = Mutex<[Conversion.Progress]>([])
        try await conversion.run(to: "Q4_K_M") { step in steps.withLock { $0.append(step) } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/out") == ["model.gguf"])
        let file = try MappedFile(path: conversion.output)
        #expect(file.length < plan.result.bytes && file.length > plan.result.bytes / 2, "\(file.length) of \(plan.result)")
        let header = try GGUFHeader(file)
        let facts = try ModelFacts(header, in: file)
        #expect(facts.architecture == "llama" && header.tensors.count == 272)
        try ModelScreen(format: .gguf, files: [.init(path: SafePath(untrusted: "model.gguf"), role: .weights, source: file)]).check()
        #expect(steps.withLock { steps in steps.contains { if case .quantizing = $0 { true } else { false } } })
        #expect(try await !answer(of: conversion, tools).isEmpty)
        // Its own answers are no measure of a quantised model so small; those of 16 bits are right or the conversion is wrong.
        try await conversion.run(to: "F16") { _ in }
        #expect(try await answer(of: conversion, tools).contains("Paris"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/out") == ["model.gguf"], "it was replaced")
    }

    /// Always of the likeliest words: what comes out wrong is no matter of luck.
    private func answer(of conversion: Conversion, _ tools: Tools) async throws -> String {
        let greedy = try JSONDecoder().decode(ModelInfo.Sampling.self, from: Data(#"{"temperature": 0}"#.utf8))
        let llama = try #require(tools.llama)
        let launch = LaunchPlan(
            model: conversion.output, alias: "converted", options: ContextOptions(context: 256), threads: 1, reasons: [])
        let question = [ChatMessage(.user, "What is the capital of France?")]
        return try await EngineServer(LlamaCPP(llama), host: tools.host).run(launch) { session in
            var text = ""
            for try await part in try await session.client.chat(question, limit: 30, sampling: greedy) {
                if case .text(let piece) = part { text += piece }
            }
            return text
        }
    }

    @Test func aKindOfModelThatTheRealConverterDoesNotKnowIsSaid() async throws {
        let tools = try await tools(withEngine: false)
        let model = TemporaryFolder.path + "/model"
        try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
        try Data(#"{"architectures": ["NonesuchForCausalLM"], "model_type": "nonesuch"}"#.utf8).write(
            to: URL(filePath: model + "/config.json"))
        try Data([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8)).write(to: URL(filePath: model + "/model.safetensors"))
        let conversion = try conversion(tools, model)
        let failure = await #expect(throws: Failure.self) { try await conversion.run(to: "Q8_0") { _ in } }
        #expect(failure?.code == .conversionFailed && failure?.message.contains("NonesuchForCausalLM") == true, "\(failure?.message ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/out").isEmpty)
    }
}
