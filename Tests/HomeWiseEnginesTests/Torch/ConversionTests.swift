// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseEngines

/// A conversion leaves a whole file or nothing, whatever its tools do.
@Suite(.temporaryFolder) struct ConversionTests {
    private func script(_ name: String, _ lines: String) throws -> String {
        let path = "\(TemporaryFolder.path)/\(name)"
        try Data("#!/bin/sh\n\(lines)\n".utf8).write(to: URL(filePath: path))
        chmod(path, 0o755)
        return path
    }

    /// Tools that do as told: `$file` is what they are to write.
    private func conversion(converter: String, quantizer: String = "exit 9") throws -> Conversion {
        let base = TemporaryFolder.path
        for folder in ["run", "logs", "model", "out"] + ConverterTools.parts.map({ "tools/" + $0 }) {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        try Data(#"{"dtype": "float32"}"#.utf8).write(to: URL(filePath: base + "/model/config.json"))
        for name in ["model.safetensors", "evil.py", "pytorch_model.bin", ".hidden.json"] {
            try Data(name.utf8).write(to: URL(filePath: "\(base)/model/\(name)"))
        }
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: base + "/run", logFolder: base + "/logs",
            environment: ProcessInfo.processInfo.environment)
        let server = try script("converter", #"file=$7; ls "$5" >'\#(base)/seen'; \#(converter)"#)
        return Conversion(
            host: host, torch: EngineManifest(engine: "pytorch", version: "1", origin: .environment, server: server),
            tools: ConverterTools(folder: base + "/tools"), quantizer: try script("quantizer", "file=$2; \(quantizer)"),
            model: base + "/model",
            output: base + "/out/m.gguf", threads: 1)
    }

    private var left: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/out") } }

    private func failure(_ conversion: Conversion, to type: String = "Q4_K_M") async -> Failure? {
        do { try await conversion.run(to: type) { _ in } } catch { return error as? Failure }
        return nil
    }

    @Test("B13 the converter gets to see data alone") func twoSteps() async throws {
        let steps = Mutex<[Conversion.Progress]>([])
        try await conversion(converter: #"echo 12345 >"$file"; sleep 0.5"#, quantizer: #"cat "$1" "$1" >"$file""#).run(to: "q4_k_m") {
            step in
            steps.withLock { $0.append(step) }
        }
        #expect(try left == ["m.gguf"])
        #expect(FileManager.default.contents(atPath: TemporaryFolder.path + "/out/m.gguf") == Data("12345\n12345\n".utf8))
        #expect(try String(contentsOfFile: TemporaryFolder.path + "/seen", encoding: .utf8) == "config.json\nmodel.safetensors\n")
        #expect(steps.withLock { $0.first } == .reading)
        #expect(
            steps.withLock { steps in steps.contains { if case .converting(let bytes, _) = $0 { bytes == ByteCount(6) } else { false } } })
    }

    @Test func whatIsUnsupportedIsSaidAndNothingIsLeft() async throws {
        let failure = try await failure(
            conversion(converter: "echo 'ERROR:hf-to-gguf:Model NonesuchForCausalLM is not supported' >&2; exit 1"))
        #expect(failure?.code == .conversionFailed && failure?.engineCause == .unsupportedModel)
        #expect(failure?.message.contains("NonesuchForCausalLM") == true)
        #expect(try left.isEmpty)
    }

    @Test func aDiskThatFillsUpLeavesNothing() async throws {
        let words = "OSError: [Errno 28] No space left on device"
        let failure = try await failure(conversion(converter: #"echo half >"$file"; echo '\#(words)' >&2; exit 1"#))
        #expect(failure?.code == .diskFull)
        #expect(try left.isEmpty)
    }

    @Test func tooLittleSpaceIsKnownBeforeAnythingIsWritten() async throws {
        let conversion = try conversion(converter: "exit 9")
        try #require(truncate(TemporaryFolder.path + "/model/model.safetensors", 1 << 43) == 0)
        #expect(await failure(conversion)?.code == .diskFull)
        #expect(!FileManager.default.fileExists(atPath: TemporaryFolder.path + "/seen"))
    }

    @Test func aFileThatIsThereStaysWhereTheQuantiserFails() async throws {
        let conversion = try conversion(converter: #"echo 1 >"$file""#, quantizer: #"echo half >"$file"; exit 3"#)
        try Data("before".utf8).write(to: URL(filePath: conversion.output))
        let failure = await failure(conversion)
        #expect(failure?.code == .conversionFailed && failure?.message.contains("quantize") == true)
        #expect(FileManager.default.contents(atPath: conversion.output) == Data("before".utf8))
        #expect(try left == ["m.gguf"])
    }

    @Test func aConverterThatWritesNothingIsNoSuccess() async throws {
        #expect(try await failure(conversion(converter: "exit 0"))?.code == .conversionFailed)
    }

    @Test func picklesAreNotConverted() async throws {
        let conversion = try conversion(converter: "exit 9")
        try FileManager.default.removeItem(atPath: TemporaryFolder.path + "/model/model.safetensors")
        #expect(await failure(conversion)?.message.contains("pickles") == true)
    }

    @Test func givingItUpEndsItsToolsAndLeavesNothing() async throws {
        let conversion = try conversion(converter: #"echo $$ >'\#(TemporaryFolder.path)/pid'; echo 1 >"$file"; exec sleep 60"#)
        let task = Task { try await conversion.run(to: "Q8_0") { _ in } }
        let path = TemporaryFolder.path + "/pid"
        #expect(await eventually(within: .seconds(5)) { (FileManager.default.contents(atPath: path)?.count ?? 0) > 1 })
        let pid = try #require(Int32(String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(kill(pid, 0) != 0)
        #expect(try left.isEmpty)
    }
}
