// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Measures the engine's kernels with models that are written on the spot and removed again.
package struct Calibrator: Sendable {
    package var bench: LlamaBench
    /// Where the models are written; they are some hundred megabytes of zeros, as holes.
    package var folder: String
    package var threads: [Int]
    /// No further type is begun after this; one is always measured.
    package var budget: Duration

    package init(bench: LlamaBench, folder: String, threads: [Int], budget: Duration = .seconds(50)) {
        self.bench = bench
        self.folder = folder
        self.threads = threads
        self.budget = budget
    }

    /// One type after the other, the commonest first.
    ///
    /// - Parameter report: the type being measured, and how many of how many are done.
    package func run(engine: String, processor: String, report: @Sendable (String, Int, Int) -> Void) async throws -> Calibration {
        SparseFile.sweep(folder)
        let start = ContinuousClock.now
        let tiny = try await measure(CalibrationFit.tiny, prompt: 0, generate: 128)
        let layers = Double(CalibrationFit.tiny.layers)
        let pairs = tiny.filter { !$0.isPrompt }.map { ($0.threads, 1 / $0.median / layers) }
        var calibration = Calibration(
            engine: engine, processor: processor, kernels: [], layerSeconds: Dictionary(pairs) { first, _ in first }, spread: 0)
        var spreads: [Double] = []
        for (index, name) in CalibrationFit.types.enumerated() {
            guard index == 0 || start.duration(to: .now) < budget, let type = GGMLType.named(name) else { break }
            report(name, index, CalibrationFit.types.count)
            let (kernels, spread) = try await kernels(type, calibration)
            calibration.kernels += kernels
            spreads += spread
        }
        calibration.spread = spreads.isEmpty ? 0 : spreads.sorted()[spreads.count / 2]
        return calibration
    }

    private func kernels(_ type: GGMLType, _ calibration: Calibration) async throws -> ([Calibration.Kernel], [Double]) {
        let wide = try await measure(CalibrationFit.wide(type), prompt: 32, generate: 24)
        let narrow = try await measure(CalibrationFit.narrow(type), prompt: 0, generate: 24)
        let kernels = threads.compactMap { count -> Calibration.Kernel? in
            guard let wideRuns = wide.first(where: { $0.threads == count && !$0.isPrompt }),
                let prompts = wide.first(where: { $0.threads == count && $0.isPrompt }),
                let narrowRuns = narrow.first(where: { $0.threads == count && !$0.isPrompt })
            else { return nil }
            return CalibrationFit.kernel(
                type, threads: count, wideSeconds: 1 / wideRuns.median, narrowSeconds: 1 / narrowRuns.median,
                layerSeconds: calibration.layerSeconds[count] ?? 0, promptSeconds: 1 / prompts.median)
        }
        return (kernels, (wide + narrow).filter { !$0.isPrompt }.map(\.spread))
    }

    /// A machine on which one small model takes longer is too slow to be measured in the time that was given.
    private var limit: Duration { max(.seconds(60), budget) }

    /// Repetitions lie apart by more than this where something else was running: then they are repeated once.
    private static let stable = 0.1

    private func measure(_ model: SyntheticModel, prompt: Int, generate: Int) async throws -> [LlamaBench.Runs] {
        let path = "\(folder)/calibration-\(UInt32.random(in: .min ... .max)).gguf"
        let (header, length) = model.draft().header()
        try SparseFile.write(header, length: length, to: path)
        defer { unlink(path) }
        let first = try await bench.run(path, threads: threads, prompt: prompt, generate: generate, repetitions: 4, within: limit)
        guard first.contains(where: { $0.spread > Self.stable }) else { return first }
        let second = try await bench.run(path, threads: threads, prompt: prompt, generate: generate, repetitions: 4, within: limit)
        return first.map { runs in
            var all = runs
            all.tokensPerSecond += second.first { $0.threads == runs.threads && $0.isPrompt == runs.isPrompt }?.tokensPerSecond ?? []
            return all
        }
    }
}
