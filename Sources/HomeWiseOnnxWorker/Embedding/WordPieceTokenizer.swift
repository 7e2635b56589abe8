// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// The tokenizer of BERT's family, as its `tokenizer.json` describes it. Padding and cutting that stand in the file are left out:
/// padding is for whoever makes a batch, and nothing is ever cut.
struct WordPieceTokenizer: Sendable {
    /// A token that is looked for in the text itself, as `[SEP]`.
    struct Added: Sendable, Equatable {
        var text: String
        var id: Int32
        /// Whether it is looked for after the text was normalised.
        var isNormalized: Bool
    }

    /// By the bytes of the pieces: Swift takes “é” and “e” with an accent for the same string, and a vocabulary does not.
    var vocabulary: [[UInt8]: Int32]
    var unknown: Int32
    /// Begins the pieces that go on with a word.
    var continuation: [UInt8]
    /// Words of more characters than this are unknown.
    var longestWord: Int
    var normalizer: BertNormalizer
    var added: [Added]
    /// Tokens before and after every text.
    var prefix: [Int32]
    var suffix: [Int32]
    var padding: Int32

    /// The tokens of a text, with those before and after it.
    func encode(_ text: String) -> [Int32] { prefix + tokens(of: text) + suffix }

    /// The tokens of the text alone.
    func tokens(of text: String) -> [Int32] {
        var tokens: [Int32] = []
        for part in Self.split(text, at: added.filter { !$0.isNormalized }) {
            switch part {
            case .token(let id): tokens.append(id)
            case .text(let text):
                for part in Self.split(normalizer.normalize(text), at: added.filter(\.isNormalized)) {
                    switch part {
                    case .token(let id): tokens.append(id)
                    case .text(let text): for word in WordSplitter.words(text) { append(word, to: &tokens) }
                    }
                }
            }
        }
        return tokens
    }

    /// The longest beginning that is in the vocabulary, again and again; where there is none the whole word is unknown.
    private func append(_ word: Substring.UnicodeScalarView, to tokens: inout [Int32]) {
        let text = Array(String(Substring(word)).utf8)
        // Where its characters end.
        let ends = text.indices.filter { $0 + 1 == text.count || text[$0 + 1] & 0xC0 != 0x80 }.map { $0 + 1 }
        guard ends.count <= longestWord else { return tokens.append(unknown) }
        var pieces: [Int32] = []
        var start = 0
        while start < text.count {
            let rest = ends.reversed().prefix { $0 > start }
            let found = rest.lazy.compactMap { end in
                vocabulary[(start > 0 ? continuation : []) + text[start..<end]].map { (id: $0, end: end) }
            }.first
            guard let found else { return tokens.append(unknown) }
            pieces.append(found.id)
            start = found.end
        }
        tokens += pieces
    }

    private enum Part {
        case text(Substring)
        case token(Int32)
    }

    /// The text between tokens, and the tokens; where two begin at one place the longer one counts.
    private static func split(_ text: String, at added: [Added]) -> [Part] {
        guard !added.isEmpty else { return [.text(text[...])] }
        let tokens = added.sorted { $0.text.utf8.count > $1.text.utf8.count }
        let firsts = Set(tokens.compactMap(\.text.utf8.first))
        var parts: [Part] = []
        let bytes = text.utf8
        var (start, place) = (bytes.startIndex, bytes.startIndex)
        while place < bytes.endIndex {
            guard firsts.contains(bytes[place]), let token = tokens.first(where: { bytes[place...].starts(with: $0.text.utf8) }) else {
                place = bytes.index(after: place)
                continue
            }
            if start < place { parts.append(.text(text[start..<place])) }
            parts.append(.token(token.id))
            place = bytes.index(place, offsetBy: token.text.utf8.count)
            start = place
        }
        if start < bytes.endIndex { parts.append(.text(text[start...])) }
        return parts
    }
}
