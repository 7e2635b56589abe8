// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Brings the model in, from its folder to what answers.
struct Loading: Sendable {
    let options: WorkerOptions

    func run() async throws -> Worker.Engine {
        // Its symbols are what the other library is linked against, so it comes first.
        let runtime = try Runtime(folder: options.libraries)
        Log.line("onnxruntime \(runtime.version)")
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: options.model, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure.damagedModel("\(options.model) is not a folder")
        }
        switch options.purpose {
        case .chat: return try await text()
        case .embedding: return try await embedding(runtime)
        }
    }

    private func text() async throws -> Worker.Engine {
        let settings = try TextSettings(folder: options.model)
        try checkContext(most: settings.longestContext)
        let genai = try Genai(folder: options.libraries)
        genai.setTelemetry(false)
        let model = TextModel(genai: genai, context: options.context, vocabulary: settings.vocabulary)
        let tokenizer = try await model.load(folder: options.model, threads: options.threads)
        return try .text(model, PromptDesk(genai: genai, tokenizer: tokenizer, beginning: settings.beginning), settings)
    }

    /// More positions than a model was made for give nonsense, and the library refuses them.
    private func checkContext(most: Int?) throws {
        guard let most, options.context > most else { return }
        throw Failure(
            .badInput, "--context is \(options.context), and the model was made for \(most)",
            remedy: "Load it with a smaller context.")
    }

    private func embedding(_ runtime: Runtime) async throws -> Worker.Engine {
        let settings = try EmbedderSettings(folder: options.model)
        let file = options.model + "/model.onnx"
        guard FileManager.default.fileExists(atPath: file) else { throw Failure.damagedModel("model.onnx is missing") }
        let model = EmbeddingModel(runtime: runtime, settings: settings, context: min(options.context, settings.longestInput))
        try await model.load(file: file, threads: options.threads)
        return .embedding(model, settings)
    }
}

/// Plain lines on the standard error stream; nothing of what is asked or answered.
enum Log {
    static func line(_ text: String) {
        let line = text.split(separator: "\n").joined(separator: " ").prefix(1000)
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
