// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Bring models up to what their sources have now.",
        discussion: """
            A new version comes in beside the old one, is looked over and loaded once by the engine, and only then takes its place; the \
            old one is kept until `prune`. A changed owner, licence or history is held for you: look at it, then add --accept owner, \
            license, history, downgrade, rollback or failed. Exits with 77 where something is held.
            """)

    @Argument(help: "Models that are here.") var models: [String] = []
    @Flag(help: "Every model.") var all = false
    @Flag(help: "Only tell what there is; change nothing.") var check = false
    @Flag(help: "Go back to the version before.") var rollback = false
    @Option(help: ArgumentHelp("A change that you have looked at.", valueName: "change")) var accept: [String] = []
    @Flag(help: "Do not ask.") var yes = false
    @Flag(help: "Print the result as JSON.") var json = false
    @OptionGroup var download: DownloadOptions

    func validate() throws {
        if models.isEmpty != all { throw ValidationError("Name the models to update, or add --all.") }
        if rollback, all || check { throw ValidationError("Name the models to go back with.") }
    }

    func run() async throws {
        let accepted = try accept.map(Self.change)
        let world = try download.world()
        let (story, names, isBack, isCheck, mayAsk) = (Story(), models, rollback, check, !yes && Terminal.isInputPerson && !json)
        let (isYes, isJSON) = (yes, json)
        let outcome = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                if isBack { return try Outcome(back: names.map { try house.rollBack($0) }) }
                var checks = try await house.checkUpdates(names, accepting: Set(accepted), report: story.tell)
                ProgressLine.shared.finish()
                if !isJSON { for check in checks { UpdateText(check).show() } }
                if isCheck { return Outcome(checks: checks) }
                if mayAsk { checks = try await Self.ask(house, checks, accepted, story) }
                guard checks.contains(where: { $0.state == .newer }) else { return Outcome(checks: checks) }
                guard isYes || mayAsk && Terminal.confirm(Self.question(checks)) else {
                    throw Failure.badInput("Nothing was changed: nobody said yes.", remedy: "Add --yes to go ahead without a question.")
                }
                for index in checks.indices where checks[index].state == .newer {
                    checks[index] = try await house.apply(checks[index], report: story.tell)
                    ProgressLine.shared.finish()
                    if !isJSON { UpdateText(checks[index]).show() }
                }
                return Outcome(checks: checks)
            }
        }
        try tell(outcome)
    }

    private struct Outcome: Sendable {
        var checks: [UpdateCheck] = []
        var back: [Installed] = []
    }

    private static func change(_ text: String) throws -> UpdateDecision.Change {
        guard let change = UpdateDecision.Change(rawValue: text.lowercased()) else {
            throw Failure.badInput(
                "“\(text.prefix(40))” is nothing to accept.",
                remedy: "Changes are: \(UpdateDecision.Change.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return change
    }

    /// What is held is shown to the person who is there, one model after the other.
    private static func ask(_ house: HomeWise, _ checks: [UpdateCheck], _ accepted: [UpdateDecision.Change], _ story: Story) async throws
        -> [UpdateCheck]
    {
        var checks = checks
        for index in checks.indices where checks[index].state == .held {
            guard Terminal.confirm("Update \(Terminal.plain(checks[index].model)) all the same?") else { continue }
            let waved = Set(accepted).union(checks[index].holds.map(\.change))
            if let again = try await house.checkUpdates([checks[index].model], accepting: waved, report: story.tell).first {
                checks[index] = again
            }
        }
        return checks
    }

    private static func question(_ checks: [UpdateCheck]) -> String {
        let newer = checks.filter { $0.state == .newer }
        let bytes = ByteCount(newer.reduce(0) { $0 + ($1.toFetch?.bytes ?? 0) })
        return "Update \(newer.count == 1 ? newer[0].model : "\(newer.count) models"), which fetches \(bytes)?"
    }

    private func tell(_ outcome: Outcome) throws {
        ProgressLine.shared.finish()
        if rollback {
            if json { return try Terminal.json(outcome.back) }
            for model in outcome.back {
                Terminal.line("Back", "\(model.name) \(model.quantization.uppercased()) is \(model.digest.short)… again")
            }
            return
        }
        if json {
            try Terminal.json(outcome.checks)
        } else if outcome.checks.isEmpty {
            Terminal.say("No model is here.")
        }
        if check { return }
        let bad = outcome.checks.filter { [.held, .gone, .unreachable].contains($0.state) }
        if let failure = bad.lazy.compactMap(\.failure).first { throw ExitCode(failure.exitCode) }
        if bad.contains(where: { $0.state == .held }) { throw ExitCode(77) }
    }
}

/// One model in a line, and what a person should look at below it.
struct UpdateText {
    let lines: [String]
    /// Lines of a changed template that are shown.
    private static let longest = 60

    init(_ check: UpdateCheck) {
        let label = Self.label(check.state).padding(toLength: 11, withPad: " ", startingAt: 0)
        var lines = ["\(label) \(check.model)\(Self.remark(check))"]
        lines += check.holds.map { "              \($0.change.rawValue): \($0.reason)" }
        if let failure = check.failure, check.state != .held { lines.append("              \(failure.message)") }
        if check.state == .held, check.failure == nil {
            let changes = check.holds.map { "--accept \($0.change.rawValue)" }.joined(separator: " ")
            lines.append("              If that is right: homewise update \(check.model) \(changes)")
        }
        if let template = check.template, check.state != .updated || check.isTemplateLate {
            lines.append("              Its chat template changes:")
            lines += template.lines.prefix(Self.longest).map { "              \($0)" }
            if template.lines.count > Self.longest { lines.append("              … and \(template.lines.count - Self.longest) lines more") }
        }
        self.lines = lines.map { Terminal.plain($0).replacingOccurrences(of: "\n", with: " ") }
    }

    func show() { for line in lines { Terminal.answer(line + "\n") } }

    private static func label(_ state: UpdateCheck.State) -> String {
        switch state {
        case .upToDate: "Up to date"
        case .newer: "Newer"
        case .held: "Held"
        case .gone: "Gone"
        case .unpinned: "Unpinned"
        case .unreachable: "No answer"
        case .updated: "Updated"
        }
    }

    private static func remark(_ check: UpdateCheck) -> String {
        switch check.state {
        case .newer, .held:
            let revisions = [check.revision, check.offered].compactMap { $0?.prefix(12) }.joined(separator: " to ")
            return ", \(check.source)\(revisions.isEmpty ? "" : " \(revisions)")\(check.toFetch.map { ", \($0) to fetch" } ?? "")"
        case .unpinned: return ": nothing tells one version from another at its source"
        case .gone: return ": the \(check.source) does not have it any more; it stays here"
        case .unreachable: return ": the \(check.source) could not be asked"
        case .updated: return "; to go back: homewise update --rollback \(check.model)"
        case .upToDate: return ""
        }
    }
}
