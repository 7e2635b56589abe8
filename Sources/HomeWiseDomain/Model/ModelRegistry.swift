// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// A list of models, read from the registry's JSON.
public struct ModelRegistry: Sendable, Codable, Equatable {
    public var models: [ModelInfo]

    public init(models: [ModelInfo]) { self.models = models }

    /// - Throws: `Failure.badInput` that names the field; duplicate names are refused too.
    public init(json: Data, name: String) throws {
        do {
            self = try JSONDecoder().decode(ModelRegistry.self, from: json)
        } catch let error as DecodingError {
            throw Failure.badInput("The registry \(name) cannot be read: \(error.complaint).", remedy: "Correct that field.")
        }
        for model in models { try model.check() }
        var seen: Set<String> = []
        for model in models {
            for name in Set([model.id] + (model.aliases ?? []).map { $0.lowercased() }) where !seen.insert(name).inserted {
                throw Failure.badInput("The registry \(name) names “\(name)” twice.", remedy: "Rename one of the two.")
            }
        }
    }

    /// - Parameter name: a name or alias in any letter case, optionally with `:quantization` or `@quantization` behind it.
    /// - Throws: `Failure.unknownModel` with the nearest names.
    public func model(named name: String) throws -> (model: ModelInfo, quantization: String?) {
        let wanted = name.lowercased()
        if let exact = models.first(where: { $0.answers(to: wanted) }) { return (exact, nil) }
        if let cut = wanted.lastIndex(where: { $0 == ":" || $0 == "@" }) {
            let quantization = String(wanted[wanted.index(after: cut)...])
            if let model = models.first(where: { $0.answers(to: String(wanted[..<cut])) }),
                model.variants?.contains(where: { $0.quantization.lowercased() == quantization }) ?? false
            {
                return (model, quantization)
            }
        }
        throw Failure.unknownModel(name, nearest: nearest(to: wanted))
    }

    /// This registry with another laid over it: its entries replace those of the same name, and take over their aliases.
    public func overlaid(by other: ModelRegistry) -> ModelRegistry {
        let taken = Set(other.models.flatMap { [$0.id] + ($0.aliases ?? []).map { $0.lowercased() } })
        let kept = models.filter { !taken.contains($0.id) }.map { model in
            var model = model
            model.aliases = model.aliases?.filter { !taken.contains($0.lowercased()) }
            return model
        }
        return ModelRegistry(models: other.models + kept)
    }

    /// Models that match every word, in name, alias, family, ability, tier, licence or description.
    public func search(_ words: [String]) -> [ModelInfo] {
        let words = words.flatMap { $0.lowercased().split(separator: " ").map(String.init) }
        return models.filter { model in
            let fields = [model.name, model.family, model.license, model.description, model.tier.rawValue, model.parameters].compactMap {
                $0
            }
            let text = (fields + (model.aliases ?? []) + (model.capabilities ?? []).map(\.rawValue)).joined(separator: "\n").lowercased()
            return words.allSatisfy(text.contains)
        }
    }

    /// Up to three names that a person may have meant, nearest first.
    func nearest(to wanted: String) -> [String] {
        let names = models.flatMap { [$0.id] + ($0.aliases ?? []) }
        let scored = names.map { (name: $0, distance: EditDistance.between(wanted, $0.lowercased())) }
        let close = scored.filter { item in
            item.distance <= max(2, wanted.count / 3) || (wanted.count >= 3 && item.name.lowercased().contains(wanted))
        }
        return close.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }
}

extension ModelInfo {
    fileprivate func answers(to wanted: String) -> Bool {
        id == wanted || (aliases ?? []).contains { $0.lowercased() == wanted }
    }
}

enum EditDistance {
    /// Levenshtein's distance in characters, bounded to the first 64 of each text.
    static func between(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[right.count]
    }
}

extension DecodingError {
    /// Which field is wrong and how, in words for a person.
    public var complaint: String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        return switch self {
        case .keyNotFound(let key, let at): "“\(path(at.codingPath + [key]))” is missing"
        case .typeMismatch(let type, let at): "“\(path(at.codingPath))” is not a \(type)"
        case .valueNotFound(_, let at): "“\(path(at.codingPath))” is empty"
        case .dataCorrupted(let at): "\(path(at.codingPath)) \(at.debugDescription)"
        @unknown default: "it has an unknown fault"
        }
    }
}
