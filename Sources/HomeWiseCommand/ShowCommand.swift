// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a model's own file says, and whether it is sound.")

    @Argument(help: "A file or folder, or the name of a model that is here.") var model: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let inspection = try await HomeWise.open(World.ofThisProcess()) { try $0.inspect(model) }
        if json { return try Terminal.json(inspection) }
        FactsText(inspection).lines.forEach { Terminal.answer(Terminal.plain($0).replacingOccurrences(of: "\n", with: " ") + "\n") }
    }
}

/// What a file says, a line for each thing that it does say.
struct FactsText {
    let lines: [String]

    init(_ inspection: HomeWise.Inspection) {
        let facts = inspection.facts
        func row(_ label: String, _ text: String?) -> String? { text.map { label.padding(toLength: 13, withPad: " ", startingAt: 0) + $0 } }
        lines =
            [
                row("File", inspection.path),
                row("Size", "\(inspection.size)" + (inspection.tensors.map { ", \($0) tensors" } ?? "")),
                row("Format", facts.container.rawValue), row("Name", facts.name), row("Architecture", facts.architecture),
                row(
                    "Parameters",
                    facts.parameters.map { Self.count($0) + (facts.activeParameters.map { ", \(Self.count($0)) active" } ?? "") }),
                row(
                    "Quantisation",
                    facts.quantization.map { $0 + (facts.bitsPerWeight.map { ", \($0.rounded(toPlaces: 2)) bits a weight" } ?? "") }),
                row("Context", facts.contextLength.map { "\($0) tokens" }), row("Layers", facts.layers.map(String.init)),
                row("Width", facts.embedding.map(String.init)), row("Heads", Self.heads(facts)),
                row("Sliding", facts.slidingWindow.map { "\($0.size) tokens" }),
                row("Experts", facts.experts.map { "\($0.count), of them \($0.used) for each token" }),
                row("Vocabulary", facts.vocabulary.map { "\($0) words" + (facts.tokenizer.map { " (\($0))" } ?? "") }),
                row("Abilities", facts.capabilities.isEmpty ? nil : facts.capabilities.map(\.rawValue).joined(separator: ", ")),
                row("Template", facts.chatTemplate.map { "\($0.utf8.count) bytes" }), row("License", facts.license),
            ].compactMap { $0 } + inspection.notes.map { "Note         \($0)" }
    }

    private static func heads(_ facts: ModelFacts) -> String? {
        guard let heads = facts.heads, let kvHeads = facts.kvHeads else { return nil }
        return "\(heads.maximum), \(kvHeads.maximum) with keys and values" + (facts.keySize.map { ", \($0) elements each" } ?? "")
    }

    static func count(_ value: Int64) -> String {
        let value = Double(value)
        return value >= 1e9 ? "\((value / 1e9).rounded(toPlaces: 2))B" : "\((value / 1e6).rounded(toPlaces: 1))M"
    }
}

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "search", abstract: "Find models by name, family, ability or description.")

    @Argument(help: "Words; a model must match all of them.") var words: [String]
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let found = try await HomeWise.open(World.ofThisProcess()) { try $0.registry.search(words) }
        if json { return try Terminal.json(found) }
        for model in found { Terminal.answer(ListCommand.line(model)) }
        if found.isEmpty { Terminal.say("Nothing matches. `homewise list --all` shows every name.") }
    }
}
