// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the models that are here, and downloads that are not finished.")

    @Flag(help: "Show every model that the registry names.") var all = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let (here, registry) = try await HomeWise.open(World.ofThisProcess()) { try ($0.listing(), $0.registry) }
        switch (json, all) {
        case (true, true): try Terminal.json(registry)
        case (true, false): try Terminal.json(here)
        case (false, true): for model in registry.models { Terminal.answer(Self.line(model)) }
        case (false, false):
            for line in ListTable(here, now: Date()).lines { Terminal.answer(line + "\n") }
            if here.isEmpty { Terminal.say("No model is here yet. `homewise run` fetches the best for this machine.") }
        }
    }

    static func line(_ model: ModelInfo) -> String {
        Terminal.plain("\(pad(model.id, 28)) \(pad(model.tier.rawValue, 9)) \(pad("\(model.size)", 9)) \(model.description ?? "")\n")
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
}

/// One line for each model, and for each unfinished download.
struct ListTable {
    let lines: [String]

    init(_ models: [ListedModel], now: Date) {
        let width = max(28, models.map(\.name.count).max() ?? 0)
        lines = models.map { model in
            let files = model.files == 1 ? "1 file" : "\(model.files) files"
            let columns = [
                ListCommand.pad(model.name, width), ListCommand.pad(model.quantization.uppercased(), 8),
                ListCommand.pad("\(model.size)", 8), ListCommand.pad(model.format?.rawValue ?? "-", 7), ListCommand.pad(files, 8),
                Self.remark(model, now),
            ]
            return Self.oneLine(columns.joined(separator: " "))
        }
    }

    private static func oneLine(_ text: String) -> String {
        var text = Terminal.plain(text).replacingOccurrences(of: "\n", with: " ")
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    private static func remark(_ model: ListedModel, _ now: Date) -> String {
        switch model.state {
        case .sound:
            var use = model.lastUsed.map { "used \(age($0, now))" } ?? "never used"
            if let archives = model.archives { use += ", archive kept (\(archives))" }
            return model.isAdopted ? use + ", elsewhere on this machine" : use
        case .away: return "AWAY: its disk is not mounted"
        case .changed: return "CHANGED by somebody: homewise verify \(model.name)"
        case .damaged: return "DAMAGED: homewise verify \(model.name) --repair"
        case .missing: return "INCOMPLETE: files are gone: homewise pull \(model.name)"
        case .unreadable: return "UNREADABLE: homewise rm \(model.name):\(model.quantization)"
        case .unfinished:
            return "\(model.percent ?? 0) % of \(model.file ?? "it") here"
                + (model.isUnderWay == true ? ", being fetched now" : ", go on with homewise pull")
        }
    }

    static func age(_ date: Date, _ now: Date) -> String {
        let days = Int(max(0, now.timeIntervalSince(date)) / 86_400)
        return days == 0 ? "today" : days == 1 ? "yesterday" : "\(days) days ago"
    }
}
