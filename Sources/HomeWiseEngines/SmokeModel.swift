// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// A language model of some forty kilobytes with made-up weights, written on the spot: it proves that an engine
/// loads, computes and answers, before any real model is here.
///
/// Layout: GGUF version 3 (ggml/docs/gguf.md); names and shapes: llama.cpp's `llama` architecture.
package enum SmokeModel {
    private static let width = 32
    private static let feedForward = 64

    /// Bytes of the file. The same every time.
    package static func bytes() -> [UInt8] {
        var draft = GGUFDraft()
        draft.metadata = metadata
        draft.tensors = tensors
        var bytes = draft.header().bytes
        var random = UInt32(1)
        for tensor in tensors {
            for _ in 0..<tensor.elements {
                random = random &* 1_664_525 &+ 1_013_904_223
                let value: Float = tensor.shape.count == 1 ? 1 : Float(random >> 8) / Float(1 << 24) * 0.2 - 0.1
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    /// Unknown, begin, end, and one token for each byte: what llama.cpp's SentencePiece reader needs.
    private static let tokens =
        ["<unk>", "<s>", "</s>"] + (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }

    private static var metadata: [(key: String, value: GGUFDraft.Value)] {
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

    /// Every size here is a multiple of the alignment, so that no tensor needs padding.
    private static var tensors: [GGUFDraft.Tensor] {
        guard let type = GGMLType.named("F32") else { return [] }
        func tensor(_ name: String, _ shape: [Int]) -> GGUFDraft.Tensor { GGUFDraft.Tensor(name, shape, type) }
        let square = ["attn_q", "attn_k", "attn_v", "attn_output"].map { tensor("blk.0.\($0).weight", [width, width]) }
        return [
            tensor("token_embd.weight", [width, tokens.count]), tensor("output_norm.weight", [width]),
            tensor("output.weight", [width, tokens.count]), tensor("blk.0.attn_norm.weight", [width]),
        ] + square + [
            tensor("blk.0.ffn_norm.weight", [width]), tensor("blk.0.ffn_gate.weight", [width, feedForward]),
            tensor("blk.0.ffn_up.weight", [width, feedForward]),
            tensor("blk.0.ffn_down.weight", [feedForward, width]),
        ]
    }
}
