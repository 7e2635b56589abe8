// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Measures with llama.cpp's own `llama-bench`: the kernels that will run the models.
package struct LlamaBench: Sendable {
    private let program: String
    private let host: EngineHost

    /// - Returns: `nil` where this engine does not bring the tool.
    package init?(manifest: EngineManifest, host: EngineHost) {
        guard let program = manifest.tool("llama-bench") else { return nil }
        self.program = program
        self.host = host
    }

    /// The runs of one test with one number of threads.
    package struct Runs: Sendable, Equatable {
        package var threads: Int
        package var isPrompt: Bool
        /// Of each repetition.
        package var tokensPerSecond: [Double]

        package var median: Double { tokensPerSecond.sorted()[tokensPerSecond.count / 2] }
        /// How far the middle half of the repetitions lies apart, as a share of the median.
        package var spread: Double {
            let sorted = tokensPerSecond.sorted()
            return (sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]) / max(median, 1e-9)
        }
    }

    /// - Parameters:
    ///   - prompt: tokens to read, 0 for none.
    ///   - generate: tokens to write.
    package func run(
        _ path: String, threads: [Int], prompt: Int, generate: Int, repetitions: Int, within limit: Duration = .seconds(120)
    ) async throws -> [Runs] {
        let arguments = [
            "-m", path, "-t", threads.map(String.init).joined(separator: ","), "-p", "\(prompt)", "-n", "\(generate)", "-r",
            "\(repetitions)",
            "-o", "jsonl", "-ngl", "0",
        ]
        let (exit, lines) = try await host.tool(program, arguments, adding: ["GGML_NO_BACKTRACE": "1"]).run(within: limit)
        guard let exit else { throw Failure.engineRefused(status: 0, "it did not finish measuring within \(limit.components.seconds) s") }
        let runs = lines.compactMap(Self.runs)
        guard exit.isSuccess, !runs.isEmpty else {
            throw Failure.engineRefused(status: 0, "it cannot measure (\(exit.sentence)): \(lines.last ?? "it gave no reason")")
        }
        return runs
    }

    static func runs(_ line: String) -> Runs? {
        struct Line: Decodable {
            let n_threads: Int
            let n_gen: Int
            let samples_ts: [Double]
        }
        guard line.hasPrefix("{"), let found = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)), !found.samples_ts.isEmpty else {
            return nil
        }
        return Runs(threads: found.n_threads, isPrompt: found.n_gen == 0, tokensPerSecond: found.samples_ts)
    }
}
