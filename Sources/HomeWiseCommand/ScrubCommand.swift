// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

/// `verify --scrub`: a slow round over what was not read for long.
struct Scrub {
    let command: VerifyCommand

    func run() async throws {
        let (command, story, world) = (command, Story(), try World.ofThisProcess())
        let age = try command.older.map { try PruneCommand.seconds($0) } ?? 7 * 86_400
        let limit = try command.duration.map { try PruneCommand.seconds($0, as: "a time") }
        let rate = try command.rate.map(Self.rate) ?? ByteCount(50_000_000)
        let (outcome, verdicts) = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                let outcome = try await house.scrub(olderThan: age, rate: rate, for: limit, report: story.tell)
                guard command.repair, !outcome.damaged.isEmpty else { return (outcome, [HomeWise.FileVerdict]()) }
                return try await (outcome, house.verify(Self.models(outcome), isRepairing: true, report: story.tell))
            }
        }
        ProgressLine.shared.finish()
        if command.json { try Terminal.json(outcome) } else { Self.tell(outcome, verdicts) }
        guard !outcome.damaged.isEmpty else { return }
        if command.repair, verdicts.allSatisfy({ [.sound, .away].contains($0.state) }) { return }
        Terminal.say("To fetch what is wrong again: homewise verify \(Self.models(outcome).joined(separator: " ")) --repair")
        throw ExitCode(65)
    }

    private static func models(_ outcome: HomeWise.ScrubOutcome) -> [String] {
        Set(outcome.damaged.flatMap(\.models)).sorted()
    }

    private static func tell(_ outcome: HomeWise.ScrubOutcome, _ verdicts: [HomeWise.FileVerdict]) {
        for verdict in outcome.damaged { Terminal.answer(Terminal.plain(VerifyCommand.line(verdict)) + "\n") }
        for verdict in verdicts where verdict.wasRepaired { Terminal.answer(Terminal.plain(VerifyCommand.line(verdict)) + "\n") }
        let files = outcome.checked == 0 ? "no file" : outcome.checked == 1 ? "1 file" : "\(outcome.checked) files"
        let found =
            outcome.damaged.isEmpty
            ? outcome.checked == 0 ? "nothing wrong so far" : "all sound" : "\(outcome.damaged.count) not as it should be"
        let read =
            outcome.checked == 0 && outcome.bytes.bytes == 0 ? "Nothing was due" : "Read \(outcome.bytes), \(files) to the end, \(found)"
        let rest = outcome.remaining == 0 ? "" : "; \(outcome.remainingBytes) are left, and the next round goes on there"
        Terminal.say("\(read)\(rest).")
    }

    /// - Throws: `Failure.badInput`.
    private static func rate(_ text: String) throws -> ByteCount {
        let rate = try ByteCount(parsing: text)
        guard rate.bytes > 0 else {
            throw Failure.badInput("“\(text.prefix(40))” is no rate.", remedy: "Give bytes per second, such as 20MB.")
        }
        return rate
    }
}
