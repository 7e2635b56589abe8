// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// The shapes in which an answer is given: OpenAI's two, and llama-server's own.
enum Dialect: Sendable {
    case chat, completion, native
}

/// One answer in its shape.
struct Reply: Sendable {
    let dialect: Dialect
    let model: String
    /// Whether the stream ends with the figures of use.
    let isUsageWanted: Bool
    private let id: String
    private let created = Int(Date().timeIntervalSince1970)

    init(_ dialect: Dialect, model: String, isUsageWanted: Bool = false) {
        (self.dialect, self.model, self.isUsageWanted) = (dialect, model, isUsageWanted)
        id = (dialect == .chat ? "chatcmpl-" : "cmpl-") + UUID().uuidString.lowercased()
    }

    /// What comes before the first piece.
    var opening: JSONText? {
        dialect == .chat ? chunk([("delta", ["role": "assistant", "content": .null]), ("finish_reason", .null)]) : nil
    }

    func piece(_ text: String) -> JSONText {
        switch dialect {
        case .chat: chunk([("delta", ["content": .string(text)]), ("finish_reason", .null)])
        case .completion: chunk([("text", .string(text)), ("finish_reason", .null)])
        case .native: ["index": 0, "content": .string(text), "stop": false]
        }
    }

    /// What comes behind the last piece.
    func closing(_ end: AnswerEnd) -> [JSONText] {
        let reason = JSONText.string(end.reason.word)
        let last =
            switch dialect {
            case .chat: chunk([("delta", [:]), ("finish_reason", reason)], also: [("timings", end.timings.json)])
            case .completion: chunk([("text", ""), ("finish_reason", reason)], also: [("timings", end.timings.json)])
            case .native: native("", end)
            }
        guard isUsageWanted, dialect != .native else { return [last] }
        return [last, envelope([("choices", []), ("usage", end.timings.usage)], isChunk: true)]
    }

    /// The answer in one piece.
    func whole(_ text: String, _ end: AnswerEnd) -> JSONText {
        let reason = JSONText.string(end.reason.word)
        let content: (String, JSONText)
        switch dialect {
        case .chat: content = ("message", ["role": "assistant", "content": .string(text)])
        case .completion: content = ("text", .string(text))
        case .native: return native(text, end)
        }
        let choice = JSONText.object([("index", 0), content, ("finish_reason", reason)])
        return envelope(
            [("choices", .array([choice])), ("usage", end.timings.usage), ("timings", end.timings.json)], isChunk: false)
    }

    private func chunk(_ choice: [(String, JSONText)], also: [(String, JSONText)] = []) -> JSONText {
        envelope([("choices", .array([.object([("index", 0)] + choice)]))] + also, isChunk: true)
    }

    private func envelope(_ members: [(String, JSONText)], isChunk: Bool) -> JSONText {
        let object = dialect == .completion ? "text_completion" : isChunk ? "chat.completion.chunk" : "chat.completion"
        return .object(
            [("id", .string(id)), ("object", .string(object)), ("created", .integer(created)), ("model", .string(model))] + members)
    }

    private func native(_ text: String, _ end: AnswerEnd) -> JSONText {
        [
            "index": 0, "content": .string(text), "model": .string(model), "stop": true, "stop_type": .string(end.reason.nativeWord),
            "tokens_predicted": .integer(end.timings.predicted_n), "tokens_evaluated": .integer(end.timings.prompt_n),
            "truncated": false, "timings": end.timings.json,
        ]
    }
}

extension AnswerEnd.Reason {
    var word: String { self == .length ? "length" : "stop" }

    var nativeWord: String {
        switch self {
        case .ended: "eos"
        case .stopString: "word"
        case .length: "limit"
        }
    }
}

extension Timings {
    var json: JSONText {
        [
            "prompt_n": .integer(prompt_n), "prompt_ms": .number(prompt_ms), "prompt_per_second": .number(prompt_per_second),
            "predicted_n": .integer(predicted_n), "predicted_ms": .number(predicted_ms),
            "predicted_per_second": .number(predicted_per_second),
        ]
    }

    var usage: JSONText {
        [
            "prompt_tokens": .integer(prompt_n), "completion_tokens": .integer(predicted_n),
            "total_tokens": .integer(prompt_n + predicted_n),
        ]
    }
}
