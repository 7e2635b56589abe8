// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// The planned private memory beside that of a really running engine after a long prompt.
struct RunningBench {
    let server: String
    /// Real models beside the synthetic ones.
    let files: [String]

    private static var models: [(String, SyntheticModel)] {
        let chosen = ["Llama 3.2 1B", "Qwen3 0.6B", "Gemma 3 1B", "LFM2 1.2B"]
        return MemoryBench.models.filter { chosen.contains($0.0) }.map { name, model in
            var model = model
            model.hasTokens = true
            return (name, model)
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
        var errors: [Double] = []
        for (name, path) in try files.map({ (($0 as NSString).lastPathComponent, $0) }) + synthetic(folder) {
            for repacks in [true, false] {
                errors.append(try await compare(name, path, manifest, host, repacks: repacks))
            }
        }
        print(
            "runs \(errors.count): median error \(MemoryBench.percent(MemoryBench.median(errors))), worst \(MemoryBench.percent(errors.max() ?? 0))"
        )
    }

    private func synthetic(_ folder: String) throws -> [(String, String)] {
        try Self.models.map { name, model in
            let (bytes, length) = model.draft().header()
            let path = "\(folder)/\(name.replacingOccurrences(of: " ", with: "-")).gguf"
            try SparseFile.write(bytes, length: length, to: path)
            return (name, path)
        }
    }

    private func compare(_ name: String, _ path: String, _ manifest: EngineManifest, _ host: EngineHost, repacks: Bool) async throws
        -> Double
    {
        let options = ContextOptions(context: 4096)
        let source = try MappedFile(path: path)
        let header = try GGUFHeader(source)
        let bytes = try source.withBytes(0..<header.dataOffset) { [UInt8]($0) }
        let prefix = BytePrefix(bytes, length: source.length)
        let facts = try ModelFacts(header, in: prefix)
        guard let fit = LlamaFit(manifest: manifest, host: host) else { throw Failure.engineMissing("llama.cpp") }
        var planned = try await LayoutInquiry(tool: fit, folder: host.runFolder).estimate(header, facts, prefix, options)
        if !repacks { planned.repacked = ByteCount(0) }
        var plan = LaunchPlan(
            model: path, alias: "bench", options: options, threads: max(1, Int(MachineProbe().cpu().usableCores)), reasons: [],
            isRepacking: repacks)
        plan.task = .completion
        let seen = try await EngineServer(LlamaCPP(manifest), host: host).run(plan) { session in
            let prompt = String(repeating: "one two three ", count: 120)
            for try await _ in try await session.client.complete(prompt, limit: 4) {}
            return ProcessMemory(pid: session.pid)?.anonymous.bytes ?? 0
        }
        let error = Double(planned.privateTotal.bytes) / Double(max(seen, 1)) - 1
        let title = "\(name)\(repacks ? "" : ", not rewritten")".padding(toLength: 52, withPad: " ", startingAt: 0)
        print("\(title) planned \(planned.privateTotal), seen \(ByteCount(seen)), \(MemoryBench.percent(error))")
        return abs(error)
    }
}
