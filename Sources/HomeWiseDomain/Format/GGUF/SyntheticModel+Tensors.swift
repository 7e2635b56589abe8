// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SyntheticModel {
    var tensors: [GGUFDraft.Tensor] {
        let finalNorm = architecture == .lfm2 ? "token_embd_norm.weight" : "output_norm.weight"
        var list = [GGUFDraft.Tensor("token_embd.weight", [embedding, vocabulary], embeddingType), vector(finalNorm, embedding)]
        if hasOutput { list.append(.init("output.weight", [embedding, vocabulary], embeddingType)) }
        for layer in 0..<layers {
            let block = block(layer)
            list += block.map { GGUFDraft.Tensor("blk.\(layer).\($0.name)", $0.shape, $0.type) }
        }
        return list
    }

    private func block(_ layer: Int) -> [GGUFDraft.Tensor] {
        let norm = [vector("attn_norm.weight", embedding)]
        if architecture == .mamba2 { return norm + mamba() }
        let mixer = hasAttention(layer) ? attention() : architecture == .lfm2 ? shortConvolution() : mamba()
        return norm + mixer + [vector("ffn_norm.weight", embedding)] + forward(layer)
    }

    private func vector(_ name: String, _ size: Int) -> GGUFDraft.Tensor { .init(name, [size], .plain) }
    private func matrix(_ name: String, _ row: Int, _ rows: Int) -> GGUFDraft.Tensor { .init(name + ".weight", [row, rows], type) }

    private func attention() -> [GGUFDraft.Tensor] {
        if let latent { return latentAttention(latent) }
        var list = [
            matrix("attn_q", embedding, heads * headSize), matrix("attn_k", embedding, kvHeads * headSize),
            matrix("attn_v", embedding, kvHeads * headSize), matrix("attn_output", heads * headSize, embedding),
        ]
        if [.qwen3, .qwen3moe, .gemma3, .lfm2].contains(architecture) {
            list += [vector("attn_q_norm.weight", headSize), vector("attn_k_norm.weight", headSize)]
        }
        if architecture == .gemma3 { list += [vector("post_attention_norm.weight", embedding), vector("post_ffw_norm.weight", embedding)] }
        return list
    }

    private func latentAttention(_ latent: ModelFacts.Latent) -> [GGUFDraft.Tensor] {
        let plain = headSize - latent.rotary
        return [
            matrix("attn_q", embedding, heads * headSize), matrix("attn_kv_a_mqa", embedding, latent.rank + latent.rotary),
            vector("attn_kv_a_norm.weight", latent.rank), .init("attn_k_b.weight", [plain, latent.rank, heads], type),
            .init("attn_v_b.weight", [latent.rank, plain, heads], type), matrix("attn_output", heads * plain, embedding),
        ]
    }

    private func forward(_ layer: Int) -> [GGUFDraft.Tensor] {
        guard let experts, latent == nil || layer > 0 else {
            return [
                matrix("ffn_gate", embedding, feedForward), matrix("ffn_up", embedding, feedForward),
                matrix("ffn_down", feedForward, embedding),
            ]
        }
        let width = experts.feedForward ?? feedForward
        var list: [GGUFDraft.Tensor] = [
            .init("ffn_gate_inp.weight", [embedding, experts.count], .plain),
            .init("ffn_gate_exps.weight", [embedding, width, experts.count], type),
            .init("ffn_up_exps.weight", [embedding, width, experts.count], type),
            .init("ffn_down_exps.weight", [width, embedding, experts.count], type),
        ]
        if experts.shared > 0 {
            list += [
                matrix("ffn_gate_shexp", embedding, width * experts.shared), matrix("ffn_up_shexp", embedding, width * experts.shared),
                matrix("ffn_down_shexp", width * experts.shared, embedding),
            ]
        }
        return list
    }

    private func shortConvolution() -> [GGUFDraft.Tensor] {
        [
            .init("shortconv.conv.weight", [recurrent?.convolution ?? 3, embedding], .plain),
            matrix("shortconv.in_proj", embedding, 3 * embedding), matrix("shortconv.out_proj", embedding, embedding),
        ]
    }

    private func mamba() -> [GGUFDraft.Tensor] {
        guard let recurrent else { return [] }
        let heads = recurrent.timeStepRank ?? recurrent.inner / 64
        let convolved = recurrent.inner + 2 * recurrent.groups * recurrent.state
        return [
            matrix("ssm_in", embedding, recurrent.inner + convolved + heads),
            .init("ssm_conv1d.weight", [recurrent.convolution, convolved], .plain), vector("ssm_conv1d.bias", convolved),
            vector("ssm_dt.bias", heads), .init("ssm_a", [1, heads], .plain), .init("ssm_d", [1, heads], .plain),
            .init("ssm_norm.weight", [recurrent.inner / max(1, recurrent.groups), max(1, recurrent.groups)], .plain),
            matrix("ssm_out", recurrent.inner, embedding),
        ]
    }
}

extension GGMLType {
    /// What norms, biases and routers are kept in.
    public static let plain = GGMLType(number: 0, name: "F32", blockElements: 1, blockBytes: 4)
}
