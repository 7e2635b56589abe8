// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// Calibrates, predicts the pace of models that calibration did not use, and measures them, all in one run.
struct SpeedBench {
    let server: String
    /// Real models beside the synthetic ones.
    let files: [String]

    struct Row {
        var name: String
        var path: String
        var facts: ModelFacts
    }

    private static var models: [(String, SyntheticModel)] {
        func model(
            _ a: SyntheticModel.Architecture, _ l: Int, _ e: Int, _ f: Int, _ h: Int, _ k: Int, _ s: Int, _ v: Int, _ t: String,
            _ et: String
        )
            -> SyntheticModel
        {
            var model = SyntheticModel(
                a, layers: l, embedding: e, feedForward: f, heads: h, kvHeads: k, headSize: s, vocabulary: v, type: MemoryBench.type(t),
                embeddingType: MemoryBench.type(et))
            model.hasOutput = false
            return model
        }
        return [
            ("Qwen3 0.6B Q8_0", model(.qwen3, 28, 1024, 3072, 16, 8, 128, 151_936, "Q8_0", "Q8_0")),
            ("Qwen3 0.6B Q4_K", model(.qwen3, 28, 1024, 3072, 16, 8, 128, 151_936, "Q4_K", "Q6_K")),
            ("Llama 3.2 1B Q4_K", model(.llama, 16, 2048, 8192, 32, 8, 64, 128_256, "Q4_K", "Q6_K")),
            ("Llama 3.2 1B Q4_0", model(.llama, 16, 2048, 8192, 32, 8, 64, 128_256, "Q4_0", "Q8_0")),
            ("Qwen3 1.7B Q6_K", model(.qwen3, 28, 2048, 6144, 16, 8, 128, 151_936, "Q6_K", "Q6_K")),
            ("Llama 3.2 3B Q4_K", model(.llama, 28, 3072, 8192, 24, 8, 128, 128_256, "Q4_K", "Q6_K")),
            ("0.3B F16", model(.llama, 24, 960, 2560, 15, 5, 64, 49_152, "F16", "F16")),
            ("SmolLM2 135M Q4_1", model(.llama, 30, 576, 1536, 9, 3, 64, 49_152, "Q4_1", "Q8_0")),
            ("1.2B Q5_K", model(.llama, 24, 2048, 5632, 16, 4, 128, 100_352, "Q5_K", "Q6_K")),
        ]
    }

    func run() async throws {
        let folder = NSTemporaryDirectory() + "homewise-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let host = EngineHost(
            guardProgram: URL(filePath: CommandLine.arguments[0]).path, runFolder: folder, logFolder: folder,
            environment: ProcessInfo.processInfo.environment)
        let manifest = EngineManifest(engine: "llama.cpp", version: "", origin: .found, server: server)
        guard let bench = LlamaBench(manifest: manifest, host: host) else { throw Failure.engineMissing("llama.cpp") }
        let machine = MachineProbe().capabilities(store: folder)
        let threads = max(1, Int(machine.cpu.usableCores))
        let calibration = try await Calibrator(bench: bench, folder: folder, threads: [threads]).run(engine: "", processor: "") { _, _, _ in
        }
        let model = SpeedModel(machine: machine, calibration: calibration, threads: threads)
        var errors: [Double] = []
        for (name, make) in try rows(folder) {
            let row = try make()
            let predicted = model.estimate(row.facts)
            let runs = try await bench.run(row.path, threads: [threads], prompt: 0, generate: 24, repetitions: 5, within: .seconds(300))
            if row.path.hasPrefix(folder) { unlink(row.path) }
            guard let measured = runs.first?.median else { continue }
            let error = predicted.tokensPerSecond / measured - 1
            errors.append(abs(error))
            let title = name.padding(toLength: 24, withPad: " ", startingAt: 0)
            print(
                "\(title) predicted \(predicted.tokensPerSecond.rounded(toPlaces: 1)), measured \(measured.rounded(toPlaces: 1)) tokens/s, \(MemoryBench.percent(error))"
            )
        }
        print(
            "models \(errors.count): median error \(MemoryBench.percent(MemoryBench.median(errors))), worst \(MemoryBench.percent(errors.max() ?? 0))"
        )
    }

    private func rows(_ folder: String) throws -> [(String, () throws -> Row)] {
        let synthetic = Self.models.map { name, model in
            (
                name,
                { () throws -> Row in
                    let (bytes, length) = model.draft().header()
                    let path = "\(folder)/model.gguf"
                    try SparseFile.write(bytes, length: length, to: path)
                    let source = BytePrefix(bytes, length: length)
                    return try Row(name: name, path: path, facts: ModelFacts(GGUFHeader(source), in: source))
                }
            )
        }
        let real = files.map { path in
            (
                (path as NSString).lastPathComponent,
                { () throws -> Row in
                    let source = try MappedFile(path: path)
                    return try Row(name: path, path: path, facts: ModelFacts(GGUFHeader(source), in: source))
                }
            )
        }
        return synthetic + real
    }
}
