// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// What a BERT tokenizer does to a text before it looks for words: the steps that `tokenizer.json` names, in their order.
struct BertNormalizer: Sendable, Equatable {
    var cleansText = true
    var spacesIdeographs = true
    var stripsAccents = true
    var lowercases = true

    func normalize(_ text: some StringProtocol) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard cleansText else {
                append(scalar, to: &scalars)
                continue
            }
            if Self.isRemoved(scalar) { continue }
            append(scalar.properties.isWhitespace ? " " : scalar, to: &scalars)
        }
        if stripsAccents {
            let parts = String(scalars).decomposedStringWithCanonicalMapping.unicodeScalars
            scalars = .init(parts.filter { !Self.isAccent($0) })
        }
        return lowercases ? scalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping } : String(scalars)
    }

    private func append(_ scalar: Unicode.Scalar, to scalars: inout String.UnicodeScalarView) {
        guard spacesIdeographs, Self.isIdeograph(scalar) else { return scalars.append(scalar) }
        scalars.append(" ")
        scalars.append(scalar)
        scalars.append(" ")
    }

    /// The reference goes by the tables of Unicode 8: what came later has no category there.
    static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII || (scalar.properties.age.map { $0.major <= 8 } ?? false)
    }

    private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r": return false
        case "\u{0}", "\u{FFFD}": return true
        default:
            if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
            switch scalar.properties.generalCategory {
            case .control, .privateUse: return true
            case .format: return isKnown(scalar)
            default: return false
            }
        }
    }

    private static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && scalar.properties.generalCategory == .nonspacingMark && isKnown(scalar)
    }

    /// The blocks as the reference has them, its gap before U+2B920 included: other tokens would be other vectors.
    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
