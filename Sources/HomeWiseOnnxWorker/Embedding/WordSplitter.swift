// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Cuts a normalised text into words and single punctuation marks.
enum WordSplitter {
    static func words(_ text: some StringProtocol) -> [Substring.UnicodeScalarView] {
        let scalars = Substring(text).unicodeScalars
        var words: [Substring.UnicodeScalarView] = []
        var start = scalars.startIndex
        func close(_ end: String.UnicodeScalarView.Index) {
            if start < end { words.append(scalars[start..<end]) }
        }
        for place in scalars.indices {
            let scalar = scalars[place]
            let next = scalars.index(after: place)
            if scalar.properties.isWhitespace {
                close(place)
                start = next
            } else if isPunctuation(scalar) {
                close(place)
                words.append(scalars[place..<next])
                start = next
            }
        }
        close(scalars.endIndex)
        return words
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case ..<0x80: return false
        default:
            switch scalar.properties.generalCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
                .otherPunctuation:
                return BertNormalizer.isKnown(scalar)
            default: return false
            }
        }
    }
}
