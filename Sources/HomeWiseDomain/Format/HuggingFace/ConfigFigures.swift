// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Figures of a `config.json` under the several names that writers have given them, the text part's before the whole model's.
struct ConfigFigures: Sendable {
    /// Beyond this no count or size of a real model lies; sums and products stay far from an overflow.
    static let largest: Int64 = 1 << 32
    /// Layers that a list may tell of.
    static let mostLayers = 1024

    let root: BoundedJSON.Value
    /// Objects to look in, the innermost first.
    private let scopes: [BoundedJSON.Value]

    init(_ root: BoundedJSON.Value) {
        self.root = root
        var scopes = [root]
        // Qwen-Omni has the text part two levels down.
        while let inner = Self.textPart(of: scopes[0]), scopes.count < 4 { scopes.insert(inner, at: 0) }
        self.scopes = scopes
    }

    private static func textPart(of value: BoundedJSON.Value) -> BoundedJSON.Value? {
        ["text_config", "llm_config", "language_config", "thinker_config"].lazy.compactMap { value[$0] }.first { $0.isObject }
    }

    /// The first of the names that has a value other than null.
    func value(_ names: [String]) -> BoundedJSON.Value? {
        for scope in scopes {
            for name in names {
                if let value = scope[name], !value.isNull { return value }
            }
        }
        return nil
    }

    /// An object inside, whose figures are looked for before the others (`attn_config`, `ffn_config`).
    func part(_ name: String) -> ConfigFigures? {
        value([name]).flatMap { $0.isObject ? ConfigFigures($0) : nil }
    }

    func text(_ names: String...) -> String? { value(names)?.string }
    func flag(_ names: String...) -> Bool? { value(names)?.bool }
    func number(_ names: String...) -> Double? { value(names)?.double }

    /// A count of one or more; `nil` where none is given: writers put zero, -1 and null there.
    ///
    /// - Throws: `FormatFault` for a count beyond any real model.
    func count(_ names: String...) throws -> Int? { try count(names) }

    func count(_ names: [String]) throws -> Int? {
        guard let number = value(names)?.integer, number > 0 else { return nil }
        guard number <= Self.largest else { throw FormatFault.tooLarge(names[0], "\(number) is beyond any model") }
        return Int(number)
    }

    /// A count without which there is no model: also a zero is a fault.
    func essential(_ names: String..., most: Int64 = largest) throws -> Int? {
        guard let number = value(names)?.integer else { return nil }
        guard (1...most).contains(number) else { throw FormatFault.badValue(names[0], "\(number) is not in 1…\(most)") }
        return Int(number)
    }

    /// A figure for all layers, or a list of one for each.
    func perLayer(_ names: String...) throws -> PerLayer? {
        guard let value = value(names), value.isArray else { return try count(names).map(PerLayer.all) }
        let elements = value.elements
        guard (1...Self.mostLayers).contains(elements.count) else {
            throw FormatFault.badValue(names[0], "\(elements.count) layers are told of")
        }
        var figures: [Int] = []
        for element in elements {
            guard let number = element.integer, (0...Self.largest).contains(number) else {
                throw FormatFault.badValue(names[0], "it holds something else than counts")
            }
            figures.append(Int(number))
        }
        return .each(figures)
    }

    /// A list of words, one for each layer; `nil` where it is none.
    func words(_ names: String...) throws -> [String]? {
        guard let value = value(names), value.isArray else { return nil }
        let elements = value.elements
        guard (1...Self.mostLayers).contains(elements.count) else {
            throw FormatFault.badValue(names[0], "\(elements.count) layers are told of")
        }
        let words = elements.compactMap(\.string)
        return words.count == elements.count ? words : nil
    }

    /// A list of layers' places.
    func places(_ names: String...) -> Set<Int>? {
        guard let value = value(names), value.isArray else { return nil }
        return Set(value.elements.compactMap(\.integer).compactMap { Int(exactly: $0) })
    }
}
