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

    /// The world of this process within these limits.
    func world() throws -> World {
        var world = try World.ofThisProcess()
        world.limits = try TransferLimits.parsing(connections: connections, bandwidth: limit, hours: hours, over: world.limits)
        return world
    }
}

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch a model without running it.",
        discussion: """
            A model is a name of the registry, or a source: hf:ORG/REPO:QUANTIZATION, ollama:NAME:TAG, oci:HOST/REPO:TAG, \
            modelscope:ORG/REPO, https://…, or a path. With --json every event is a line of JSON, and the last one is the model.
            """)

    @Argument(help: "The model, or auto for the best for this machine.") var model: String
    @OptionGroup var options: ModelOptions
    @OptionGroup var download: DownloadOptions
    @Flag(help: "Show what would be fetched, and from where; fetch nothing.") var dryRun = false

    func run() async throws {
        let wish = try options.wish()
        let world = try download.world()
        let story = options.json ? Story(lines: JSONLines()) : Story()
        try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                let name = try await house.name(ofTyped: model, options, story)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                if dryRun { return try show(await house.survey(name, wish: wish, report: story.tell)) }
                let ready = try await house.obtain(name, wish: wish, report: story.tell)
                if options.json {
                    try Terminal.jsonLine(["event": "done"], ready.installed)
                } else {
                    Terminal.line("Here", ready.installed.path)
                }
            }
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
