// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ParameterEstimate {
    /// Parameters of the part of a layer that looks at other tokens.
    static func mixer(_ figures: ConfigFigures, _ facts: ModelFacts, layer: Int) throws -> Double {
        let keyHeads = facts.kvHeads?[layer] ?? 0
        if let recurrent = facts.recurrent, keyHeads == 0 { return stateSpace(recurrent, width: Double(facts.embedding ?? 0)) }
        if let latent = facts.latent { return try self.latent(latent, figures, facts, layer: layer) }
        return attention(facts, layer: layer)
    }

    private static func attention(_ facts: ModelFacts, layer: Int) -> Double {
        let width = Double(facts.embedding ?? 0)
        let heads = Double(facts.heads?[layer] ?? 0)
        let keyHeads = Double(facts.kvHeads?[layer] ?? 0)
        let key = Double(facts.keySize ?? 0)
        let value = Double(facts.valueSize ?? 0)
        guard keyHeads > 0 else { return 0 }
        return width * heads * key + width * keyHeads * (key + value) + heads * value * width
    }

    private static func latent(
        _ latent: ModelFacts.Latent, _ figures: ConfigFigures, _ facts: ModelFacts, layer: Int
    ) throws -> Double {
        let width = Double(facts.embedding ?? 0)
        let heads = Double(facts.heads?[layer] ?? 0)
        let rank = Double(latent.rank)
        let rotary = Double(latent.rotary)
        let key = Double(facts.keySize ?? 0)
        let value = Double(facts.valueSize ?? 0)
        let query = try figures.count("q_lora_rank").map { Double($0) * (width + heads * key) } ?? width * heads * key
        return query + width * (rank + rotary) + rank * heads * (key - rotary + value) + heads * value * width
    }

    /// Mamba's projections in and out, its convolution and the matrices of its state.
    private static func stateSpace(_ recurrent: ModelFacts.Recurrent, width: Double) -> Double {
        let inner = Double(recurrent.inner)
        let state = Double(recurrent.state)
        let kernel = Double(recurrent.convolution)
        if recurrent.groups > 0 {
            let mixed = inner + 2 * Double(recurrent.groups) * state
            return width * (inner + mixed + Double(recurrent.timeStepRank ?? 0)) + mixed * kernel + inner * width
        }
        let rank = Double(recurrent.timeStepRank ?? 0)
        return width * 2 * inner + inner * kernel + inner * (2 * rank + 3 * state) + inner * width
    }
}
