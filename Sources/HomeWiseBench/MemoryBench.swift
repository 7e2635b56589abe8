// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines

/// Our figures for memory beside the engine's, over architectures, sizes, contexts and kinds of cache.
struct MemoryBench {
    let server: String

    struct Row {
        var name: String
        var model: SyntheticModel
        var options: ContextOptions
    }

    static func type(_ name: String) -> GGMLType { GGMLType.named(name)! }

    /// Shapes of well-known models.
    static var models: [(String, SyntheticModel)] {
        let (q4, q6, q8, q40) = (type("Q4_K"), type("Q6_K"), type("Q8_0"), type("Q4_0"))
        func model(
            _ a: SyntheticModel.Architecture, _ l: Int, _ e: Int, _ f: Int, _ h: Int, _ k: Int, _ s: Int, _ v: Int, _ t: GGMLType,
            _ et: GGMLType, tied: Bool = false
        ) -> SyntheticModel {
            var model = SyntheticModel(
                a, layers: l, embedding: e, feedForward: f, heads: h, kvHeads: k, headSize: s, vocabulary: v, type: t, embeddingType: et)
            model.hasOutput = !tied
            return model
        }
        var gemma1 = model(.gemma3, 26, 1152, 6912, 4, 1, 256, 262_144, q40, q8, tied: true)
        gemma1.slidingWindow = 512
        var gemma4 = model(.gemma3, 34, 2560, 10_240, 8, 4, 256, 262_144, q4, q6, tied: true)
        gemma4.slidingWindow = 1024
        var moe = model(.qwen3moe, 48, 2048, 6144, 32, 4, 128, 151_936, q4, q6)
        moe.experts = .init(count: 128, used: 8, feedForward: 768)
        var latent = model(.deepseek2, 27, 2048, 10_944, 16, 1, 192, 102_400, q8, q8)
        latent.latent = .init(rank: 512, rotary: 64)
        latent.experts = .init(count: 64, used: 6, shared: 2, feedForward: 1408)
        var mamba = model(.mamba2, 48, 2048, 0, 0, 0, 0, 50_288, q8, q8, tied: true)
        mamba.recurrent = .init(convolution: 4, inner: 4096, state: 128, groups: 1, timeStepRank: 64)
        var lfm = model(.lfm2, 16, 2048, 8192, 32, 8, 64, 65_536, q4, q6, tied: true)
        (lfm.recurrent, lfm.attentionLayers) = (.init(convolution: 3, inner: 2048, state: 0), [2, 5, 8, 10, 12, 14])
        var granite = model(.granitehybrid, 40, 2048, 8192, 32, 8, 64, 100_352, q4, q6, tied: true)
        granite.recurrent = .init(convolution: 4, inner: 4096, state: 128, groups: 1, timeStepRank: 64)
        granite.attentionLayers = [5, 15, 25, 35]
        return [
            ("SmolLM2 135M", model(.llama, 30, 576, 1536, 9, 3, 64, 49_152, type("Q4_1"), q8, tied: true)),
            ("Llama 3.2 1B", model(.llama, 16, 2048, 8192, 32, 8, 64, 128_256, q4, q6, tied: true)),
            ("Llama 3.1 8B", model(.llama, 32, 4096, 14_336, 32, 8, 128, 128_256, q4, q6)),
            ("Llama 70B", model(.llama, 80, 8192, 28_672, 64, 8, 128, 128_256, q4, q6)),
            ("Mistral 7B", model(.llama, 32, 4096, 14_336, 32, 8, 128, 32_768, q6, q6)),
            ("Qwen3 0.6B", model(.qwen3, 28, 1024, 3072, 16, 8, 128, 151_936, q8, q8, tied: true)),
            ("Qwen3 4B", model(.qwen3, 36, 2560, 9728, 32, 8, 128, 151_936, q4, q6, tied: true)),
            ("Qwen3 14B", model(.qwen3, 40, 5120, 17_408, 40, 8, 128, 151_936, q4, q6)),
            ("Gemma 3 1B", gemma1), ("Gemma 3 4B", gemma4), ("Qwen3 30B-A3B", moe), ("DeepSeek lite", latent),
            ("Mamba2 1.3B", mamba), ("LFM2 1.2B", lfm), ("Granite 4 hybrid", granite),
        ]
    }

    static var rows: [Row] {
        models.flatMap { name, model in
            [
                ContextOptions(context: 4096), ContextOptions(context: 32_768),
                ContextOptions(context: 16_384, keyType: .q8, valueType: .q8),
            ].map { Row(name: name, model: model, options: $0) }
        }
    }

    func run() async throws {
        let folder = NSTemporaryDirectory() + "homewise-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let host = EngineHost(
            guardProgram: URL(filePath: CommandLine.arguments[0]).path, runFolder: folder, logFolder: folder,
            environment: ProcessInfo.processInfo.environment)
        guard let fit = LlamaFit(manifest: EngineManifest(engine: "llama.cpp", version: "", origin: .found, server: server), host: host)
        else {
            throw Failure.engineMissing("llama.cpp")
        }

        var errors: [Double] = []
        var cacheErrors: [Double] = []
        for row in Self.rows {
            let (engine, ours) = try await figures(row, fit, folder)
            let error = abs(Double(ours.total) / Double(engine.total) - 1)
            errors.append(error)
            cacheErrors.append(abs(Double(ours.context) / Double(max(engine.context, 1)) - 1))
            Self.show(row, engine, ours, error)
        }
        print("combinations \(errors.count): median error \(Self.percent(Self.median(errors))), worst \(Self.percent(errors.max() ?? 0))")
        print("cache alone: median error \(Self.percent(Self.median(cacheErrors))), worst \(Self.percent(cacheErrors.max() ?? 0))")
    }

    struct Figures {
        var model: Int64
        var context: Int64
        var compute: Int64
        var total: Int64 { model + context + compute }
    }

    /// The engine's tool lays out a batch whose every token's scores are wanted, and so do we here.
    private func figures(_ row: Row, _ fit: LlamaFit, _ folder: String) async throws -> (Figures, Figures) {
        let (bytes, length) = row.model.draft().header()
        let path = folder + "/model.gguf"
        try SparseFile.write(bytes, length: length, to: path)
        let devices = try await fit.devices(path, row.options, repacking: false)
        let source = BytePrefix(bytes, length: length)
        let facts = try ModelFacts(GGUFHeader(source), in: source)
        let footprint = EngineFootprint(facts, row.options)
        return (
            Figures(
                model: devices.map(\.model).reduce(0, +), context: devices.map(\.context).reduce(0, +),
                compute: devices.map(\.compute).reduce(0, +)),
            Figures(
                model: facts.weights?.totalBytes ?? 0, context: Int64(footprint.cache),
                compute: Int64(footprint.compute(outputs: row.options.batch)))
        )
    }

    private static func show(_ row: Row, _ engine: Figures, _ ours: Figures, _ error: Double) {
        func text(_ figures: Figures) -> String {
            "\(figures.model >> 20) + \(figures.context >> 20) + \(figures.compute >> 20)"
        }
        let name = row.name.padding(toLength: 18, withPad: " ", startingAt: 0)
        print(
            "\(name) context \(row.options.context) \(row.options.keyType.rawValue): engine \(text(engine)), ours \(text(ours)) MiB, \(percent(error))"
        )
    }

    static func percent(_ share: Double) -> String { "\((share * 100).rounded(toPlaces: 1)) %" }
    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
