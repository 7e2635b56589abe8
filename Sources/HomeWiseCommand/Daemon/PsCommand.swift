// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct PsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "Show the models that are loaded: what they take, what they do, and what was given up for them.")

    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let loaded = try await DaemonClient.ifRunning(World.ofThisProcess()) { try await $0?.loaded() ?? [] }
        if json { return try Terminal.json(loaded) }
        guard !loaded.isEmpty else { return Terminal.say("No model is loaded. Load one with: homewise load MODEL") }
        for report in loaded { for line in report.lines { Terminal.answer(line + "\n") } }
    }
}

extension ResidentReport {
    /// As a person reads it: the model and what it does, and below what is worth knowing.
    fileprivate var lines: [String] {
        var head = ["\(key)", stateWords]
        if let device { head.append("on \(device)") }
        if let threads { head.append("\(threads) of up to \(threadsAtMost ?? threads) threads") }
        if let resident { head.append("\(resident)" + (anonymous.map { " (\($0) its own)" } ?? "")) }
        if let contextGiven { head.append("context \(contextGiven)") }
        var lines = [head.joined(separator: "  ")]
        if let engine { lines.append("  engine   \(engine) \(engineVersion ?? "")\(pid.map { ", process \($0)" } ?? "")") }
        if let sandbox { lines.append("  sandbox  \(sandbox)") }
        if let timings = lastTimings {
            lines.append("  last     \(timings.tokens) tokens at \(timings.tokensPerSecond.rounded(toPlaces: 1)) tokens/s")
        }
        if isPinned { lines.append("  stays    pinned") } else if let idleUntil { lines.append("  stays    \(Self.until(idleUntil))") }
        for words in gaveUp { lines.append("  gave up  \(words)") }
        if let failure { lines.append("  failed   \(failure.firstLine) \(failure.remedy)") }
        return lines
    }

    private var stateWords: String {
        switch state {
        case .busy: "busy with \(requestsInFlight)" + (requestsWaiting > 0 ? ", \(requestsWaiting) waiting" : "")
        default: state.rawValue
        }
    }

    private static func until(_ date: Date) -> String {
        let seconds = max(0, date.timeIntervalSinceNow)
        return "unloaded in \(ProgressLine.time(seconds)) if nobody asks"
    }
}
