// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelFacts {
    mutating func readExperts(_ figures: ConfigFigures) throws {
        let part = figures.part("ffn_config")
        let told = try figures.perLayer("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
        let count = try told?.maximum ?? part?.count("moe_num_experts") ?? 0
        guard count > 1 else { return }
        let used =
            try figures.count(
                "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")
            ?? part?.count("moe_top_k")
        guard let used else { return }
        guard used <= count else { throw FormatFault.badValue("num_experts_per_tok", "\(used) of \(count) experts") }
        experts = Experts(
            count: count, used: used, shared: try Self.sharedExperts(figures),
            feedForward: try figures.perLayer("moe_intermediate_size", "expert_ffn_hidden_size")?.maximum)
    }

    private static func sharedExperts(_ figures: ConfigFigures) throws -> Int {
        if let count = try figures.count("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert") {
            return count
        }
        // Qwen and Granite give a shared expert's size instead of a count.
        return try figures.count("shared_expert_intermediate_size", "shared_intermediate_size") == nil ? 0 : 1
    }

    mutating func readRecurrence(_ figures: ConfigFigures) throws {
        recurrent = try Self.gatedDelta(figures) ?? Self.mamba(figures, embedding: embedding) ?? Self.shortConvolution(figures)
        // A model of such layers alone has no heads, and so no cache at all.
        if recurrent != nil, heads == nil { kvHeads = .all(0) }
    }

    /// Mamba 1 and 2, alone or among attention layers.
    private static func mamba(_ figures: ConfigFigures, embedding: Int?) throws -> Recurrent? {
        guard let state = try figures.count("state_size", "d_state", "mamba_d_state", "ssm_state_size", "mamba_state_dim"),
            let convolution = try figures.count("conv_kernel", "d_conv", "mamba_d_conv", "mamba_conv_kernel")
        else { return nil }
        let heads = try figures.count("mamba_n_heads", "mamba_num_heads", "n_mamba_heads")
        let headSize = try figures.count("mamba_d_head", "mamba_head_dim", "mamba_headdim")
        let expanded = try expandedSize(figures, embedding)
        let product = heads.flatMap { heads in headSize.map { heads.multipliedReportingOverflow(by: $0) } }
        let told = try figures.count("d_inner", "mamba_d_ssm")
        guard let inner = told ?? product.flatMap({ $0.overflow ? nil : $0.partialValue }) ?? expanded else { return nil }
        return Recurrent(
            convolution: convolution, inner: inner, state: state,
            groups: try figures.count("n_groups", "mamba_n_groups", "mamba_ngroups") ?? 0,
            timeStepRank: try timeStepRank(figures, embedding) ?? heads)
    }

    private static func expandedSize(_ figures: ConfigFigures, _ embedding: Int?) throws -> Int? {
        if figures.text("model_type")?.hasPrefix("mamba") == true, let inner = try figures.count("intermediate_size") { return inner }
        guard let embedding, let factor = figures.number("expand", "mamba_expand") else { return nil }
        return Int(exactly: (factor * Double(embedding)).rounded()).flatMap { (1...Int(ConfigFigures.largest)).contains($0) ? $0 : nil }
    }

    private static func timeStepRank(_ figures: ConfigFigures, _ embedding: Int?) throws -> Int? {
        if let rank = try figures.count("time_step_rank", "mamba_dt_rank") { return rank }
        // “auto” is a sixteenth of the width, rounded up.
        return figures.text("time_step_rank", "mamba_dt_rank") == "auto" ? embedding.map { ($0 + 15) / 16 } : nil
    }

    /// Qwen3-Next: a gated delta rule, whose state is a matrix for each value head.
    private static func gatedDelta(_ figures: ConfigFigures) throws -> Recurrent? {
        guard let keyHeads = try figures.count("linear_num_key_heads"), let valueHeads = try figures.count("linear_num_value_heads"),
            let keySize = try figures.count("linear_key_head_dim"), let valueSize = try figures.count("linear_value_head_dim")
        else { return nil }
        let (inner, overflows) = valueHeads.multipliedReportingOverflow(by: valueSize)
        guard !overflows else { throw FormatFault.tooLarge("linear_num_value_heads", "\(valueHeads) heads of \(valueSize)") }
        return Recurrent(
            convolution: try figures.count("linear_conv_kernel_dim") ?? 4, inner: inner, state: keySize, groups: keyHeads,
            timeStepRank: valueHeads)
    }

    /// LFM2: a convolution over the last few tokens and no state beside it.
    private static func shortConvolution(_ figures: ConfigFigures) throws -> Recurrent? {
        guard let convolution = try figures.count("conv_L_cache"), let inner = try figures.count("conv_dim", "hidden_size") else {
            return nil
        }
        return Recurrent(convolution: convolution, inner: inner, state: 0)
    }
}
