// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import HomeWiseTesting
import NIOHTTP1
import Testing

/// What the worker refuses, and with which words.
@Suite(.temporaryFolder, .serialized) struct RefusalTests {
    @Test func requestsThatAreWrong() async throws {
        try await withWorker(.chat()) { worker in
            #expect(try await worker.request(.GET, "/v1/models", key: nil).status == 401)
            let wrong = try await worker.request(.POST, "/v1/completions", #"{"prompt":"x"}"#, key: RunningWorker.key + "x")
            #expect(wrong.status == 401 && wrong.error?["type"]?.string == "authentication_error")
            #expect(try await worker.request(.GET, "/nothing").status == 404)
            #expect(try await worker.request(.GET, "/v1/completions").status == 405)
            #expect(try await worker.request(.POST, "/health", "{}").status == 405)
            for body in [
                "", "{", "[1]", #"{"prompt":1}"#, "{}", #"{"prompt":""}"#, #"{"prompt":"a\u0000b"}"#, #"{"prompt":"x","max_tokens":0}"#,
            ] {
                let refused = try await worker.post("/v1/completions", body)
                #expect(refused.status == 400 && refused.error?["type"]?.string == "invalid_request_error", "\(body): \(refused.text)")
            }
            let large = try await worker.send(.POST, "/v1/completions", [UInt8](repeating: 0x20, count: (32 << 20) + 1))
            #expect(large.status.code == 413)
            let vectors = try await worker.post("/v1/embeddings", #"{"input":"x"}"#)
            #expect(vectors.status == 501 && vectors.error?["type"]?.string == "not_supported_error")
            // After all of that it works as before.
            #expect(try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":1}"#).status == 200)
        }
    }

    /// A folder with the files of a model, some of them changed.
    private func folder(like name: String, _ change: (String) throws -> Void) throws -> String {
        let path = TemporaryFolder.path + "/model"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let source = try TestModels.path(name)
        for file in try FileManager.default.contentsOfDirectory(atPath: source) {
            try FileManager.default.createSymbolicLink(atPath: "\(path)/\(file)", withDestinationPath: "\(source)/\(file)")
        }
        try change(path)
        return path
    }

    private func lastWords(of worker: RunningWorker) async throws -> String {
        let status = await worker.status()
        #expect(status == 1, "\(worker.words)")
        #expect(!FileManager.default.fileExists(atPath: worker.socket))
        try await worker.stop()
        return worker.lastWords
    }

    private func chat(_ model: String, libraries: String? = nil, _ extra: [String] = []) throws -> RunningWorker {
        try RunningWorker(["--model", model, "--libraries", libraries ?? TestModels.path("onnx-libs"), "--context", "64"] + extra)
    }

    @Test func missingLibraries() async throws {
        let model = try TestModels.path("smollm2-onnx")
        let none = try await lastWords(of: chat(model, libraries: TemporaryFolder.path))
        #expect(none.hasPrefix("error: missing library: libonnxruntime.so.1"))
        let half = TemporaryFolder.path + "/half"
        try FileManager.default.createDirectory(atPath: half, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: half + "/libonnxruntime.so.1", withDestinationPath: TestModels.path("onnx-libs/libonnxruntime.so.1"))
        #expect(try await lastWords(of: chat(model, libraries: half)).hasPrefix("error: missing library: libonnxruntime-genai.so"))
        // Another library under the name.
        try FileManager.default.createSymbolicLink(
            atPath: half + "/libonnxruntime-genai.so", withDestinationPath: TestModels.path("onnx-libs/libonnxruntime.so.1"))
        let other = try await lastWords(of: chat(model, libraries: half))
        #expect(other.hasPrefix("error: missing library: libonnxruntime-genai.so is here, but it does not export Oga"))
        try Data("no library".utf8).write(to: URL(filePath: half + "/libonnxruntime.so"))
        try FileManager.default.removeItem(atPath: half + "/libonnxruntime.so.1")
        #expect(try await lastWords(of: chat(model, libraries: half)).hasPrefix("error: missing library: libonnxruntime.so"))
    }

    @Test("too little memory is named at the load, whichever part it is too little for", arguments: [750_000, 900_000])
    func tooLittleMemory(_ limit: Int) async throws {
        let arguments = try ["--model", TestModels.path("smollm2-onnx"), "--libraries", TestModels.path("onnx-libs"), "--context", "8192"]
        let worker = try RunningWorker(arguments, memory: limit)
        let status = await worker.status()
        #expect(status != nil && status != 0)
        try await worker.stop()
        let tail = worker.words.split(separator: "\n").map(String.init)
        #expect(ExitCause(code: 1, signal: nil, tail: tail).kind == .outOfMemory, "\(tail)")
    }

    @Test func damagedModels() async throws {
        let cut = try folder(like: "smollm2-onnx") { path in
            let whole = try Data(contentsOf: URL(filePath: path + "/model.onnx"))
            try FileManager.default.removeItem(atPath: path + "/model.onnx")
            try whole.prefix(whole.count / 2).write(to: URL(filePath: path + "/model.onnx"))
        }
        #expect(try await lastWords(of: chat(cut)).hasPrefix("error: damaged model: "))
        for (file, words) in [
            ("tokenizer.json", "tokenizer.json is missing"), ("model.onnx", "model.onnx is missing"),
            ("genai_config.json", "genai_config.json is missing"),
        ] {
            try FileManager.default.removeItem(atPath: cut)
            let lacking = try folder(like: "smollm2-onnx") { try FileManager.default.removeItem(atPath: "\($0)/\(file)") }
            #expect(try await lastWords(of: chat(lacking)) == "error: damaged model: \(words)")
        }
        #expect(try await lastWords(of: chat(TemporaryFolder.path + "/nowhere")).hasPrefix("error: damaged model: "))
    }

    @Test("C4 a configuration that names code, or a file elsewhere, loads nothing") func configurationIsCode() async throws {
        let changes = [
            ("\"log_id\": \"onnxruntime-genai\"", "\"custom_ops_library\": \"evil.so\"", "custom_ops_library"),
            ("\"filename\": \"model.onnx\"", "\"filename\": \"../model.onnx\"", "no path inside"),
            ("\"type\": \"llama\"", "\"type\": \"mystery\"", "unknown model architecture: mystery"),
        ]
        for (old, new, words) in changes {
            let changed = try folder(like: "smollm2-onnx") { path in
                let file = path + "/genai_config.json"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                #expect(text.contains(old))
                try FileManager.default.removeItem(atPath: file)
                try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: URL(filePath: file))
            }
            let last = try await lastWords(of: chat(changed))
            #expect(last.hasPrefix("error: ") && last.contains(words), "\(last)")
            try FileManager.default.removeItem(atPath: changed)
        }
    }

    @Test func aModelWithoutTemplateIsCompletedAndNotChattedWith() async throws {
        let bare = try folder(like: "smollm2-onnx") { try FileManager.default.removeItem(atPath: $0 + "/chat_template.jinja") }
        try await withWorker(chat(bare)) { worker in
            let refused = try await worker.post("/v1/chat/completions", #"{"messages":[{"role":"user","content":"Hi"}]}"#)
            #expect(
                refused.status == 501 && refused.error?["message"]?.string?.contains("no usable chat template") == true, "\(refused.text)")
            #expect(try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":1}"#).status == 200)
        }
    }

    @Test func optionsOutOfRange() async throws {
        let model = try TestModels.path("smollm2-onnx")
        let wide = try RunningWorker(["--model", model, "--libraries", TestModels.path("onnx-libs"), "--context", "8193"])
        #expect(try await lastWords(of: wide) == "error: --context is 8193, and the model was made for 8192")
        for options in [
            ["--threads", "0"], ["--threads", "99999"], ["--context", "0"], ["--context", "many"], ["--purpose", "painting"],
        ] {
            let worker = try RunningWorker(["--model", model, "--libraries", "/nonexistent"] + options)
            #expect(await worker.status() == 64)
            #expect(worker.words.contains(options[0]))
            try await worker.stop()
        }
    }
}
