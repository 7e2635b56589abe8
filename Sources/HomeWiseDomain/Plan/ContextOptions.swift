// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What of an engine's start decides how much memory it takes beside the weights.
public struct ContextOptions: Sendable, Codable, Equatable, Hashable {
    /// Tokens of all conversations together.
    public var context: Int
    /// Conversations at a time.
    public var parallel: Int
    /// Tokens of a prompt that are worked on at once.
    public var batch: Int
    /// What keys and values are kept in.
    public var keyType: CacheType
    public var valueType: CacheType

    public init(
        context: Int, parallel: Int = 1, batch: Int = 512, keyType: CacheType = .f16, valueType: CacheType = .f16
    ) {
        self.context = context
        self.parallel = parallel
        self.batch = batch
        self.keyType = keyType
        self.valueType = valueType
    }

    public enum CacheType: String, Sendable, Codable, CaseIterable {
        case f32, f16, bf16
        case q8 = "q8_0"
        case q5 = "q5_1"
        case q4 = "q4_0"

        /// Bytes of a block of 32 elements (ggml-common.h).
        public var bytesOf32: Int64 {
            switch self {
            case .f32: 128
            case .f16, .bf16: 64
            case .q8: 34
            case .q5: 24
            case .q4: 18
            }
        }
    }

    /// As llama.cpp's programs take them.
    public var arguments: [String] {
        ["--ctx-size", "\(context)", "--parallel", "\(parallel)", "--ubatch-size", "\(batch)", "--batch-size", "\(max(batch, 2048))"]
            + (keyType == .f16 ? [] : ["--cache-type-k", keyType.rawValue])
            + (valueType == .f16 ? [] : ["--cache-type-v", valueType.rawValue])
    }
}
