// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How the weights are rounded, as file names tell it: `Q4_K_M`, `IQ2_XXS`, `UD-Q4_K_XL`, `BF16`.
///
/// Publishers write the same thing in many ways (`q4-k-m`, `Q4.K.M`, `fp16`); here all of them are one.
public struct QuantizationName: Hashable, Sendable, CustomStringConvertible {
    /// In capitals, parts joined with `_`.
    public let base: String
    /// The mix in which some tensors are kept finer than the name says (`UD-`).
    public let isDynamic: Bool
    /// Made with an importance matrix, where the name says so (`i1-`); the formats are the same.
    public let isWeighted: Bool

    /// The whole of a text, as a person types it; `nil` where it is something else.
    public init?(exactly text: some StringProtocol) {
        let tokens = Self.tokens(text)
        let skipped = tokens.prefix { $0 == "UD" || $0 == "I1" }.count
        guard let length = Self.length(at: skipped, in: tokens), skipped + length == tokens.count else { return nil }
        self.init(tokens, at: skipped, length: length)
    }

    /// The last one in a name; words before and behind it are passed over.
    public init?(in name: some StringProtocol) {
        let tokens = Self.tokens(name)
        for start in tokens.indices.reversed() {
            guard let length = Self.length(at: start, in: tokens) else { continue }
            self.init(tokens, at: start, length: length)
            return
        }
        return nil
    }

    private init(_ tokens: [String], at start: Int, length: Int) {
        let words = tokens[start..<start + length].map { ["FP16": "F16", "FP32": "F32"][$0] ?? $0 }
        base = words.joined(separator: "_")
        let before = tokens[..<start].suffix(2)
        isDynamic = before.contains("UD")
        isWeighted = before.contains("I1")
    }

    public var description: String { isDynamic ? "UD-\(base)" : base }

    private static func tokens(_ text: some StringProtocol) -> [String] {
        text.uppercased().split { "-_. ".contains($0) }.map(String.init)
    }

    /// How many tokens from here on name a quantisation; `nil` where none begins here.
    private static func length(at start: Int, in tokens: [String]) -> Int? {
        guard start < tokens.count else { return nil }
        let word = tokens[start]
        let next = { (offset: Int) in start + offset < tokens.count ? tokens[start + offset] : "" }
        switch word {
        case "F16", "FP16", "BF16", "F32", "FP32", "NVFP4": return 1
        case "MXFP4": return next(1) == "MOE" ? 2 : 1
        case "TQ1", "TQ2": return next(1) == "0" ? 2 : nil
        case "IQ1", "IQ2", "IQ3", "IQ4": return ["XXS", "XS", "S", "M", "NL"].contains(next(1)) ? 2 : nil
        case "Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q8":
            switch next(1) {
            case "K": return ["XS", "S", "M", "L", "XL", "XXL"].contains(next(2)) ? 3 : 2
            // Layouts for one kind of processor: Q4_0_4_8.
            case "0", "1": return ["4", "8"].contains(next(2)) && ["4", "8"].contains(next(3)) ? 4 : 2
            default: return 1
            }
        default: return nil
        }
    }
}

extension QuantizationName {
    /// What is taken unasked, the first that is there: four bits lose little and fit widely; then what lies nearest.
    static let preferred = [
        "Q4_K_M", "Q4_K_XL", "Q4_K_L", "Q4_K_S", "Q4_K", "IQ4_XS", "IQ4_NL", "MXFP4", "MXFP4_MOE", "Q4_1", "Q4_0", "Q4", "Q5_K_M", "Q5_K_S",
        "Q5_K_XL", "Q5_K_L", "Q5_K", "Q5_1", "Q5_0", "Q5", "Q6_K", "Q6_K_L", "Q6_K_XL", "Q6", "Q8_0", "Q8_K_XL", "Q8", "NVFP4", "Q3_K_L",
        "Q3_K_M", "Q3_K_XL", "Q3_K", "IQ3_M", "Q3_K_S", "IQ3_S", "IQ3_XS", "IQ3_XXS", "Q3", "Q2_K_L", "Q2_K_XL", "Q2_K", "Q2", "IQ2_M",
        "Q2_K_S", "IQ2_S", "IQ2_XS", "IQ2_XXS", "TQ2_0", "IQ1_M", "IQ1_S", "TQ1_0", "Q1_0", "BF16", "F16", "F32",
    ]

    /// Smaller is taken first; a name that no list has comes last.
    var rank: Int { Self.preferred.firstIndex(of: base) ?? Self.preferred.count }
}
