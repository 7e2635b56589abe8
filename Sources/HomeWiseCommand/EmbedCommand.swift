// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed", abstract: "Turn texts into vectors: one line of JSON for each text.",
        discussion: "Texts come as arguments, or as lines of standard input.")

    @Argument(help: "The model, by name.") var model: String
    @Argument(help: "The texts.") var texts: [String] = []
    @OptionGroup var options: WishOptions

    private struct Row: Encodable {
        let model: String
        let text: String
        let embedding: [Float]
    }

    func run() async throws {
        let wish = try options.wish()
        let texts = try texts.isEmpty ? Self.linesFromPipe() : texts
        guard !texts.isEmpty, !texts.contains(where: { $0.allSatisfy(\.isWhitespace) }) else {
            throw Failure.badInput("There is an empty text.", remedy: "Give texts as arguments, or one on each line of standard input.")
        }
        let world = try World.ofThisProcess()
        let story = Story()
        try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                let name = try await house.name(of: model, report: story.tell)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                let fit = try await house.choose(named: name, wish: wish, machine: house.hardware())
                guard fit.model.task == .embedding else {
                    throw Failure.badInput(
                        "\(fit.model.name) gives no vectors.", remedy: "Choose one that does: homewise recommend --for embedding")
                }
                try await house.ensureEngine(for: fit.format, story)
                let ready = try await house.obtain(name, wish: wish, report: story.tell)
                try await house.withModel(ready, wish: wish, typed: name, report: story.tell) { conversation in
                    let vectors = try await conversation.vectors(of: texts)
                    for (text, vector) in zip(texts, vectors) {
                        try Self.write(Row(model: ready.fit.key, text: text, embedding: vector), options.json)
                    }
                }
            }
        }
    }

    private static func write(_ row: Row, _ isWhole: Bool) throws {
        if isWhole { return try Terminal.jsonLine([:], row) }
        Terminal.answer("[" + row.embedding.map { "\($0)" }.joined(separator: ",") + "]\n")
    }

    private static func linesFromPipe() throws -> [String] {
        guard !Terminal.isInputPerson else { return [] }
        let data = try FileHandle.standardInput.readToEnd() ?? Data()
        // A blank line is no text, and to leave it out would give the vectors behind it to other lines.
        var lines = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(
            String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
