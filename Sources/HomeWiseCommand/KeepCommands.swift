// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read models again, byte by byte, and tell whether they are still what was published.",
        discussion: """
            Exits with 65 when something is damaged. With --scrub what was not read for long is read slowly and behind everybody else, \
            the longest unread first; it can be stopped at any time, and the next one goes on there.
            """)

    @Argument(help: "Models that are here.") var models: [String] = []
    @Flag(help: "Verify every model.") var all = false
    @Flag(help: "Fetch what is damaged again.") var repair = false
    @Flag(help: "Read what was not read for long, without disturbing anybody.") var scrub = false
    @Option(name: .customLong("for"), help: ArgumentHelp("With --scrub: stop after so long, such as 30m.", valueName: "time"))
    var duration: String?
    @Option(help: "With --scrub: bytes per second at most (50MB).") var rate: String?
    @Option(help: ArgumentHelp("With --scrub: only what was not read for so long (7d).", valueName: "age")) var older: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func validate() throws {
        if scrub {
            guard models.isEmpty, !all else { throw ValidationError("--scrub chooses by itself what to read.") }
            return
        }
        guard duration == nil, rate == nil, older == nil else { throw ValidationError("--for, --rate and --older belong to --scrub.") }
        if models.isEmpty != all { throw ValidationError("Name the models to verify, or add --all.") }
    }

    func run() async throws {
        if scrub { return try await Scrub(command: self).run() }
        let (names, isRepairing, story, world) = (models, repair, Story(), try World.ofThisProcess())
        let verdicts = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { try await $0.verify(names, isRepairing: isRepairing, report: story.tell) }
        }
        ProgressLine.shared.finish()
        if json {
            try Terminal.json(verdicts)
        } else {
            for verdict in verdicts { Terminal.answer(Terminal.plain(Self.line(verdict)) + "\n") }
        }
        let bad = verdicts.filter { ![.sound, .away].contains($0.state) }
        guard bad.isEmpty else {
            if !isRepairing {
                Terminal.say("To fetch what is wrong again: homewise verify \(all ? "--all" : names.joined(separator: " ")) --repair")
            }
            throw ExitCode(65)
        }
    }

    static func line(_ verdict: HomeWise.FileVerdict) -> String {
        let state = verdict.wasRepaired ? "repaired" : verdict.state.rawValue
        let models = verdict.models.joined(separator: ", ")
        return
            "\(ListCommand.pad(state, 9)) \(ListCommand.pad("\(verdict.size)", 8)) \(verdict.digest?.short ?? "-")  \(models)  \(verdict.file)"
    }
}

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove models. What other models share stays, and so does what lies outside the store.")

    @Argument(help: "Models that are here: “name” for all of its variants, or “name:variant”.") var models: [String]
    @OptionGroup var consent: Consent
    @Flag(help: "Forget the model but leave its bytes for a later pull; `prune` would remove them.") var keepFiles = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let (names, isKeeping) = (models, keepFiles)
        let world = try World.ofThisProcess()
        let doomed = try await HomeWise.open(world) { try $0.removal(of: names, isKeepingFiles: isKeeping) }
        let frees = ByteCount(doomed.reduce(0) { $0 + $1.frees.bytes })
        for model in doomed { Terminal.say("  \(Terminal.plain(Self.line(model, isKeeping)))") }
        let what = doomed.count == 1 ? "1 model" : "\(doomed.count) models"
        let effect = isKeeping ? "leaving the bytes here" : "freeing \(frees)"
        guard try consent.isGiven("Remove \(what), \(effect)?", nothing: "\(what) would go, \(effect).") else {
            return try json ? Terminal.json(doomed) : ()
        }
        let removed = try await HomeWise.open(world) { try $0.remove(doomed, isKeepingFiles: isKeeping) }
        if json { return try Terminal.json(removed) }
        if isKeeping { return Terminal.say("Removed \(what); the bytes stay for a later pull, or until: homewise prune") }
        Terminal.say("Removed \(what); \(ByteCount(removed.reduce(0) { $0 + $1.frees.bytes })) are free again.")
    }

    private static func line(_ model: HomeWise.RemovedModel, _ isKeeping: Bool) -> String {
        var text = "\(model.name):\(model.quantization)" + (isKeeping ? "" : ", frees \(model.frees)")
        if model.shared.bytes > 0 { text += "; \(model.shared) stay for other models" }
        if model.adopted.bytes > 0 { text += "; \(model.adopted) lie elsewhere and stay there" }
        return text
    }
}

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove what no model needs: unfinished downloads, orphans, replaced versions, leftovers of interrupted runs.")

    @OptionGroup var consent: Consent
    @Option(help: ArgumentHelp("Only what was not touched for so long, such as 12h or 30d.", valueName: "age")) var older: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let age = try older.map { try Self.seconds($0) } ?? 0
        let world = try World.ofThisProcess()
        let items = try await HomeWise.open(world) { try $0.prunable(olderThan: age) }
        guard !items.isEmpty else {
            if json { try Terminal.json(items) } else { Terminal.say("There is nothing to prune.") }
            return
        }
        let frees = ByteCount(items.reduce(0) { $0 + $1.size.bytes })
        let now = Date()
        for item in items where item.kind != "lock" {
            let text =
                "\(ListCommand.pad(item.kind, 10)) \(ListCommand.pad("\(item.size)", 8)) \(item.name), \(ListTable.age(item.modified, now))"
            Terminal.say("  \(Terminal.plain(text))")
        }
        let locks = items.filter { $0.kind == "lock" }.count
        if locks > 0 { Terminal.say("  \(ListCommand.pad("locks", 19)) \(locks) that nobody holds") }
        guard try consent.isGiven("Remove these \(items.count), which frees \(frees)?", nothing: "\(frees) would be freed.") else {
            return try json ? Terminal.json(items) : ()
        }
        let outcome = try await HomeWise.open(world) { $0.prune(items) }
        for item in outcome.kept { Terminal.say("Kept \(Terminal.plain(item.name)): somebody uses it now.") }
        for failure in outcome.failures { Terminal.error(failure) }
        if json { try Terminal.json(outcome) }
        Terminal.say("\(ByteCount(outcome.removed.reduce(0) { $0 + $1.size.bytes })) are free again.")
        if let failure = outcome.failures.first { throw ExitCode(failure.exitCode) }
    }

    /// - Parameter what: what it is, for people.
    /// - Throws: `Failure.badInput` for what is no age.
    static func seconds(_ text: String, as what: String = "an age") throws -> TimeInterval {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()), number >= 0, number.isFinite else {
            throw Failure.badInput("“\(text.prefix(40))” is not \(what).", remedy: "Write \(what) such as 30m, 12h, 30d or 2w.")
        }
        return number * unit
    }
}

/// What stands before anything is removed: show, ask, and never without a yes.
struct Consent: ParsableArguments {
    @Flag(help: "Do not ask.") var yes = false
    @Flag(help: "Only show what would be removed.") var dryRun = false

    /// - Returns: `false` for a trial.
    /// - Throws: `Failure.badInput` where nobody said yes.
    func isGiven(_ question: String, nothing: String) throws -> Bool {
        if dryRun {
            Terminal.say(nothing + " Nothing was changed.")
            return false
        }
        guard !yes else { return true }
        guard Terminal.isInputPerson, Terminal.confirm(question) else {
            throw Failure.badInput("Nothing was removed: nobody said yes.", remedy: "Add --yes to go ahead without a question.")
        }
        return true
    }
}

struct DiskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "df", abstract: "Show where the space went.")

    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let use = try await HomeWise.open(World.ofThisProcess()) { try $0.diskUse() }
        if json { return try Terminal.json(use) }
        for (label, size, remark) in Self.rows(use) {
            Terminal.answer(
                "\(ListCommand.pad(label, 12)) \(ListCommand.pad("\(size)", remark.isEmpty ? 0 : 9))\(remark.isEmpty ? "" : " ")\(remark)\n"
            )
        }
        if use.orphans.bytes + use.superseded.bytes + use.partials.bytes > 0 {
            Terminal.say(Terminal.dim("To free some of it: homewise prune"))
        }
    }

    private static func rows(_ use: HomeWise.DiskUse) -> [(String, ByteCount, String)] {
        var rows = [
            (
                "Models", use.blobs,
                "\(use.files) file\(use.files == 1 ? "" : "s")" + (use.saved.bytes > 0 ? "; \(use.saved) saved by sharing" : "")
            )
        ]
        if use.archives.bytes > 0 { rows.append(("  archives", use.archives, "of these, kept beside what was in them")) }
        if use.orphans.bytes > 0 { rows.append(("  orphans", use.orphans, "of these, which no model has")) }
        if use.superseded.bytes > 0 { rows.append(("  replaced", use.superseded, "of these, older versions")) }
        rows += [("Unfinished", use.partials, "downloads"), ("Engines", use.engines, ""), ("Cache", use.cache, "of engine builds")]
        rows += [("Logs", use.logs, ""), ("Other", use.other, "inventory, manifests, registries")]
        if use.adopted.bytes > 0 { rows.append(("Elsewhere", use.adopted, "models that stay where other tools keep them")) }
        if let free = use.free { rows.append(("Free", free, use.total.map { "of \($0) at \(use.home)" } ?? "at \(use.home)")) }
        return rows
    }
}
