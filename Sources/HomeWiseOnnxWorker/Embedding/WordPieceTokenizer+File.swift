// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// Reading `tokenizer.json`. What we do not do exactly as the reference does is refused: other tokens are other vectors, and nobody
/// would see it.
extension WordPieceTokenizer {
    /// - Throws: `Failure.modelNotSupported` for another kind of tokenizer, `Failure.damagedModel` for what is missing or wrong.
    init(_ root: BoundedJSON.Value) throws {
        guard let model = root["model"], model.isObject else { throw Failure.damagedModel("tokenizer.json: “model” is missing") }
        let kind = model["type"]?.string ?? "an unnamed kind"
        guard kind == "WordPiece" else {
            throw Failure.modelNotSupported("the tokenizer is \(kind), and embeddings from ONNX work with WordPiece alone")
        }
        vocabulary = try Self.vocabulary(model)
        let name = model["unk_token"]?.string ?? "[UNK]"
        guard let unknown = vocabulary[Array(name.utf8)] else {
            throw Failure.damagedModel("tokenizer.json: “\(name)” is not in the vocabulary")
        }
        self.unknown = unknown
        continuation = Array((model["continuing_subword_prefix"]?.string ?? "##").utf8)
        longestWord = model["max_input_chars_per_word"]?.integer.flatMap { Int(exactly: $0) } ?? 100
        normalizer = try Self.normalizer(root["normalizer"])
        guard root["pre_tokenizer"]?["type"]?.string == "BertPreTokenizer" else {
            throw Failure.modelNotSupported("the tokenizer's “pre_tokenizer” is not BertPreTokenizer")
        }
        added = try Self.added(root["added_tokens"])
        (prefix, suffix) = try Self.frame(root["post_processor"])
        // Most files say that they have none: “null”.
        padding =
            try root["padding"].flatMap { $0.isNull ? nil : try Self.token($0["pad_id"], "padding.pad_id") } ?? vocabulary[
                Array("[PAD]".utf8)] ?? 0
    }

    private static func vocabulary(_ model: BoundedJSON.Value) throws -> [[UInt8]: Int32] {
        guard let entries = model["vocab"]?.members, !entries.isEmpty else {
            throw Failure.damagedModel("tokenizer.json: the vocabulary is missing")
        }
        var vocabulary: [[UInt8]: Int32] = Dictionary(minimumCapacity: entries.count)
        for entry in entries { vocabulary[Array(entry.name.utf8)] = try token(entry.value, "vocab") }
        return vocabulary
    }

    private static func token(_ value: BoundedJSON.Value?, _ field: String) throws -> Int32 {
        guard let token = value?.integer.flatMap({ Int32(exactly: $0) }), token >= 0 else {
            throw Failure.damagedModel("tokenizer.json: \(field) is not a token's number")
        }
        return token
    }

    private static func normalizer(_ value: BoundedJSON.Value?) throws -> BertNormalizer {
        guard let value, value["type"]?.string == "BertNormalizer" else {
            throw Failure.modelNotSupported("the tokenizer's “normalizer” is not BertNormalizer")
        }
        let lowercases = value["lowercase"]?.bool ?? true
        return BertNormalizer(
            cleansText: value["clean_text"]?.bool ?? true, spacesIdeographs: value["handle_chinese_chars"]?.bool ?? true,
            // Without a word of its own it goes with the lower case.
            stripsAccents: value["strip_accents"]?.bool ?? lowercases, lowercases: lowercases)
    }

    private static func added(_ value: BoundedJSON.Value?) throws -> [Added] {
        try (value?.elements ?? []).map { entry in
            guard let text = entry["content"]?.string, !text.isEmpty else {
                throw Failure.damagedModel("tokenizer.json: an added token has no content")
            }
            if entry["single_word"]?.bool == true {
                throw Failure.modelNotSupported("the tokenizer has tokens that are words of their own")
            }
            let isNormalized = entry["normalized"]?.bool ?? false
            return try Added(text: text, id: token(entry["id"], "added_tokens"), isNormalized: isNormalized)
        }
    }

    /// Tokens before and after a text.
    private static func frame(_ value: BoundedJSON.Value?) throws -> (prefix: [Int32], suffix: [Int32]) {
        guard let value, !value.isNull else { return ([], []) }
        switch value["type"]?.string {
        case "TemplateProcessing": return try template(value)
        case "BertProcessing", "RobertaProcessing":
            return try ([token(value["cls"]?.elements.last, "cls")], [token(value["sep"]?.elements.last, "sep")])
        default: throw Failure.modelNotSupported("the tokenizer's “post_processor” is \(value["type"]?.string ?? "unnamed")")
        }
    }

    private static func template(_ value: BoundedJSON.Value) throws -> (prefix: [Int32], suffix: [Int32]) {
        var (prefix, suffix, isPastText): ([Int32], [Int32], Bool) = ([], [], false)
        for piece in value["single"]?.elements ?? [] {
            if piece["Sequence"] != nil {
                isPastText = true
                continue
            }
            guard let name = piece["SpecialToken"]?["id"]?.string, let ids = value["special_tokens"]?[name]?["ids"]?.elements else {
                throw Failure.damagedModel("tokenizer.json: the template names a token that is not there")
            }
            let tokens = try ids.map { try token($0, "post_processor") }
            if isPastText { suffix += tokens } else { prefix += tokens }
        }
        guard isPastText else { throw Failure.damagedModel("tokenizer.json: the template has no place for the text") }
        return (prefix, suffix)
    }
}
