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
        var llama: EngineManifest
        var torch: EngineManifest
        var converter: ConverterTools
        var host: EngineHost
    }

    private func tools() async throws -> Tools {
        var environment = ProcessInfo.processInfo.environment
        environment["HOMEWISE_HOME"] = TemporaryFolder.path + "/home"
        environment["HOMEWISE_STATE"] = TemporaryFolder.path + "/state"
        let world = try World(environment: environment, executable: Products.homewise)
        return try await HomeWise.open(world) { house in
            let torch = TorchEnvironment(host: house.engineHost, cache: world.cache, machine: .init(system: .linux, hasCUDA: false))
            return try await Tools(
                llama: house.installEngine { _ in }, torch: torch.install(torch.plan()) { _ in }, converter: house.converterTools { _ in },
                host: house.engineHost)
        }
    }

    private func conversion(_ tools: Tools, _ model: String) throws -> Conversion {
        let folder = TemporaryFolder.path + "/out"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let quantizer = try #require(tools.llama.tool("llama-quantize"))
        return Conversion(
            host: tools.host, torch: tools.torch, tools: tools.converter, quantizer: quantizer, model: model,
            output: folder + "/model.gguf",
            threads: 2)
    }

    @Test func aModelOfSafetensorsBecomesOneThatLlamaCppAnswersWith() async throws {
        let tools = try await tools()
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
        let launch = LaunchPlan(
            model: conversion.output, alias: "converted", options: ContextOptions(context: 256), threads: 1, reasons: [])
        let text = try await EngineServer(LlamaCPP(tools.llama), host: tools.host).run(launch) { session in
            var text = ""
            for try await part in try await session.client.chat([ChatMessage(.user, "What is the capital of France?")], limit: 30) {
                if case .text(let piece) = part { text += piece }
            }
            return text
        }
        #expect(text.contains("Paris"), "\(text)")
    }

    @Test func aKindOfModelThatTheRealConverterDoesNotKnowIsSaid() async throws {
        let tools = try await tools()
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
