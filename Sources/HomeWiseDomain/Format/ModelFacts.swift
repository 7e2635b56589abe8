// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a model's own files say of it, whatever their format. `nil` is “it does not say”. Sizes are in elements, counts
/// are counts, `…Bytes` are bytes.
public struct ModelFacts: Sendable, Codable, Equatable {
    /// What the weights lie in.
    public enum Container: String, Sendable, Codable, CaseIterable { case gguf, safetensors, onnx, pytorch }

    public var container: Container
    public var name: String?
    /// As the engine names it: `llama`, `qwen3moe`, `bert`.
    public var architecture: String?
    public var license: String?
    public var parameters: Int64?
    /// Parameters that one token passes through, where it is a mixture of experts.
    public var activeParameters: Int64?
    public var layers: Int?
    /// Tokens.
    public var contextLength: Int?
    public var embedding: Int?
    public var vocabulary: Int?
    public var feedForward: PerLayer?
    public var heads: PerLayer?
    /// Heads that keep keys and values; zero for a layer without attention.
    public var kvHeads: PerLayer?
    /// Elements of one head's key, and of its value.
    public var keySize: Int?
    public var valueSize: Int?
    /// Layers from the first on that keep a cache of their own, where the later ones share theirs; `nil` where all do.
    public var cachingLayers: Int?
    public var slidingWindow: SlidingWindow?
    /// Multi-head latent attention: what is kept of a token instead of keys and values.
    public var latent: Latent?
    public var recurrent: Recurrent?
    public var experts: Experts?
    public var tokenizer: String?
    public var chatTemplate: String?
    public var capabilities: [Capability] = []
    /// As people name it: `Q4_K_M`, `F16`, `int8`.
    public var quantization: String?
    public var weights: Weights?

    public init(container: Container) { self.container = container }

    /// Tokens that a sliding layer looks back, and which layers slide.
    public struct SlidingWindow: Sendable, Codable, Equatable {
        public var size: Int
        /// Whether a layer slides; `nil` where the file does not say and the engine knows the architecture's habit.
        public var isSliding: [Bool]?
        /// Every n-th layer looks at everything; `nil` where all slide or `isSliding` tells.
        public var fullEvery: Int?
        /// Elements of one head's key and value in a sliding layer, where they differ from the others'.
        public var keySize: Int?
        public var valueSize: Int?

        public init(size: Int, isSliding: [Bool]? = nil, fullEvery: Int? = nil, keySize: Int? = nil, valueSize: Int? = nil) {
            self.size = size
            self.isSliding = isSliding
            self.fullEvery = fullEvery
            self.keySize = keySize
            self.valueSize = valueSize
        }

        public func slides(layer: Int) -> Bool {
            if let isSliding { return layer < isSliding.count && isSliding[layer] }
            guard let fullEvery, fullEvery > 0 else { return true }
            return layer % fullEvery < fullEvery - 1
        }
    }

    public struct Latent: Sendable, Codable, Equatable {
        /// Elements of the compressed keys and values, and of the rotary part beside them.
        public var rank: Int
        public var rotary: Int

        public init(rank: Int, rotary: Int) {
            self.rank = rank
            self.rotary = rotary
        }
    }

    /// State of a layer with a memory instead of a cache, in elements.
    public struct Recurrent: Sendable, Codable, Equatable {
        public var convolution: Int
        public var inner: Int
        public var state: Int
        public var groups: Int
        public var timeStepRank: Int?
        /// Every n-th layer has attention instead; `nil` where `kvHeads` tells.
        public var attentionEvery: Int?
        /// Every layer has both a memory and attention.
        public var isBesideAttention = false

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            convolution = try container.decode(Int.self, forKey: .convolution)
            inner = try container.decode(Int.self, forKey: .inner)
            state = try container.decodeIfPresent(Int.self, forKey: .state) ?? 0
            groups = try container.decodeIfPresent(Int.self, forKey: .groups) ?? 0
            timeStepRank = try container.decodeIfPresent(Int.self, forKey: .timeStepRank)
            attentionEvery = try container.decodeIfPresent(Int.self, forKey: .attentionEvery)
            isBesideAttention = try container.decodeIfPresent(Bool.self, forKey: .isBesideAttention) ?? false
        }

        public init(convolution: Int, inner: Int, state: Int, groups: Int = 0, timeStepRank: Int? = nil, attentionEvery: Int? = nil) {
            self.convolution = convolution
            self.inner = inner
            self.state = state
            self.groups = groups
            self.timeStepRank = timeStepRank
            self.attentionEvery = attentionEvery
        }
    }

    public struct Experts: Sendable, Codable, Equatable {
        public var count: Int
        /// Experts that one token passes through.
        public var used: Int
        public var shared: Int
        public var feedForward: Int?

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            count = try container.decode(Int.self, forKey: .count)
            used = try container.decode(Int.self, forKey: .used)
            shared = try container.decodeIfPresent(Int.self, forKey: .shared) ?? 0
            feedForward = try container.decodeIfPresent(Int.self, forKey: .feedForward)
        }

        public init(count: Int, used: Int, shared: Int = 0, feedForward: Int? = nil) {
            self.count = count
            self.used = used
            self.shared = shared
            self.feedForward = feedForward
        }
    }

    /// Where the bytes of the file go.
    public struct Weights: Sendable, Codable, Equatable {
        /// All tensors.
        public var totalBytes: Int64
        /// Bytes by type, as the format names it: `Q4_K`, `F32`.
        public var bytesByType: [String: Int64]
        /// Rows of all matrices by type: each is a step of its own for the kernels, which short rows feel.
        public var rowsByType: [String: Int64] = [:]
        /// The table that a token is looked up in; read by rows, not as a whole, unless it is the output too.
        public var embeddingBytes: Int64
        public var embeddingType: String?
        /// The matrix that makes scores of the last layer; zero where the embedding does it.
        public var outputBytes: Int64
        /// Experts of all layers together.
        public var expertBytes: Int64

        public init(
            totalBytes: Int64, bytesByType: [String: Int64] = [:], embeddingBytes: Int64 = 0, outputBytes: Int64 = 0, expertBytes: Int64 = 0
        ) {
            self.totalBytes = totalBytes
            self.bytesByType = bytesByType
            self.embeddingBytes = embeddingBytes
            self.outputBytes = outputBytes
            self.expertBytes = expertBytes
        }
    }

    /// Bits that a parameter takes on average.
    public var bitsPerWeight: Double? {
        guard let weights, let parameters, parameters > 0 else { return nil }
        return Double(weights.totalBytes) * 8 / Double(parameters)
    }
}

/// A figure that is the same for all layers, or told for each.
public enum PerLayer: Sendable, Equatable, Codable, ExpressibleByIntegerLiteral {
    case all(Int)
    case each([Int])

    public init(integerLiteral value: Int) { self = .all(value) }

    /// - Returns: the figure of a layer; the last one's beyond the end, zero where none is told.
    public subscript(layer: Int) -> Int {
        switch self {
        case .all(let value): value
        case .each(let values): layer < values.count ? values[layer] : values.last ?? 0
        }
    }

    public var maximum: Int {
        switch self {
        case .all(let value): value
        case .each(let values): values.max() ?? 0
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int.self) { self = .all(value) } else { self = try .each(container.decode([Int].self)) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .all(let value): try container.encode(value)
        case .each(let values): try container.encode(values)
        }
    }
}
