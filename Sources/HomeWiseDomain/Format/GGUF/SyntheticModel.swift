// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A model of a real architecture and size without real weights: its header alone tells an engine what it would take, and
/// with a file of zeros behind it what its kernels do on this machine.
///
/// Names and shapes of tensors: llama.cpp, src/models/*.cpp and llama-arch.cpp, October 2026.
public struct SyntheticModel: Sendable, Equatable {
    public enum Architecture: String, Sendable, CaseIterable {
        case llama, qwen3, gemma3, qwen3moe, deepseek2, mamba2, lfm2, granitehybrid
    }

    public var architecture = Architecture.llama
    public var layers: Int
    public var embedding: Int
    public var feedForward: Int
    public var heads: Int
    public var kvHeads: Int
    public var headSize: Int
    public var vocabulary: Int
    public var contextLength = 131_072
    /// Type of the matrices.
    public var type: GGMLType
    /// Type of the table of tokens, and of the output where it has one of its own.
    public var embeddingType: GGMLType
    public var hasOutput = true
    /// Count, used, and width of each.
    public var experts: ModelFacts.Experts?
    public var slidingWindow: Int?
    public var latent: ModelFacts.Latent?
    public var recurrent: ModelFacts.Recurrent?
    /// Layers with attention in a hybrid; `nil` where all have it.
    public var attentionLayers: Set<Int>?
    /// Whether the file brings words, so that a server can talk; without them it is smaller.
    public var hasTokens = false

    public init(
        _ architecture: Architecture = .llama, layers: Int, embedding: Int, feedForward: Int, heads: Int, kvHeads: Int, headSize: Int,
        vocabulary: Int, type: GGMLType, embeddingType: GGMLType? = nil
    ) {
        self.architecture = architecture
        self.layers = layers
        self.embedding = embedding
        self.feedForward = feedForward
        self.heads = heads
        self.kvHeads = kvHeads
        self.headSize = headSize
        self.vocabulary = vocabulary
        self.type = type
        self.embeddingType = embeddingType ?? type
    }

    func hasAttention(_ layer: Int) -> Bool {
        architecture != .mamba2 && (attentionLayers?.contains(layer) ?? true)
    }

    public func draft() -> GGUFDraft {
        var draft = GGUFDraft()
        draft.metadata = metadata
        draft.tensors = tensors
        return draft
    }

    // MARK: Metadata

    private var metadata: [(key: String, value: GGUFDraft.Value)] {
        let prefix = architecture.rawValue
        func number(_ value: Int) -> GGUFDraft.Value { .unsigned(UInt32(clamping: value)) }
        var pairs: [(key: String, value: GGUFDraft.Value)] = [
            ("general.architecture", .text(prefix)), ("general.name", .text("homewise synthetic")),
            ("\(prefix).context_length", number(contextLength)), ("\(prefix).embedding_length", number(embedding)),
            ("\(prefix).block_count", number(layers)), ("\(prefix).feed_forward_length", number(feedForward)),
            ("\(prefix).vocab_size", number(vocabulary)), ("\(prefix).attention.layer_norm_rms_epsilon", .float(1e-5)),
            ("\(prefix).attention.head_count", number(architecture == .mamba2 ? 0 : heads)),
            ("\(prefix).attention.head_count_kv", kvHeadCounts),
        ]
        if architecture != .mamba2 {
            // In latent attention one shared head of the compressed form and its rotary part is all that is kept.
            let (key, value) = latent.map { ($0.rank + $0.rotary, $0.rank) } ?? (headSize, headSize)
            pairs += [("\(prefix).attention.key_length", number(key)), ("\(prefix).attention.value_length", number(value))]
        }
        pairs += special.map { ("\(prefix).\($0.key)", $0.value) }
        return pairs + (hasTokens ? Self.words(vocabulary) : [("tokenizer.ggml.model", .text("no_vocab"))])
    }

    private var kvHeadCounts: GGUFDraft.Value {
        guard attentionLayers != nil else { return .unsigned(UInt32(clamping: architecture == .mamba2 ? 0 : kvHeads)) }
        return .integers((0..<layers).map { hasAttention($0) ? Int32(clamping: kvHeads) : 0 })
    }

    /// What only some architectures tell.
    private var special: [(key: String, value: GGUFDraft.Value)] {
        func number(_ value: Int) -> GGUFDraft.Value { .unsigned(UInt32(clamping: value)) }
        var pairs: [(key: String, value: GGUFDraft.Value)] = []
        if let slidingWindow { pairs.append(("attention.sliding_window", number(slidingWindow))) }
        if let experts {
            pairs += [
                ("expert_count", number(experts.count)), ("expert_used_count", number(experts.used)),
                ("expert_feed_forward_length", number(experts.feedForward ?? feedForward)), ("expert_shared_count", number(experts.shared)),
            ]
        }
        if let latent {
            pairs += [
                ("attention.kv_lora_rank", number(latent.rank)), ("attention.key_length_mla", number(headSize)),
                ("attention.value_length_mla", number(headSize - latent.rotary)), ("rope.dimension_count", number(latent.rotary)),
                ("leading_dense_block_count", number(1)),
            ]
        }
        if let recurrent, architecture == .lfm2 { pairs.append(("shortconv.l_cache", number(recurrent.convolution))) }
        if let recurrent, architecture != .lfm2 {
            pairs += [
                ("ssm.conv_kernel", number(recurrent.convolution)), ("ssm.inner_size", number(recurrent.inner)),
                ("ssm.state_size", number(recurrent.state)), ("ssm.group_count", number(recurrent.groups)),
                ("ssm.time_step_rank", number(recurrent.timeStepRank ?? recurrent.inner / 64)),
            ]
        }
        return pairs
    }

    /// A vocabulary of the 256 bytes and made-up words.
    private static func words(_ count: Int) -> [(key: String, value: GGUFDraft.Value)] {
        let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + (0..<max(0, count - 259)).map { "▁w\($0)" }
        return [
            ("tokenizer.ggml.model", .text("llama")), ("tokenizer.ggml.tokens", .texts(tokens)),
            ("tokenizer.ggml.scores", .floats(tokens.indices.map { -Float($0) })),
            ("tokenizer.ggml.token_type", .integers(tokens.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : $0 < 259 ? 6 : 1 })),
            ("tokenizer.ggml.bos_token_id", .unsigned(1)), ("tokenizer.ggml.eos_token_id", .unsigned(2)),
            ("tokenizer.ggml.unknown_token_id", .unsigned(0)),
        ]
    }
}
