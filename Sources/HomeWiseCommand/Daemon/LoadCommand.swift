// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import HomeWiseDomain
import HomeWiseKit

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Load a model in four steps and keep it in memory for who asks next.",
        discussion: "Options hold for this load; `homewise options MODEL name=value` saves them for every one.")

    @Argument(help: "The model, by name.") var model: String
    @Argument(help: "Options such as context=8192; homewise options MODEL lists them.") var options: [String] = []
    @Flag(help: "Keep it loaded, whatever else wants the memory.") var pin = false
    @Option(help: "How long it stays after its last request: 5m, 1h, 0 (not at all) or -1 (for ever).") var idleUnload: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let wishes = try OptionWords.parse(options, pin: pin, idleUnload: idleUnload)
        let world = try World.ofThisProcess()
        let story = Story(isShowingSteps: true)
        let report = try await Interrupts.shared.cancelling(isLast: true) {
            // As it is called here: the serving process stands in another folder.
            let name = try await HomeWise.open(world) { house in
                let house = try await DaemonClient.ifRunning(world) { try await house.beside($0?.loaded() ?? []) }
                let name = try await house.name(of: model, report: story.tell)
                let fit = try await house.choose(named: name, wish: Wish(), machine: house.hardware())
                guard fit.isInstalled else {
                    throw Failure.badInput("\(fit.model.name) is not here.", remedy: "Fetch it first: homewise pull \(fit.model.id)")
                }
                try await house.ensureEngine(for: fit.format, story)
                return name
            }
            return try await DaemonClient.started(world) { client in
                try await client.load(.init(model: name, options: wishes)) { story.tell($0) }
            }
        }
        if json { return try Terminal.json(report) }
        Terminal.line("Loaded", report.sentence)
    }
}

/// Options as people type them: `name=value`.
enum OptionWords {
    static func parse(_ words: [String], pin: Bool = false, idleUnload: String? = nil) throws -> ModelOptions {
        var options = ModelOptions()
        for (name, value) in try pairs(words).sorted(by: { $0.key < $1.key }) { try options.set(.init(parsing: name), to: value) }
        if pin { options.pin = true }
        if let idleUnload { options.idleUnload = try KeepAlive(parsing: idleUnload) }
        try options.check()
        return options
    }

    /// - Throws: `Failure.badInput` for a word that is no pair, or a name that comes twice.
    static func pairs(_ words: [String]) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for word in words {
            let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw Failure.badInput("“\(word.prefix(60))” is no option.", remedy: "Write name=value, such as context=8192.")
            }
            guard pairs.updateValue(halves[1], forKey: halves[0]) == nil else {
                throw Failure.badInput("The option \(halves[0]) is given twice.", remedy: "Give it once.")
            }
        }
        return pairs
    }
}

extension ResidentReport {
    /// What runs, in a line.
    var sentence: String {
        var parts = ["\(key)"]
        if let device { parts.append("on \(device)") }
        if let given = contextGiven {
            parts.append("context \(given) tokens" + (contextAsked == given ? "" : " of \(contextAsked ?? given) asked for"))
        }
        if let resident { parts.append("\(resident) of memory" + (anonymous.map { ", \($0) of it its own" } ?? "")) }
        if let sandbox { parts.append(sandbox) }
        return parts.joined(separator: ", ")
    }
}
