// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

/// What a download may take.
struct DownloadOptions: ParsableArguments {
    @Option(help: "Bytes per second at most, such as 5MB; 0 for no limit.") var limit: String?
    @Option(help: "Connections at a time for one file, 1 to 32.") var connections: String?
    @Option(help: "Fetch only in these hours of the day, such as 01:00-07:00.") var hours: String?

    @Flag(inversion: .prefixedNo, help: "Keep the archive that a model came in, beside the model.") var keepCompressed: Bool?

    /// The world of this process within these limits.
    func world() throws -> World {
        var world = try World.ofThisProcess()
        world.limits = try TransferLimits.parsing(connections: connections, bandwidth: limit, hours: hours, over: world.limits)
        if let keepCompressed { world.keepCompressed = keepCompressed }
        return world
    }
}

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch models without running them.",
        discussion: """
            A model is a name of the registry, or a source: hf:ORG/REPO:QUANTIZATION, ollama:NAME:TAG, oci:HOST/REPO:TAG, \
            modelscope:ORG/REPO, https://…, or a path. One that cannot be had does not keep the others from coming. With --json every \
            event is a line of JSON, and each model ends with a line of its own.
            """)

    @Argument(help: "Models, or auto for the best for this machine.") var models: [String]
    @OptionGroup var options: WishOptions
    @OptionGroup var download: DownloadOptions
    @Option(help: "Models at a time, 1 to 8.") var parallel: String?
    @Flag(help: "Show what would be fetched, and from where; fetch nothing.") var dryRun = false

    func run() async throws {
        let wish = try options.wish()
        var world = try download.world()
        if let parallel { world.parallelDownloads = try World.parallelDownloads(parallel) }
        let story = options.json ? Story(lines: JSONLines()) : Story()
        let failures = try await Interrupts.shared.cancelling(isLast: true) { [world] in
            try await HomeWise.open(world) { house in
                try await house.withDownloads(wish: wish, report: story.tell) { manager in
                    try await Pulls(house: house, manager: manager, options: options, story: story, wish: wish).run(models, dryRun: dryRun)
                }
            }
        }
        try Self.end(failures)
    }

    /// One failure is told as it always is; several are told together, and the first decides on the status.
    private static func end(_ failures: [(model: String, failure: Failure)]) throws {
        guard let first = failures.first else { return }
        guard failures.count > 1 else { throw first.failure }
        ProgressLine.shared.finish()
        for (model, failure) in failures { Terminal.say("\(Terminal.plain(model)): \(failure.message)\n       \(failure.remedy)") }
        throw ExitCode(first.failure.exitCode)
    }
}

/// Several models, one request each: what fails is kept and told at the end.
private struct Pulls {
    let house: HomeWise
    let manager: DownloadManager
    let options: WishOptions
    let story: Story
    let wish: Wish

    func run(_ models: [String], dryRun: Bool) async throws -> [(model: String, failure: Failure)] {
        var failures: [(model: String, failure: Failure)] = []
        var jobs: [(model: String, id: DownloadJob.ID)] = []
        for model in models {
            do {
                if let source = try house.archiveSource(model) {
                    try await pull(archive: source, dryRun: dryRun)
                    continue
                }
                let name = try await house.name(ofTyped: model, options, story)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                if dryRun {
                    try show(await house.survey(name, wish: wish, report: story.tell))
                } else {
                    await jobs.append((model, manager.start(name ?? "auto")))
                }
            } catch let failure as Failure where failure.code != .interrupted { failures.append((model, failure)) }
        }
        for (model, id) in jobs {
            do { try tell(await manager.outcome(of: id)) } catch let failure as Failure where failure.code != .interrupted {
                failures.append((model, failure))
                if options.json, models.count > 1 { try Terminal.jsonLine(["event": "failed", "model": model], failure) }
            }
        }
        return failures
    }

    /// What is in an archive is known once it is here: it has no place in the queue of models.
    private func pull(archive source: SourceReference, dryRun: Bool) async throws {
        if dryRun {
            Terminal.answer(
                Terminal.plain("\(source): an archive; which models are in it is known once it is here. Nothing was fetched.\n"))
            return
        }
        for installed in try await house.pullArchive(source, report: story.tell) { try tell(installed) }
    }

    private func tell(_ installed: Installed) throws {
        if options.json {
            try Terminal.jsonLine(["event": "done"], installed)
        } else {
            Terminal.line("Here", installed.path)
        }
    }

    private func show(_ survey: Survey) throws {
        ProgressLine.shared.finish()
        if options.json { return try Terminal.jsonLine(["event": "survey"], survey) }
        for file in survey.files {
            let digest = file.digest.map { "sha256 \($0.short)…" } ?? "no published checksum"
            let size = file.size.map { "\($0)" } ?? "size unknown"
            let state = file.isHere ? "is here" : file.already.bytes > 0 ? "\(file.already) of it are here" : "to fetch"
            Terminal.answer(Terminal.plain("\(file.name)  \(size), \(digest), \(state), from \(file.places.joined(separator: ", "))\n"))
        }
        let free = survey.free.map { ", \($0) are free" } ?? ""
        Terminal.answer("To fetch: \(survey.toFetch)\(free). Nothing was fetched.\n")
    }
}
