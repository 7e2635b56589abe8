// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// The smallest ONNX model that gives vectors: a table of five words with four numbers each. It proves that libraries open, read a model
/// and compute, in some 600 bytes that are written on the spot.
enum SmokeEmbedder {
    private static let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hi"]
    private static let width = 4

    /// Files by their names, as `onnx.proto3` and Hugging Face's tokenizers define them.
    ///
    /// - Parameter axis: the output is the mean over this one, which a sound model's is not; `nil` for a sound one.
    static func files(meanOver axis: Int? = nil) -> [String: Data] {
        let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        return [
            "model.onnx": Data(model(meanOver: axis)),
            "config.json": Data(
                #"{"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 4, "max_position_embeddings": 32, "vocab_size": 5}"#
                    .utf8),
            "tokenizer.json": Data(
                #"""
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                  "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {\#(vocabulary)}}}
                """#.utf8),
        ]
    }

    /// One node: rows of the table, looked up by the words' numbers.
    private static func model(meanOver axis: Int?) -> [UInt8] {
        let table = (0..<words.count).flatMap { row in (0..<width).flatMap { column in bytes(of: Float(row * width + column + 1)) } }
        let tensor = number(1, words.count) + number(1, width) + number(2, 1) + text(8, "table") + field(9, table)
        let rows = axis == nil ? "last_hidden_state" : "rows"
        let gather = field(1, text(1, "table") + text(1, "input_ids") + text(2, rows) + text(4, "Gather"))
        let mean = axis.map { axis in
            // 7: a list of integers.
            let axes = text(1, "axes") + number(8, axis) + [0xA0, 0x01, 7]
            return field(1, text(1, rows) + text(2, "last_hidden_state") + text(4, "ReduceMean") + field(5, axes))
        }
        let graph =
            gather + (mean ?? []) + text(2, "smoke") + field(5, tensor) + field(11, value("input_ids", type: 7, ["batch", "tokens"]))
            // Not looked at, and wanted all the same: every real embedder has it.
            + field(11, value("attention_mask", type: 7, ["batch", "tokens"]))
            + field(12, value("last_hidden_state", type: 1, ["batch", "tokens", "\(width)"]))
        return number(1, 8) + field(7, graph) + field(8, text(1, "") + number(2, 13))
    }

    private static func value(_ name: String, type: Int, _ shape: [String]) -> [UInt8] {
        let dimensions = shape.flatMap { size in field(1, Int(size).map { number(1, $0) } ?? text(2, size)) }
        return text(1, name) + field(2, field(1, number(1, type) + field(2, dimensions)))
    }

    private static func bytes(of value: Float) -> [UInt8] { withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    private static func text(_ tag: UInt8, _ text: String) -> [UInt8] { field(tag, Array(text.utf8)) }
    private static func number(_ tag: UInt8, _ value: Int) -> [UInt8] { [tag << 3] + varint(value) }
    private static func field(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag << 3 | 2] + varint(content.count) + content }

    private static func varint(_ value: Int) -> [UInt8] {
        var (rest, bytes) = (UInt64(value), [UInt8]())
        repeat {
            bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
}
