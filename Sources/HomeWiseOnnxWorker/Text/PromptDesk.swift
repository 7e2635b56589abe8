// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Turns conversations into tokens and tokens into text. Apart from the model, so that a request which cannot be served is refused
/// while another one is being answered.
actor PromptDesk {
    private let genai: Genai
    private let tokenizer: GenaiObject
    private let beginning: Int32?
    private var stream: GenaiObject?
    /// Tokens that end an answer.
    nonisolated let ends: Set<Int32>

    /// - Parameter beginning: the token that a plain text begins with, where the model wants one.
    init(genai: Genai, tokenizer: GenaiObject, beginning: Int32?) throws {
        self.genai = genai
        self.tokenizer = tokenizer
        self.beginning = beginning
        do throws(GenaiError) {
            var tokens: UnsafePointer<Int32>?
            var count = 0
            try genai.check(genai.endTokens(tokenizer.pointer, &tokens, &count))
            ends = Set(UnsafeBufferPointer(start: tokens, count: count))
        } catch { throw LoadError.failure(error.text) }
    }

    /// The prompt of a conversation, by the model's own template.
    ///
    /// - Throws: `Failure.requestNotSupported` for a model without template, `Failure.badRequest` for turns that the template refuses.
    func prompt(_ messages: [ChatTurn]) throws -> [Int32] {
        let json = try String(decoding: JSONEncoder().encode(messages), as: UTF8.self)
        do throws(GenaiError) {
            let text = try genai.text { genai.applyTemplate(tokenizer.pointer, nil, json, nil, true, $0) }
            return try tokens(of: text)
        } catch {
            // The lines behind the first show where in the template it happened.
            let words = error.text.prefix { $0 != "\n" }.prefix(200)
            if error.text.localizedCaseInsensitiveContains("chat template") || error.text.localizedCaseInsensitiveContains("not found") {
                throw Failure.requestNotSupported("this model has no usable chat template (\(words))")
            }
            throw Failure.badRequest("the model's chat template refuses the messages (\(words))")
        }
    }

    /// The tokens of a text that is to be gone on with.
    func prompt(_ text: String) throws -> [Int32] {
        var tokens = try encode(text)
        if let beginning, tokens.first != beginning { tokens.insert(beginning, at: 0) }
        return tokens
    }

    /// The text's own tokens.
    func encode(_ text: String) throws -> [Int32] {
        do throws(GenaiError) { return try tokens(of: text) } catch { throw Failure.generationFailed(String(error.text.prefix(200))) }
    }

    /// Begins the text of an answer.
    func beginText() throws {
        do throws(GenaiError) { stream = try genai.make(genai.destroyStream) { genai.createStream(tokenizer.pointer, $0) } } catch {
            throw Failure.generationFailed(String(error.text.prefix(200)))
        }
    }

    /// - Returns: the bytes that the token adds to the answer; part of a character is kept for the next one.
    func text(of token: Int32) throws -> [UInt8] {
        guard let stream else { throw Failure.generationFailed("there is no answer to go on with") }
        do throws(GenaiError) {
            var text: UnsafePointer<CChar>?
            try genai.check(genai.decode(stream.pointer, token, &text))
            guard let text else { return [] }
            return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        } catch { throw Failure.generationFailed(String(error.text.prefix(200))) }
    }

    private func tokens(of text: String) throws(GenaiError) -> [Int32] {
        guard !text.isEmpty else { return [] }
        let sequences = try genai.make(genai.destroySequences) { genai.createSequences($0) }
        try genai.check(genai.encode(tokenizer.pointer, text, sequences.pointer))
        return Array(UnsafeBufferPointer(start: genai.sequenceData(sequences.pointer, 0), count: genai.sequenceCount(sequences.pointer, 0)))
    }
}

/// One turn of a conversation, as templates see it.
struct ChatTurn: Sendable, Encodable, Equatable {
    var role: String
    var content: String
}
