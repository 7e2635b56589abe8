// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// A language model of some forty kilobytes with made-up weights, written on the spot: it proves that an engine
/// loads, computes and answers, before any real model is here.
///
/// Layout: GGUF version 3 (ggml/docs/gguf.md); names and shapes: llama.cpp's `llama` architecture.
package enum SmokeModel {
    private static let width = 32
    private static let feedForward = 64
    private static let alignment = 32

    /// Bytes of the file. The same every time.
    package static func bytes() -> [UInt8] {
        var writer = GGUFWriter()
        writer.unsigned(3)
        let tensors = Self.tensors
        writer.long(tensors.count)
        writer.long(Self.metadata.count)
        for (key, value) in metadata { writer.pair(key, value) }
        var offset = 0
        for tensor in tensors {
            writer.tensor(tensor.name, shape: tensor.shape, offset: offset)
            offset += tensor.bytes
        }
        writer.pad(to: alignment)
        var random = UInt32(1)
        for tensor in tensors {
            for _ in 0..<tensor.count {
                random = random &* 1_664_525 &+ 1_013_904_223
                writer.float(tensor.shape.count == 1 ? 1 : Float(random >> 8) / Float(1 << 24) * 0.2 - 0.1)
            }
        }
        return writer.bytes
    }

    /// Unknown, begin, end, and one token for each byte: what llama.cpp's SentencePiece reader needs.
    private static let tokens =
        ["<unk>", "<s>", "</s>"] + (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }

    private static var metadata: [(String, GGUFWriter.Value)] {
        [
            ("general.architecture", .text("llama")), ("general.name", .text("homewise smoke test")),
            ("llama.context_length", .unsigned(512)), ("llama.embedding_length", .unsigned(UInt32(width))),
            ("llama.block_count", .unsigned(1)), ("llama.feed_forward_length", .unsigned(UInt32(feedForward))),
            ("llama.attention.head_count", .unsigned(2)), ("llama.attention.head_count_kv", .unsigned(2)),
            ("llama.attention.layer_norm_rms_epsilon", .float(1e-5)), ("llama.rope.dimension_count", .unsigned(UInt32(width / 2))),
            ("tokenizer.ggml.model", .text("llama")), ("tokenizer.ggml.tokens", .texts(tokens)),
            ("tokenizer.ggml.scores", .floats(tokens.map { _ in 0 })),
            ("tokenizer.ggml.token_type", .integers(tokens.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : 6 })),
            ("tokenizer.ggml.bos_token_id", .unsigned(1)), ("tokenizer.ggml.eos_token_id", .unsigned(2)),
            ("tokenizer.ggml.unknown_token_id", .unsigned(0)),
        ]
    }

    private struct Tensor {
        let name: String
        let shape: [Int]
        var count: Int { shape.reduce(1, *) }
        /// Every size here is a multiple of the alignment, so that no tensor needs padding.
        var bytes: Int { count * 4 }
    }

    private static var tensors: [Tensor] {
        let square = ["attn_q", "attn_k", "attn_v", "attn_output"].map { Tensor(name: "blk.0.\($0).weight", shape: [width, width]) }
        return [
            Tensor(name: "token_embd.weight", shape: [width, tokens.count]), Tensor(name: "output_norm.weight", shape: [width]),
            Tensor(name: "output.weight", shape: [width, tokens.count]), Tensor(name: "blk.0.attn_norm.weight", shape: [width]),
        ] + square + [
            Tensor(name: "blk.0.ffn_norm.weight", shape: [width]), Tensor(name: "blk.0.ffn_gate.weight", shape: [width, feedForward]),
            Tensor(name: "blk.0.ffn_up.weight", shape: [width, feedForward]),
            Tensor(name: "blk.0.ffn_down.weight", shape: [feedForward, width]),
        ]
    }
}

/// Writes the little-endian fields of a GGUF file.
struct GGUFWriter {
    enum Value {
        case unsigned(UInt32), float(Float), text(String), texts([String]), floats([Float]), integers([Int32])
    }

    private(set) var bytes = Array("GGUF".utf8)

    mutating func unsigned(_ value: UInt32) { append(value) }
    mutating func long(_ value: Int) { append(UInt64(value)) }
    mutating func float(_ value: Float) { append(value.bitPattern) }

    mutating func text(_ value: String) {
        long(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    /// Type numbers: 4 uint32, 5 int32, 6 float32, 8 string, 9 array.
    mutating func pair(_ key: String, _ value: Value) {
        text(key)
        switch value {
        case .unsigned(let value): unsigned(4); unsigned(value)
        case .float(let value): unsigned(6); float(value)
        case .text(let value): unsigned(8); text(value)
        case .texts(let values): array(of: 8, values) { $0.text($1) }
        case .floats(let values): array(of: 6, values) { $0.float($1) }
        case .integers(let values): array(of: 5, values) { $0.append(UInt32(bitPattern: $1)) }
        }
    }

    private mutating func array<Element>(of type: UInt32, _ values: [Element], write: (inout Self, Element) -> Void) {
        unsigned(9)
        unsigned(type)
        long(values.count)
        for value in values { write(&self, value) }
    }

    /// A 32-bit float tensor (type 0).
    mutating func tensor(_ name: String, shape: [Int], offset: Int) {
        text(name)
        unsigned(UInt32(shape.count))
        for size in shape { long(size) }
        unsigned(0)
        long(offset)
    }

    mutating func pad(to alignment: Int) {
        bytes.append(contentsOf: repeatElement(0, count: (alignment - bytes.count % alignment) % alignment))
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
