// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine

/// From nothing to the first token: as we start an engine, as llama-server starts when nobody plans for it, and from a killed engine to
/// the next answer. Pairs in turn, medians of their ratios.
struct StartBench {
    let server: String
    let file: String
    let pairs: Int

    /// llama-server with nothing but the model and where to listen.
    private struct AsItComes: Engine {
        static let formats: Set<ModelFormat> = [.gguf]
        let manifest: EngineManifest
        let isGoverned = false
        let libraries: [String] = []
        func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand {
            EngineCommand(program: manifest.server, arguments: ["--model", plan.model, "--host", socket, "--no-ui"])
        }
    }

    func run() async throws {
        let folder = NSTemporaryDirectory() + "homewise-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let host = EngineHost(
            guardProgram: URL(filePath: CommandLine.arguments[0]).path, runFolder: folder, logFolder: folder,
            environment: ProcessInfo.processInfo.environment)
        let manifest = EngineManifest(engine: "llama.cpp", version: "", origin: .found, server: server)
        var plan = LaunchPlan(
            model: file, alias: "bench", options: ContextOptions(context: 4096), threads: max(1, Int(MachineProbe().cpu().usableCores)),
            reasons: [])
        plan.task = .completion
        let (ours, theirs) = (EngineServer(LlamaCPP(manifest), host: host), EngineServer(AsItComes(manifest: manifest), host: host))
        // Both find the file in memory.
        _ = try await (start(ours, plan), start(theirs, plan))
        var (starts, recoveries) = ([Double](), [Double]())
        for pair in 1...pairs {
            let (theirs, ours, again) = try await (start(theirs, plan), start(ours, plan), recovery(ours, plan))
            starts.append(ours / theirs)
            recoveries.append(again / ours)
            print(
                "pair \(pair): as it comes \(Self.text(theirs)), as we start it \(Self.text(ours)), after a kill \(Self.text(again)) s")
        }
        print("cold start to first token, ours by theirs: \(Self.text(MemoryBench.median(starts))) (wanted: at most 0.65)")
        print("killed engine to next answer, by a cold start: \(Self.text(MemoryBench.median(recoveries))) (wanted: at most 1.2)")
    }

    /// Seconds to the first token: ready means that one was written.
    private func start(_ server: EngineServer, _ plan: LaunchPlan) async throws -> Double {
        let begin = ContinuousClock.now
        return try await server.run(plan) { _ in begin.duration(to: .now) / .seconds(1) }
    }

    /// Seconds from the kill of a running engine to the first token of the next question.
    private func recovery(_ server: EngineServer, _ plan: LaunchPlan) async throws -> Double {
        let supervisor = try Supervisor(server: server, order: .init(plan: plan, fit: fit(plan)), recover: { $1 })
        return try await supervisor.run { supervisor in
            let pid = try await supervisor.seat().session.pid
            let begin = ContinuousClock.now
            kill(pid, SIGKILL)
            while true {
                let seat = try await supervisor.seat()
                if seat.session.pid == pid {
                    try await Task.sleep(for: .milliseconds(1))
                    continue
                }
                for try await _ in try await seat.session.client.complete("Hi", limit: 1) { break }
                return begin.duration(to: .now) / .seconds(1)
            }
        }
    }

    private func fit(_ plan: LaunchPlan) throws -> Fit {
        let entry = #"""
            {"name": "bench", "type": "gguf", "size": "1MB", "tier": "Compact", "capabilities": ["completion"],
             "variants": [{"quantization": "Q4_1", "size": 1000000, "sources": []}]}
            """#
        let model = try JSONDecoder().decode(ModelInfo.self, from: Data(entry.utf8))
        guard let variant = model.variants?.first else { throw Failure.badInput("The entry has no file.", remedy: "Mend this bench.") }
        let facts = model.facts(variant)
        return Fit(
            model: model, variant: variant, facts: facts, options: plan.options,
            memory: MemoryEstimate(facts, file: variant.size, plan.options, cpu: MachineProbe().cpu()),
            speed: SpeedEstimate(tokensPerSecond: 1, basis: .assumed), isInstalled: true)
    }

    private static func text(_ value: Double) -> String { value.rounded(toPlaces: 2) }
}
