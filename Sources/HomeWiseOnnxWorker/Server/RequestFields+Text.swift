// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

extension RequestFields {
    private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool"]

    /// The turns of a conversation: contents are texts, or lists of parts that are texts.
    func messages() throws -> [ChatTurn] {
        guard let list = self["messages"], list.isArray else { throw Failure.badRequest("“messages” is missing or not a list") }
        let turns = try list.elements.map { message in
            guard let role = message["role"]?.string, Self.roles.contains(role) else {
                throw Failure.badRequest("a message has no role, or an unknown one")
            }
            // The newer name of the same role; templates know the older one.
            return try ChatTurn(role: role == "developer" ? "system" : role, content: Self.content(message["content"]))
        }
        guard !turns.isEmpty else { throw Failure.badRequest("“messages” is empty") }
        return turns
    }

    private static func content(_ value: BoundedJSON.Value?) throws -> String {
        guard let value, !value.isNull else { return "" }
        guard value.isArray else { return try text(value, "content") }
        return try value.elements.map { part in
            let kind = part["type"]?.string ?? "unnamed"
            guard kind == "text", let content = part["text"] else {
                throw Failure.requestNotSupported("a message has a part of the kind “\(kind.prefix(40))”, and this model reads text alone")
            }
            return try text(content, "text")
        }.joined(separator: "\n")
    }

    /// How the answer is to be made. What would change the answer and is not done here is refused, not left out.
    func sampling() throws -> SamplingOptions {
        try refuseWhatIsNotDone()
        var options = SamplingOptions()
        if let value = try number("temperature", in: 0...100) { options.temperature = value }
        if let value = try number("top_p", in: 0...1) { options.topP = value }
        if let value = try integer("top_k", in: -1...Int64(Int32.max)) { options.topK = Int(max(value, 0)) }
        if let value = try number("repeat_penalty", in: 0.01...100) { options.repetitionPenalty = value }
        // -1 asks for another one each time; the library takes 32 bits.
        if let value = try integer("seed", in: .min ... .max), value != -1 { options.seed = Int32(truncatingIfNeeded: value) }
        for name in ["max_completion_tokens", "max_tokens", "n_predict"] where options.limit == nil {
            guard let value = try integer(name, in: -1...Int64(Int32.max)), value != -1 else { continue }
            guard value > 0 else { throw Failure.badRequest("“\(name)” is 0, and an answer has one token at least") }
            options.limit = Int(value)
        }
        options.stops = try texts("stop") ?? []
        guard options.stops.count <= 64, options.stops.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 4096 }) else {
            throw Failure.badRequest("“stop” has an empty text, one of more than 4096 bytes, or more than 64 texts")
        }
        return options
    }

    private func refuseWhatIsNotDone() throws {
        for name in ["tools", "functions", "logit_bias", "grammar", "json_schema", "suffix"] {
            guard let value = self[name], !value.elements.isEmpty || !value.members.isEmpty || value.string?.isEmpty == false else {
                continue
            }
            throw Failure.requestNotSupported("“\(name)” is not supported for ONNX models")
        }
        if let format = self["response_format"]?["type"]?.string, format != "text" {
            throw Failure.requestNotSupported("the response format “\(format.prefix(40))” is not supported for ONNX models")
        }
        for (name, neutral) in [("n", 1.0), ("best_of", 1), ("presence_penalty", 0), ("frequency_penalty", 0), ("min_p", 0)] {
            if let value = try number(name, in: -1000...1000), value != neutral {
                throw Failure.requestNotSupported("“\(name)” is not supported for ONNX models")
            }
        }
        for name in ["logprobs", "echo"] where self[name].map({ $0.bool != false && $0.integer != 0 }) ?? false {
            throw Failure.requestNotSupported("“\(name)” is not supported for ONNX models")
        }
    }
}
