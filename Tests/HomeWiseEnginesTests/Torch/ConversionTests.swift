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
        for folder in ["run", "logs", "model", "out", "torch/worker", "llama"] + ConverterTools.parts.map({ "tools/" + $0 }) {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        try Data(#"{"dtype": "float32"}"#.utf8).write(to: URL(filePath: base + "/model/config.json"))
        for name in ["model.safetensors", "evil.py", "pytorch_model.bin", ".hidden.json"] {
            try Data(name.utf8).write(to: URL(filePath: "\(base)/model/\(name)"))
        }
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: base + "/run", logFolder: base + "/logs",
            environment: ProcessInfo.processInfo.environment)
        let server = try script("torch/worker/converter", #"file=$7; ls "$5" | sed 's/^/seen /'; \#(converter)"#)
        return Conversion(
            host: host, torch: EngineManifest(engine: "pytorch", version: "1", origin: .environment, server: server),
            tools: ConverterTools(folder: base + "/tools"), quantizer: try script("llama/quantizer", "file=$2; \(quantizer)"),
            model: base + "/model",
            output: base + "/out/m.gguf", threads: 1)
    }

    private func log(of step: String) -> String { "\(TemporaryFolder.path)/logs/conversion-\(step).log" }

    private func words(of step: String) throws -> [String] {
        try String(contentsOfFile: log(of: step), encoding: .utf8).split(separator: "\n").map(String.init)
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
        #expect(try words(of: "convert").filter { $0.hasPrefix("seen") } == ["seen config.json", "seen model.safetensors"])
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
        #expect(!FileManager.default.fileExists(atPath: log(of: "convert")))
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
        let conversion = try conversion(converter: #"echo $$; echo 1 >"$file"; exec sleep 60"#)
        let task = Task { try await conversion.run(to: "Q8_0") { _ in } }
        var found: Int32?
        _ = await eventually(within: .seconds(5)) {
            found = (try? words(of: "convert"))?.lazy.compactMap { Int32($0) }.first
            return found != nil
        }
        let pid = try #require(found)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(kill(pid, 0) != 0)
        #expect(try left.isEmpty)
    }

    #if os(Linux)
        @Test("SUP-37 the tools read the model and write to their own folder, and reach nothing else") func shutIn() async throws {
            let base = TemporaryFolder.path
            let tries =
                #"cat '\#(base)/secret' && echo GOT; ls '\#(base)/out' && echo LISTED; echo x >'\#(base)/out/other' && echo WROTE; "#
                + #"echo x >'\#(TemporaryFolder.shared)/other' && echo SHARED; echo 1 >"$file" && echo MADE; "#
            let conversion = try conversion(
                converter: tries
                    + #"cat "$5/model.safetensors" >/dev/null && echo READ; echo x >>"$5/model.safetensors" && echo CHANGED; exit 0"#,
                quantizer: tries + #"cat '\#(base)/model/config.json' && echo READ; exit 0"#)
            try Data("hush".utf8).write(to: URL(filePath: base + "/secret"))
            try await conversion.run(to: "Q4_K_M") { _ in }
            func done(_ step: String) throws -> [String] { try words(of: step).filter { $0 == $0.uppercased() && $0.count > 2 } }
            #expect(try done("convert") == ["MADE", "READ"])
            #expect(try done("quantize") == ["MADE"])
            #expect(try left == ["m.gguf"])
            #expect(FileManager.default.contents(atPath: base + "/model/model.safetensors") == Data("model.safetensors".utf8))
        }
    #endif
}
