// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting

@testable import HomeWiseDomain
@testable import HomeWiseEngines

/// A server whose engine misbehaves as it is ordered to, in the test's folder.
struct FakeServer {
    var server: EngineServer

    init(isSandboxed: Bool = true, environment: [String: String] = [:]) throws {
        let path = TemporaryFolder.path
        for folder in ["run", "logs", "models"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: path + "/run", logFolder: path + "/logs",
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, isSandboxed: isSandboxed)
        server = EngineServer(
            LlamaCPP(EngineManifest(engine: "llama.cpp", version: "fake", origin: .found, server: Products.fakeEngine)), host: host)
    }

    func plan(_ orders: String) throws -> LaunchPlan {
        let path = TemporaryFolder.path + "/models/model.gguf"
        try Data(orders.utf8).write(to: URL(filePath: path))
        return LaunchPlan(model: path, alias: "model", options: ContextOptions(context: 64), threads: 1, reasons: [])
    }

    /// Starts it, asks once, and gives the parts of the answer.
    func ask(_ orders: String) async throws -> [AnswerPart] {
        try await server.run(plan(orders)) { session in
            var parts: [AnswerPart] = []
            do {
                for try await part in try await session.client.chat([ChatMessage(.user, "hi")]) { parts.append(part) }
            } catch { throw await session.explain(error) }
            return parts
        }
    }

    func text(_ orders: String) async throws -> String {
        try await ask(orders).reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    /// The failure that asking ends with.
    func failure(_ orders: String) async -> Failure? {
        do { _ = try await ask(orders) } catch { return error as? Failure }
        return nil
    }
}

extension LaunchPlan {
    func fit() -> Fit {
        let model = ModelInfo(name: "m", type: .gguf, size: ByteCount(1), tier: .compact)
        let variant = ModelVariant(quantization: "Q4_1", size: ByteCount(1), sources: [])
        let cpu = SystemCapabilities.CPU(architecture: "x86_64", logicalCores: 1)
        return Fit(
            model: model, variant: variant, facts: model.facts(variant), options: options,
            memory: MemoryEstimate(model.facts(variant), file: variant.size, options, cpu: cpu),
            speed: SpeedEstimate(tokensPerSecond: 1, basis: .assumed), isInstalled: true)
    }
}
