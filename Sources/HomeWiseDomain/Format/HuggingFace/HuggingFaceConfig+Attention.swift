// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a layer keeps of the tokens before it.
enum LayerKind: Equatable {
    case full, sliding, recurrent
    /// A feed-forward layer alone.
    case nothing

    /// - Parameter word: as `layer_types` and `layers_block_type` have it.
    init(word: String) {
        switch word {
        case "sliding_attention", "chunked_attention", "sliding_window", "local": self = .sliding
        case "linear_attention", "mamba", "mamba2", "recurrent", "conv", "linear", "rwkv", "m": self = .recurrent
        case "mlp", "moe": self = .nothing
        default: self = .full
        }
    }

    /// - Returns: the kinds of all layers where the file tells which of them have attention; `nil` where all are alike.
    static func all(_ figures: ConfigFigures, layers: Int) throws -> [LayerKind]? {
        if let words = try figures.words("layer_types", "layers_block_type"), words.count == layers { return words.map(Self.init) }
        // RecurrentGemma tells of one round, which repeats.
        if let words = try figures.words("block_types", "_block_types") {
            return (0..<layers).map { LayerKind(word: words[$0 % words.count]) }
        }
        if let pattern = figures.text("hybrid_override_pattern"), pattern.utf8.count == layers {
            return pattern.utf8.map(Self.init(letter:))
        }
        if let places = figures.places("attn_layer_indices") { return (0..<layers).map { places.contains($0) ? .full : .recurrent } }
        if let period = try figures.count("attn_layer_period") {
            let offset = try figures.count("attn_layer_offset") ?? 0
            return (0..<layers).map { $0 % period == offset ? .full : .recurrent }
        }
        if let interval = try figures.count("full_attention_interval") {
            return (0..<layers).map { ($0 + 1) % interval == 0 ? .full : .recurrent }
        }
        return nil
    }

    /// Nemotron-H spells layers as letters: M for Mamba, a star for attention, a dash for a feed-forward, E for experts.
    private init(letter: UInt8) {
        switch letter {
        case UInt8(ascii: "M"): self = .recurrent
        case UInt8(ascii: "*"): self = .full
        default: self = .nothing
        }
    }
}

extension ModelFacts {
    mutating func readAttention(_ figures: ConfigFigures) throws {
        let part = figures.part("attn_config")
        heads = try figures.perLayer("num_attention_heads", "n_head", "n_heads", "num_heads")
        kvHeads =
            try figures.perLayer("num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num")
            ?? part?.perLayer("kv_n_heads") ?? (figures.flag("multi_query") == true ? .all(1) : heads)
        try readLatent(figures)
        let size = try figures.count("head_dim", "kv_channels", "attention_head_dim", "d_kv") ?? evenShare()
        keySize = keySize ?? size
        valueSize = try figures.count("v_head_dim") ?? size
        let kinds = try layers.flatMap { try LayerKind.all(figures, layers: $0) }
        try readWindow(figures, kinds)
        readSilentLayers(kinds)
    }

    /// The width divided among the heads, where it divides.
    private func evenShare() -> Int? {
        guard let embedding, let heads = heads?.maximum, heads > 0, embedding % heads == 0 else { return nil }
        return embedding / heads
    }

    /// DeepSeek's attention keeps a compressed vector and a rotary part of each token.
    private mutating func readLatent(_ figures: ConfigFigures) throws {
        guard let rank = try figures.count("kv_lora_rank"), let rotary = try figures.count("qk_rope_head_dim") else { return }
        latent = Latent(rank: rank, rotary: rotary)
        keySize = try figures.count("qk_nope_head_dim").map { $0 + rotary }
    }

    private mutating func readWindow(_ figures: ConfigFigures, _ kinds: [LayerKind]?) throws {
        guard figures.flag("use_sliding_window") != false, let size = try figures.count("sliding_window", "attention_chunk_size") else {
            return
        }
        var window = SlidingWindow(size: size)
        if let kinds, kinds.contains(.sliding) {
            window.isSliding = kinds.map { $0 == .sliding }
        } else if kinds?.contains(.full) == true, kinds?.contains(.recurrent) == false {
            return
        } else if let pattern = figures.text("sliding_window_pattern"), !pattern.isEmpty, pattern.utf8.count <= ConfigFigures.mostLayers {
            // EXAONE spells a round as letters: “LLLG”.
            let letters = Array(pattern.utf8)
            window.isSliding = layers.map { (0..<$0).map { letters[$0 % letters.count] == UInt8(ascii: "L") } }
        } else if let every = try figures.count("sliding_window_pattern", "_sliding_window_pattern") {
            window.fullEvery = every
        } else if architecture == "gemma2" || figures.text("model_type") == "gemma2" {
            window.fullEvery = 2
        } else if let first = try figures.count("max_window_layers"), let layers {
            // Qwen2: the layers below that place see everything.
            guard first < layers else { return }
            window.isSliding = (0..<layers).map { $0 >= first }
        }
        slidingWindow = window
    }

    /// Layers without attention keep no keys and values.
    private mutating func readSilentLayers(_ kinds: [LayerKind]?) {
        guard let kinds, let kvHeads, kinds.contains(where: { $0 == .recurrent || $0 == .nothing }) else { return }
        self.kvHeads = .each(kinds.indices.map { [.full, .sliding].contains(kinds[$0]) ? kvHeads[$0] : 0 })
    }
}
