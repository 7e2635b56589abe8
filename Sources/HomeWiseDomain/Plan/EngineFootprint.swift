// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What llama.cpp allocates beside the weights, from the figures of a model. Bytes, as floating point: figures of strangers
/// multiply to absurd sums, and those must not trap.
///
/// Sources: llama.cpp, llama-kv-cache.cpp, llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp and llama-hparams.cpp for the
/// cache; for the buffers of a step, a fit of `llama-fit-params` over the shapes in bench/memory.sh, October 2026.
public struct EngineFootprint: Sendable {
    private let facts: ModelFacts
    private let options: ContextOptions

    public init(_ facts: ModelFacts, _ options: ContextOptions) {
        self.facts = facts
        self.options = options
    }

    private var layers: Int { min(max(facts.layers ?? 32, 0), 4096) }

    // MARK: Cache

    /// Encoders look at the whole text at once and keep nothing.
    private var hasCache: Bool {
        !(facts.architecture?.hasSuffix("bert") ?? false) && facts.architecture != "gemma-embedding"
    }

    /// Keys, values and states of all layers.
    public var cache: Double {
        guard hasCache else { return 0 }
        return (0..<layers).reduce(0.0) { $0 + bytes(ofLayer: $1) }
    }

    private func bytes(ofLayer layer: Int) -> Double {
        if let recurrent = facts.recurrent {
            if recurrent.isBesideAttention { return state(recurrent) + attention(layer) }
            if isRecurrent(layer, recurrent) { return state(recurrent) }
        }
        if let caching = facts.cachingLayers, layer >= caching { return 0 }
        return attention(layer)
    }

    private func isRecurrent(_ layer: Int, _ recurrent: ModelFacts.Recurrent) -> Bool {
        if let every = recurrent.attentionEvery, every > 0 { return (layer + 1) % every != 0 }
        return facts.kvHeads?[layer] == 0
    }

    private func attention(_ layer: Int) -> Double {
        let cells = Double(slides(layer) ? slidingCells : Self.padded(options.context))
        if let latent = facts.latent { return cells * bytes(Double(latent.rank) + Double(latent.rotary), options.keyType) }
        let heads = Double(facts.kvHeads?[layer] ?? facts.heads?[layer] ?? 8)
        let isSliding = slides(layer)
        let key = Double((isSliding ? facts.slidingWindow?.keySize : nil) ?? facts.keySize ?? 128)
        let value = Double((isSliding ? facts.slidingWindow?.valueSize : nil) ?? facts.valueSize ?? facts.keySize ?? 128)
        return cells * (bytes(heads * key, options.keyType) + bytes(heads * value, options.valueType))
    }

    private func slides(_ layer: Int) -> Bool { facts.slidingWindow?.slides(layer: layer) ?? false }

    private func bytes(_ elements: Double, _ type: ContextOptions.CacheType) -> Double { elements / 32 * Double(type.bytesOf32) }

    /// The window of every conversation and one batch.
    private var slidingCells: Int {
        guard let size = facts.slidingWindow?.size else { return 0 }
        let window = Double(size) * Double(options.parallel) + Double(options.batch)
        return Self.padded(Int(min(Double(options.context), window)))
    }

    /// Convolution and state, in 32-bit numbers, for each conversation.
    private func state(_ recurrent: ModelFacts.Recurrent) -> Double {
        let convolved = Double(recurrent.inner) + 2 * Double(recurrent.groups) * Double(recurrent.state)
        let convolution = Double(max(0, recurrent.convolution - 1)) * convolved
        return (convolution + Double(recurrent.state) * Double(recurrent.inner)) * 4 * Double(options.parallel)
    }

    /// Contexts are rounded up to whole blocks of cells.
    static func padded(_ cells: Int) -> Int { min(max(cells, 0), 1 << 40) / 256 * 256 + (cells % 256 == 0 ? 0 : 256) }

    // MARK: Buffers

    /// Buffers of the larger of two steps: through the layers, and to the scores of every word.
    ///
    /// - Parameter outputs: tokens of a batch whose scores are wanted; a server wants one for each conversation.
    public func compute(outputs: Int) -> Double {
        let batch = Double(min(options.batch, max(1, options.context)))
        let width = Double(facts.embedding ?? 4096) * batch * 4
        let scores = Double(facts.vocabulary ?? 0) * Double(min(outputs, Int(batch))) * 4 + 2 * width
        return max(layerStep(batch, width) + mask(batch), scores)
    }

    private func layerStep(_ batch: Double, _ width: Double) -> Double {
        let isQuantized = options.keyType.bytesOf32 < 64
        let dense =
            3 * (facts.feedForward.map { Double($0.maximum) } ?? 4 * Double(facts.embedding ?? 4096)) * batch * 4 + (isQuantized ? 3 : 4)
            * width
        var largest = facts.experts == nil ? dense : 0
        if let experts = facts.experts {
            let chosen =
                Double(experts.used) * (Double(facts.embedding ?? 4096) + Double(experts.feedForward ?? facts.feedForward?.maximum ?? 0))
            largest = 2 * chosen * batch * 4
        }
        if let recurrent = facts.recurrent, recurrent.state > 0 {
            let convolved = Double(recurrent.inner) + 2 * Double(recurrent.groups) * Double(recurrent.state)
            let projected = Double(recurrent.inner) + convolved + Double(recurrent.timeStepRank ?? 0)
            largest = max(largest, 2 * (projected + convolved) * batch * 4 + width)
        }
        return largest
    }

    /// Which cell each token of a batch may look at, in 16-bit numbers, for each kind of attention.
    private func mask(_ batch: Double) -> Double {
        guard hasCache else { return 0 }
        let hasFull = (0..<layers).contains { !slides($0) && facts.kvHeads?[$0] != 0 }
        let full = hasFull ? Double(Self.padded(options.context)) : 0
        return (full + Double(slidingCells)) * batch * 2
    }

    // MARK: Process

    /// The process, and what it keeps of every word: between 17 MiB (49,152 words) and 52 MiB (262,144) of private memory
    /// were measured beside the buffers (`smaps_rollup`, llama-server, October 2026).
    public static func process(_ facts: ModelFacts) -> Double { 10.5e6 + 155 * Double(facts.vocabulary ?? 128_000) }
}
