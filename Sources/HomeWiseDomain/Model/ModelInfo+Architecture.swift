// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelInfo {
    /// What memory and speed estimates need to know before the file's own header can be read. Counts, and sizes in elements.
    public struct Architecture: Sendable, Codable, Equatable {
        /// As the engine names it.
        public var name: String?
        public var layers: Int?
        public var heads: PerLayer?
        public var kvHeads: PerLayer?
        public var headSize: Int?
        /// Where a head's value is not of its key's size.
        public var valueSize: Int?
        public var embedding: Int?
        public var feedForward: PerLayer?
        public var vocabulary: Int?
        /// Layers from the first on that keep a cache of their own.
        public var cachingLayers: Int?
        public var slidingWindow: ModelFacts.SlidingWindow?
        public var latent: ModelFacts.Latent?
        public var experts: ModelFacts.Experts?
        public var recurrent: Recurrence?

        /// Older registries say only whether; newer ones say how.
        public enum Recurrence: Sendable, Codable, Equatable {
            case told(Bool)
            case known(ModelFacts.Recurrent)

            public init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let flag = try? container.decode(Bool.self) {
                    self = .told(flag)
                } else {
                    self = try .known(container.decode(ModelFacts.Recurrent.self))
                }
            }

            public func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .told(let flag): try container.encode(flag)
                case .known(let facts): try container.encode(facts)
                }
            }
        }

        enum CodingKeys: String, CodingKey {
            case name, layers, heads, embedding, vocabulary, latent, experts, recurrent
            case kvHeads = "kv_heads"
            case headSize = "head_size"
            case valueSize = "value_size"
            case feedForward = "feed_forward"
            case cachingLayers = "caching_layers"
            case slidingWindow = "sliding_window"
        }

        public init(layers: Int? = nil, kvHeads: PerLayer? = nil, headSize: Int? = nil, embedding: Int? = nil) {
            self.layers = layers
            self.kvHeads = kvHeads
            self.headSize = headSize
            self.embedding = embedding
        }
    }

    /// What the registry tells of a variant, in the form that the file's own header would tell it.
    public func facts(_ variant: ModelVariant) -> ModelFacts {
        var facts = ModelFacts(container: .gguf)
        facts.name = name
        facts.architecture = architecture?.name
        facts.quantization = variant.quantization
        facts.contextLength = contextLength
        facts.parameters = ParameterCount.parse(parameters)
        facts.activeParameters = ParameterCount.parse(activeParameters)
        if let shape = architecture {
            (facts.layers, facts.embedding, facts.vocabulary) = (shape.layers, shape.embedding, shape.vocabulary)
            (facts.heads, facts.kvHeads, facts.feedForward) = (shape.heads, shape.kvHeads ?? shape.heads, shape.feedForward)
            (facts.keySize, facts.valueSize) = (shape.headSize, shape.valueSize ?? shape.headSize)
            (facts.slidingWindow, facts.latent, facts.experts) = (shape.slidingWindow, shape.latent, shape.experts)
            facts.cachingLayers = shape.cachingLayers
            if case .known(let recurrent) = shape.recurrent { facts.recurrent = recurrent }
        }
        facts.weights = Self.weights(variant, facts)
        return facts
    }

    /// Where the bytes go, as far as the name of the quantisation and the size of the vocabulary tell.
    private static func weights(_ variant: ModelVariant, _ facts: ModelFacts) -> ModelFacts.Weights {
        let mixture = QuantizationMixture.of(variant.quantization)
        var weights = ModelFacts.Weights(totalBytes: variant.size.bytes)
        let table = Double(facts.vocabulary ?? 0) * Double(facts.embedding ?? 0) * mixture.embeddingBits / 8
        weights.embeddingBytes = Int64(min(table, Double(variant.size.bytes) / 2))
        for (type, share) in mixture.shares { weights.bytesByType[type] = Int64(Double(variant.size.bytes) * share) }
        if let all = facts.parameters, let active = facts.activeParameters, let experts = facts.experts, experts.count > experts.used,
            all > active
        {
            // all = rest + experts, active = rest + experts · used / count
            let resting = 1 - Double(experts.used) / Double(experts.count)
            let expertShare = Double(all - active) / Double(all) / resting
            weights.expertBytes = Int64(Double(variant.size.bytes) * min(1, expertShare))
        }
        return weights
    }
}

/// “1.7B” as people write parameters.
enum ParameterCount {
    static func parse(_ text: String?) -> Int64? {
        guard let text, let unit = text.last, let value = Double(text.dropLast()), value.isFinite, value > 0 else { return nil }
        let scale = ["K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12][unit.uppercased()]
        return scale.flatMap { Int64(exactly: min(value * $0, 1e15).rounded()) }
    }
}

/// Which types of blocks a file of a quantisation is made of, by bytes.
///
/// Source: llama.cpp, `llama_tensor_get_type` in src/llama-quant.cpp: the M mixtures keep half of the value and down
/// matrices, and the output, in a finer type. Shares were counted on files of the Qwen3 shapes.
struct QuantizationMixture {
    let shares: [String: Double]
    /// Bits of an element of the table of tokens.
    let embeddingBits: Double

    static func of(_ quantization: String) -> QuantizationMixture {
        let name = quantization.uppercased()
        let known: [String: QuantizationMixture] = [
            "Q2_K": .init(shares: ["Q2_K": 0.55, "Q3_K": 0.25, "Q6_K": 0.2], embeddingBits: 2.6),
            "Q3_K_M": .init(shares: ["Q3_K": 0.65, "Q5_K": 0.1, "Q4_K": 0.15, "Q6_K": 0.1], embeddingBits: 3.4),
            "Q4_K_M": .init(shares: ["Q4_K": 0.72, "Q6_K": 0.28], embeddingBits: 4.5),
            "Q4_K_S": .init(shares: ["Q4_K": 0.85, "Q5_K": 0.05, "Q6_K": 0.1], embeddingBits: 4.5),
            "Q5_K_M": .init(shares: ["Q5_K": 0.75, "Q6_K": 0.25], embeddingBits: 5.5),
            "Q5_K_S": .init(shares: ["Q5_K": 0.9, "Q6_K": 0.1], embeddingBits: 5.5),
        ]
        if let mixture = known[name] { return mixture }
        if let type = GGMLType.named(name) { return .init(shares: [name: 1], embeddingBits: type.bitsPerElement) }
        return .init(shares: [:], embeddingBits: 5)
    }
}
