// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One entry of a model registry: what the model is, what it asks for, and where its files can be had.
///
/// The original format (`name`, `type`, `size`, `tier`, `requirements`) is valid as it stands; all else is optional.
public struct ModelInfo: Sendable, Codable, Equatable {
    public var name: String
    public var type: ModelFormat
    public var size: ByteCount
    public var tier: ModelTier
    public var requirements: ModelRequirements?
    public var description: String?
    public var license: String?
    /// Terms that a person must have accepted once before the model is fetched.
    public var terms: Terms?
    public var family: String?
    /// As people write it: “1.7B”.
    public var parameters: String?
    /// Parameters that one token passes through, where it is a mixture of experts.
    public var activeParameters: String?
    /// Tokens.
    public var contextLength: Int?
    public var capabilities: [Capability]?
    public var aliases: [String]?
    public var quality: Quality?
    public var architecture: Architecture?
    /// How its makers say that words should be drawn; the engine's own habit where they do not say.
    public var sampling: Sampling?
    public var variants: [ModelVariant]?

    public struct Terms: Sendable, Codable, Equatable {
        public var name: String
        public var url: String?
        public var summary: String?
    }

    /// How good the answers are, 0 to 100, and what that figure rests on.
    public struct Quality: Sendable, Codable, Equatable {
        public var score: Double
        public var evidence: String
        /// Which measure, and when it was taken.
        public var benchmark: String?
        public var date: String?
        /// No measurement of this very model: derived from its relatives.
        public var isEstimated: Bool?

        enum CodingKeys: String, CodingKey {
            case score, evidence, benchmark, date
            case isEstimated = "estimated"
        }
    }

    public struct Sampling: Sendable, Codable, Equatable {
        public var temperature: Double?
        public var topP: Double?
        public var topK: Int?

        enum CodingKeys: String, CodingKey {
            case temperature
            case topP = "top_p"
            case topK = "top_k"
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, type, size, tier, requirements, description, license, terms, family, parameters, capabilities, aliases, quality
        case architecture, sampling, variants
        case activeParameters = "active_parameters"
        case contextLength = "context_length"
    }
}

extension ModelInfo {
    /// Whether it answers in turns; a model that does not say so only continues text.
    public var isChat: Bool { capabilities.map { $0.contains(.chat) } ?? true }

    /// Whether it writes text at all; embedders and rerankers do not.
    public var writes: Bool {
        capabilities.map { !Set($0).isDisjoint(with: [.chat, .completion, .code, .reasoning, .vision]) } ?? true
    }

    /// “embedding and rerank”.
    public var purposes: String { (capabilities ?? []).map(\.rawValue).joined(separator: " and ") }

    /// The name in the form that commands and folders use.
    public var id: String { name.lowercased() }
}

/// An open set: registries may name abilities that this version does not know.
public struct Capability: RawRepresentable, Hashable, Sendable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static let chat = Self(rawValue: "chat")
    public static let completion = Self(rawValue: "completion")
    public static let embedding = Self(rawValue: "embedding")
    public static let rerank = Self(rawValue: "rerank")
}

public enum ModelFormat: String, Sendable, Codable, CaseIterable {
    case gguf, onnx, pytorch
}

/// The size class of a model (SPECIFICATION): read in any letter case, as the original registry capitalises it.
public enum ModelTier: String, Sendable, Codable, CaseIterable, Comparable {
    /// Under 4B: small machines.
    case compact
    /// About 7B, on the CPU.
    case minimal
    /// About 13B, CPU or GPU.
    case standard
    /// About 70B, with a GPU.
    case advanced

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let tier = Self(rawValue: text.lowercased()) else {
            throw Failure.badInput(
                "“\(text.prefix(40))” is not a tier.", remedy: "Tiers are compact, minimal, standard and advanced.")
        }
        self = tier
    }

    public static func < (left: Self, right: Self) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// One file of a model: a quantisation and the sources that serve those very bytes, in order of preference.
public struct ModelVariant: Sendable, Codable, Equatable {
    /// The entry's own where it is not said.
    public var format: ModelFormat?
    public var quantization: String
    /// Bytes of the weights; a source that has the exact figure replaces a rounded one.
    public var size: ByteCount
    public var sha256: Digest?
    /// Bytes that are transferred, where the source packs the weights in archives.
    public var archive: ByteCount?
    public var sources: [SourceReference]
    /// Patterns of the files that belong to it, where the source is a folder.
    public var files: [String]?
    /// What turns pictures into tokens, where the model sees.
    public var projector: Companion?
    /// Files laid beside the weights from another source.
    public var companions: [Companion]?

    /// A further file of a variant.
    public struct Companion: Sendable, Codable, Equatable {
        public var name: String?
        public var size: ByteCount
        public var sha256: Digest?
        public var sources: [SourceReference]
    }

    /// Bytes that the disk must have while the model is fetched: the weights and, beside them, what they come packed in.
    public var diskNeeded: ByteCount { ByteCount(size.bytes + (archive?.bytes ?? 0)) }
}
