// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in models that are on this machine already.",
        discussion: """
            PATH may be a model file, a folder with models, the folder of another tool, an archive with models in it (also one that was \
            cut: name its first part), or a file that homewise export wrote. With --scan \
            the folders of Ollama, LM Studio, Hugging Face and llama.cpp are looked through. Without another wish files stay where \
            they are and cost no space. What is in an archive or a bundle is unpacked into the store: --copy leaves the file where it is, \
            as no wish does, --move removes it afterwards, and it cannot be linked to.
            """)

    @Argument(help: "A file or folder.") var path: String?
    @Flag(help: "Look where other tools keep their models.") var scan = false
    @Flag(name: .customLong("in-place"), help: "Leave the files where they are (this is the default).") var inPlace = false
    @Flag(help: "Give the same bytes a second name in the store; needs the same disk.") var link = false
    @Flag(help: "Copy the files so that they share their blocks; fails where the disk cannot.") var reflink = false
    @Flag(help: "Copy the files into the store; blocks are shared where the disk can.") var copy = false
    @Flag(help: "Move the files into the store; they are gone from where they were.") var move = false
    @Flag(inversion: .prefixedNo, help: "Keep the archive that models came in, beside them.") var keepCompressed: Bool?
    @Flag(help: "Show what would be done, and do nothing.") var dryRun = false
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Print the result as JSON.") var json = false

    /// What was done, or would be.
    private struct Outcome: Encodable {
        var dryRun: Bool
        var way: ImportWay?
        var imported: [Installed] = []
        var found: [FoundModel] = []
        var bundle: String?
        var problems: [ScanReport.Problem] = []
        /// Models that could not be taken in, with the reason.
        var failed: [String: String] = [:]
        var exitCode: Int32 = 0

        enum CodingKeys: String, CodingKey { case dryRun, way, imported, found, bundle, problems, failed }
    }

    func validate() throws {
        guard (path == nil) == scan else { throw ValidationError("Give a PATH, or --scan to look where other tools keep their models.") }
        guard [inPlace, link, reflink, copy, move].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --in-place, --link, --reflink, --copy and --move can be meant.")
        }
    }

    private var way: ImportWay { link ? .link : reflink ? .reflink : copy ? .copy : move ? .move : .inPlace }

    func run() async throws {
        var world = try World.ofThisProcess()
        if let keepCompressed { world.keepCompressed = keepCompressed }
        let outcome = try await Interrupts.shared.cancelling(isLast: true) { [world] in
            try await HomeWise.open(world) { house in
                if let path, Self.isFile(path) {
                    if let bundle = try house.bundle(at: path) { return try take(bundle, from: path, house) }
                    if let packed = try house.packed(at: path) { return try take(packed, from: path, house) }
                }
                return try takeFound(house)
            }
        }
        ProgressLine.shared.finish()
        if json { try Terminal.json(outcome) }
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    private func take(_ bundle: ModelBundle, from path: String, _ house: HomeWise) throws -> Outcome {
        var outcome = Outcome(dryRun: dryRun, bundle: bundle.key)
        try checkWay(for: path)
        Terminal.line(
            "Bundle", Terminal.plain("\(bundle.key), \(bundle.files.count) files, \(ByteCount(bundle.size)), from \(bundle.source)"))
        guard !dryRun, try isGoneWanted([path]) else { return outcome }
        outcome.imported = [try house.importBundle(at: path, how: way, report: Story().tell)]
        return outcome
    }

    private func take(_ packed: HomeWise.Packed, from path: String, _ house: HomeWise) throws -> Outcome {
        var outcome = Outcome(dryRun: dryRun)
        try checkWay(for: path)
        let parts = packed.parts.count > 1 ? " in \(packed.parts.count) parts" : ""
        Terminal.line("Archive", Terminal.plain("\(packed.name)\(parts), \(packed.files.count) file\(packed.files.count == 1 ? "" : "s")"))
        if dryRun {
            for file in packed.files.prefix(20) { Terminal.say("           \(Terminal.plain(file))") }
            return outcome
        }
        guard try isGoneWanted(packed.parts) else { return outcome }
        (outcome.imported, outcome.problems) = try house.importPacked(at: path, how: way, report: Story().tell)
        for problem in outcome.problems { Terminal.line("Problem", Terminal.plain("\(problem.place): \(problem.message)")) }
        if outcome.imported.isEmpty { Terminal.say("No model was found in it.") }
        return outcome
    }

    /// A wish that an archive or a bundle cannot fulfil is not passed over.
    private func checkWay(for path: String) throws {
        guard !inPlace, !link, !reflink else {
            let wish = inPlace ? "--in-place" : link ? "--link" : "--reflink"
            throw Failure.badInput(
                "\(wish) cannot be had with \(path): what is in it has to be unpacked into the store.",
                remedy: "Leave \(wish) out, or give --move to have the file removed once its models are in.")
        }
    }

    private func isGoneWanted(_ places: [String]) throws -> Bool {
        if way != .move || yes { return true }
        let what = "take in what is in it, and then remove \(places.count == 1 ? places[0] : "its \(places.count) parts")"
        guard Terminal.isInputPerson else {
            throw Failure.badInput(
                "Nobody is here to be asked whether to \(what).", remedy: "Add --yes to do it, or --dry-run to only look.")
        }
        return Terminal.confirm("           Shall HomeWise \(what)?")
    }

    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    private func takeFound(_ house: HomeWise) throws -> Outcome {
        let report = try house.findModels(at: path)
        var outcome = Outcome(dryRun: dryRun, way: way, found: report.models, problems: report.problems)
        for problem in report.problems { Terminal.line("Problem", Terminal.plain("\(problem.place): \(problem.message)")) }
        let fresh = try report.models.filter { try dryRun ? !house.isImported($0) : !house.recognize($0) }
        for model in report.models {
            let isHere = !fresh.contains(model)
            Terminal.line(isHere ? "Here" : "Found", Terminal.plain("\(model.key), \(model.size), \(model.title) of \(model.origin.title)"))
            for note in model.notes { Terminal.say("           \(Terminal.plain(note))") }
        }
        guard !fresh.isEmpty else {
            Terminal.say(report.models.isEmpty ? "No model was found." : "All of them are here already.")
            return outcome
        }
        guard !dryRun, try isWanted(fresh) else { return outcome }
        let story = Story()
        for (index, model) in fresh.enumerated() {
            do {
                let later = Array(fresh[(index + 1)...])
                outcome.imported.append(try house.importModel(model, how: way, before: later, report: story.tell))
            } catch let failure as Failure {
                // One that cannot be taken in keeps no other from it.
                ProgressLine.shared.finish()
                outcome.failed[model.key] = failure.message
                outcome.exitCode = failure.exitCode
                Terminal.error(failure)
            }
        }
        return outcome
    }

    /// A person is asked where many models, or a move, are at stake; a script says --yes.
    private func isWanted(_ models: [FoundModel]) throws -> Bool {
        if yes || !scan && way != .move { return true }
        let size = ByteCount(models.reduce(0) { $0 &+ $1.size.bytes })
        let what =
            switch way {
            case .inPlace: "take in \(models.count) models where they are"
            case .link: "link \(models.count) models into the store"
            case .reflink: "copy \(models.count) models into the store, sharing their blocks"
            case .copy: "copy \(models.count) models (\(size)) into the store"
            case .move: "move \(models.count) models (\(size)) into the store, away from where they are"
            }
        guard Terminal.isInputPerson else {
            throw Failure.badInput(
                "Nobody is here to be asked whether to \(what).", remedy: "Add --yes to do it, or --dry-run to only look.")
        }
        return Terminal.confirm("           Shall HomeWise \(what)?")
    }
}
