// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Makes a GGUF file of a folder with safetensors, by llama.cpp's own tools. It leaves a whole file or nothing.
package struct Conversion: Sendable {
    package var host: EngineHost
    /// The PyTorch engine: the converter runs in its environment.
    package var torch: EngineManifest
    package var tools: ConverterTools
    /// llama-quantize of the llama.cpp engine.
    package var quantizer: String
    /// Folder with the model's files under their real names; it is only read.
    package var model: String
    /// The file that is made; one that is there is replaced at the end.
    package var output: String
    package var threads: Int

    package enum Progress: Sendable, Equatable {
        /// Reading the model; nothing is written yet.
        case reading
        /// Bytes that are written, and about how many there will be.
        case converting(ByteCount, of: ByteCount)
        case quantizing(ByteCount, of: ByteCount)
    }

    package init(
        host: EngineHost, torch: EngineManifest, tools: ConverterTools, quantizer: String, model: String, output: String, threads: Int
    ) {
        self.host = host
        self.torch = torch
        self.tools = tools
        self.quantizer = quantizer
        self.model = model
        self.output = output
        self.threads = threads
    }

    /// What it would take.
    ///
    /// - Throws: `Failure.nothingToConvert`, `Failure.badInput` for a type that is not offered.
    package func plan(to quantization: String) throws -> ConversionPlan {
        let names = try files()
        let weights = try names.filter { $0.hasSuffix(".safetensors") }.reduce(Int64(0)) { $0 + (try size("\(model)/\($1)")) }
        guard weights > 0 else { throw Failure.nothingToConvert(model, "it has no safetensors, and pickles are not converted") }
        struct Config: Decodable {
            var dtype: String?
            var torch_dtype: String?
        }
        guard names.contains("config.json"), let data = FileManager.default.contents(atPath: model + "/config.json") else {
            throw Failure.nothingToConvert(model, "it has no config.json")
        }
        let config: Config
        do { config = try JSONDecoder().decode(Config.self, from: data) } catch {
            throw Failure.nothingToConvert(model, "its config.json cannot be read")
        }
        return try ConversionPlan(quantization: quantization, weights: ByteCount(weights), dtype: config.dtype ?? config.torch_dtype)
    }

    /// - Throws: `Failure.diskTooSmall` before anything is written, `Failure.conversionStopped` with the reason, else
    ///   `Failure.conversionFailed` with the end of the log.
    package func run(to quantization: String, report: @escaping @Sendable (Progress) -> Void) async throws {
        let plan = try plan(to: quantization)
        guard tools.isWhole else { throw Failure.environmentGone(tools.folder) }
        let parent = (output as NSString).deletingLastPathComponent
        let free = try FileManager.default.attributesOfFileSystem(forPath: parent)[.systemFreeSize] as? NSNumber
        if let free, free.int64Value < plan.space.bytes {
            throw Failure.diskTooSmall(path: parent, needed: plan.space, free: ByteCount(free.int64Value))
        }
        let work = output + ".converting-" + String(UInt32.random(in: .min ... .max), radix: 36)
        defer {
            // What stays behind is named by its ending, and the next sweep of temporary files takes it.
            try? FileManager.default.removeItem(atPath: work)
        }
        try show(in: work + "/model")
        let made = try await steps(plan, work, report)
        guard rename(made, output) == 0 else { throw Failure.cannotWrite(path: output, errno: errno) }
    }

    private func steps(_ plan: ConversionPlan, _ work: String, _ report: @escaping @Sendable (Progress) -> Void) async throws -> String {
        report(.reading)
        let first = work + "/first.gguf"
        let arguments = [
            "convert", "--source", tools.folder, "--model", work + "/model", "--outfile", first, "--outtype", plan.firstType,
        ]
        let expected = plan.isOneStep ? plan.result : plan.intermediate
        try await step("convert", torch.server, arguments, with: TorchEnvironment.readable(torch), writing: first, work) {
            report(.converting($0, of: expected))
        }
        guard !plan.isOneStep else { return first }
        let last = work + "/last.gguf"
        try await step("quantize", quantizer, [first, last, plan.quantization, "\(threads)"], writing: last, work) {
            report(.quantizing($0, of: plan.result))
        }
        return last
    }

    private func step(
        _ name: String, _ program: String, _ arguments: [String], with libraries: [String] = [], writing file: String, _ work: String,
        report: @escaping @Sendable (ByteCount) -> Void
    ) async throws {
        let logFile = "\(host.logFolder)/conversion-\(name).log"
        let log = LogTail(path: logFile)
        let process = host.tool(program, arguments, adding: ["TMPDIR": work], libraries: libraries, output: work)
        let exit = try await process.run(log: log) { child in
            while true {
                if let ending = await child.ending { return ending }
                try await Task.sleep(for: .milliseconds(200))
                // Not there yet: it still reads.
                if let bytes = try? size(file), bytes > 0 { report(ByteCount(bytes)) }
            }
        }
        await log.untilWhole()
        let isThere = access(file, R_OK) == 0
        guard !exit.isSuccess || !isThere else { return }
        if let complaint = ConversionPlan.complaint(in: log.last(LogTail.ordinaryLines)) {
            throw Failure.conversionStopped(complaint, path: work)
        }
        throw Failure.conversionFailed(step: name, status: exit.sentence, tail: log.last(12), log: logFile)
    }

    /// The converter gets to see data alone: no program of the model's is in this folder, and no pickle.
    private func show(in folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for name in try files() {
                try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: "\(model)/\(name)")
            }
            // How an embedder's vectors are made of its words' stands a folder below.
            let pooling = "1_Pooling/config.json"
            guard FileManager.default.fileExists(atPath: "\(model)/\(pooling)") else { return }
            try FileManager.default.createDirectory(atPath: folder + "/1_Pooling", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(pooling)", withDestinationPath: "\(model)/\(pooling)")
        } catch let failure as Failure { throw failure } catch { throw Failure.cannotWrite(path: folder, error: error) }
    }

    private static let endings = [".safetensors", ".json", ".txt", ".model", ".jinja", ".vocab", ".tiktoken"]

    private func files() throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: model).filter { name in
                !name.hasPrefix(".") && Self.endings.contains { name.hasSuffix($0) }
            }.sorted()
        } catch { throw Failure.nothingToConvert(model, "it cannot be read") }
    }

    private func size(_ path: String) throws -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure.unreadable(path: path, reason: String(cString: strerror(errno))) }
        return Int64(status.st_size)
    }
}
