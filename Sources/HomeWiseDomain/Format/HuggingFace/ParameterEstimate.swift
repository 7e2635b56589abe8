// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Parameters by the sizes of a configuration, where no weights were read. Within a few percent for the usual decoders and
/// for BERT; norms are counted, biases are not.
///
/// The terms: the table of tokens and, unless tied, the output; per layer the four projections of attention, two or three
/// matrices of a feed-forward (three where it is gated), a router and its experts, or the projections of a state-space layer
/// (Mamba, arXiv 2312.00752; latent attention, arXiv 2405.04434).
struct ParameterEstimate {
    let total: Int64
    /// Parameters that one token passes through.
    let active: Int64

    /// Feed-forwards of two matrices; newer models have a gate beside them.
    private static let ungated: Set<String> = [
        "gpt2", "gpt_neo", "gptj", "gpt_neox", "gpt_bigcode", "codegen", "opt", "bloom", "falcon", "mpt", "phi", "starcoder2", "nemotron",
        "persimmon", "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "camembert", "deberta", "deberta-v2",
    ]
    /// Models whose output is the table of tokens although the file does not say so.
    private static let tied: Set<String> = [
        "gpt2", "gpt_bigcode", "gemma", "gemma2", "gemma3", "gemma3_text", "falcon", "bloom", "opt", "mpt", "cohere", "cohere2", "mamba",
        "mamba2", "starcoder2", "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "camembert",
    ]

    /// - Returns: `nil` where width, depth or vocabulary are not told, and for pairs of encoder and decoder.
    init?(_ figures: ConfigFigures, _ facts: ModelFacts) throws {
        guard let layers = facts.layers, let width = facts.embedding.map(Double.init), let vocabulary = facts.vocabulary.map(Double.init),
            figures.flag("is_encoder_decoder") != true
        else { return nil }
        let family = figures.text("model_type") ?? ""
        let table = vocabulary * width
        let isTied = figures.flag("tie_word_embeddings") ?? Self.tied.contains(family)
        var shared = try (isTied ? table : 2 * table) + Self.extras(figures, facts, family) + width
        var (routed, routedActive) = (0.0, 0.0)
        // Looked up once: a list of strangers may have millions of entries.
        let dense = Set(figures.places("mlp_only_layers") ?? [])
        for layer in 0..<layers {
            shared += try Self.mixer(figures, facts, layer: layer) + 2 * width
            let matrices: Double = Self.ungated.contains(family) ? 2 : 3
            guard let experts = facts.experts, try !dense.contains(layer) && Self.hasExperts(figures, layer: layer) else {
                shared += matrices * width * Double(facts.feedForward?[layer] ?? 0)
                continue
            }
            let expert = matrices * width * Double(experts.feedForward ?? facts.feedForward?[layer] ?? 0)
            let beside = try figures.count("shared_expert_intermediate_size", "shared_intermediate_size").map {
                matrices * width * Double($0)
            }
            shared += (beside ?? expert * Double(experts.shared)) + width * Double(experts.count)
            routed += expert * Double(experts.count)
            routedActive += expert * Double(experts.used)
        }
        guard let total = Int64(exactly: (shared + routed).rounded()), let active = Int64(exactly: (shared + routedActive).rounded()) else {
            return nil
        }
        (self.total, self.active) = (total, active)
    }

    /// The first layers of DeepSeek, and every second one of some others, have one feed-forward instead of experts.
    private static func hasExperts(_ figures: ConfigFigures, layer: Int) throws -> Bool {
        if let dense = try figures.count("first_k_dense_replace", "moe_layer_start_index"), layer < dense { return false }
        if let period = try figures.count("expert_layer_period") {
            return layer % period == (try figures.count("expert_layer_offset") ?? 0)
        }
        let step = try figures.count("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval") ?? 1
        return (layer + 1) % step == 0
    }

    /// Tables of positions and token types, BERT's pooler, and the part that looks at pictures.
    private static func extras(_ figures: ConfigFigures, _ facts: ModelFacts, _ family: String) throws -> Double {
        let width = Double(facts.embedding ?? 0)
        var extras = 0.0
        let isBert = ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "electra", "camembert"].contains(family)
        if isBert || ["gpt2", "gpt_bigcode", "opt"].contains(family) {
            extras += width * Double(try figures.count("max_position_embeddings", "n_positions") ?? 0)
        }
        if isBert { extras += width * Double(try figures.count("type_vocab_size") ?? 0) + width * width }
        if let vision = figures.root["vision_config"], vision.isObject {
            let tower = ConfigFigures(vision)
            let depth = Double(try tower.count("num_hidden_layers", "depth") ?? 0)
            let inner = Double(try tower.count("hidden_size", "embed_dim") ?? 0)
            let spread = Double(try tower.count("intermediate_size") ?? 0)
            extras += depth * (4 * inner * inner + 2 * inner * (spread > 0 ? spread : 4 * inner))
        }
        return extras
    }
}
