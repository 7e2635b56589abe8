// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// How the vectors of a text's tokens become one vector.
enum Pooling: String, Sendable {
    case mean, cls, max
    /// The mean times the root of the count; the same as the mean once it has length 1.
    case rootMean

    /// By `1_Pooling/config.json`; the mean where there is none.
    ///
    /// - Throws: `Failure.modelNotSupported` for other ways, and for several at once.
    init(_ config: BoundedJSON.Value?) throws {
        guard let config else {
            self = .mean
            return
        }
        let chosen = config.members.filter { $0.name.hasPrefix("pooling_mode_") && $0.value.bool == true }.map(\.name)
        switch chosen {
        case ["pooling_mode_mean_tokens"]: self = .mean
        case ["pooling_mode_cls_token"]: self = .cls
        case ["pooling_mode_max_tokens"]: self = .max
        case ["pooling_mode_mean_sqrt_len_tokens"]: self = .rootMean
        default: throw Failure.modelNotSupported("the pooling “\(chosen.joined(separator: ", "))” is not known here")
        }
    }

    /// The vector of one text.
    ///
    /// - Parameters:
    ///   - vectors: those of its tokens, one after the other, those of the padding behind them.
    ///   - tokens: how many are the text's own; at least one.
    func pool(_ vectors: UnsafeBufferPointer<Float>, tokens: Int, width: Int) -> [Float] {
        var pooled = Array(vectors[..<width])
        guard self != .cls else { return pooled }
        for token in 1..<Swift.max(tokens, 1) {
            for place in 0..<width {
                let value = vectors[token * width + place]
                pooled[place] = self == .max ? Swift.max(pooled[place], value) : pooled[place] + value
            }
        }
        return self == .max ? pooled : pooled.map { $0 / Float(tokens) }
    }

    /// The vector with length 1.
    ///
    /// - Returns: `nil` for one that has no direction, or holds what is no number.
    static func normalized(_ vector: [Float]) -> [Float]? {
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite, length > 0 else { return nil }
        return vector.map { Float(Double($0) / length) }
    }
}
