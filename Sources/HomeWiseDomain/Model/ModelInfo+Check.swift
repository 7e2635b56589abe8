// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelInfo {
    /// Figures that no model has would be multiplied and added up: they are refused where they are read.
    ///
    /// - Throws: `Failure.badInput` naming model and field.
    func check() throws {
        try check("context_length", contextLength, 1...(1 << 30))
        guard let shape = architecture else { return }
        try check("architecture.layers", shape.layers, 1...4096)
        try check("architecture.caching_layers", shape.cachingLayers, 0...4096)
        for (field, size) in [("head_size", shape.headSize), ("value_size", shape.valueSize), ("embedding", shape.embedding)] {
            try check("architecture.\(field)", size, 1...(1 << 20))
        }
        try check("architecture.vocabulary", shape.vocabulary, 1...(1 << 24))
        for (field, figure) in [("heads", shape.heads), ("kv_heads", shape.kvHeads), ("feed_forward", shape.feedForward)] {
            for value in figure?.values ?? [] { try check("architecture.\(field)", value, 0...(1 << 24)) }
        }
        try check("architecture.sliding_window.size", shape.slidingWindow?.size, 1...(1 << 30))
        try check("architecture.experts.count", shape.experts?.count, 1...65_536)
        try check("architecture.experts.used", shape.experts?.used, 0...65_536)
        try check("architecture.experts.feedForward", shape.experts?.feedForward, 1...(1 << 24))
        try check("architecture.latent.rank", shape.latent?.rank, 1...(1 << 20))
        try check("architecture.latent.rotary", shape.latent?.rotary, 0...(1 << 20))
        if case .known(let state) = shape.recurrent {
            for figure in [state.convolution, state.inner, state.state, state.groups, state.timeStepRank ?? 0, state.attentionEvery ?? 0] {
                try check("architecture.recurrent", figure, 0...(1 << 24))
            }
        }
    }

    private func check(_ field: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw Failure.badInput(
            "\(name): “\(field)” is \(value).", remedy: "It must lie from \(range.lowerBound) to \(range.upperBound).")
    }
}

extension PerLayer {
    var values: [Int] {
        switch self {
        case .all(let value): [value]
        case .each(let values): values
        }
    }
}
