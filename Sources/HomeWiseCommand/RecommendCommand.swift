// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

/// What to plan for: what the model is for, and on which machine.
struct TargetOptions: ParsableArguments {
    @Option(help: "What it is for: chat, code, reasoning, embedding or vision.") var use: String?
    @Option(help: "Plan for another machine: a file as `homewise hardware --json` prints it.") var profile: String?

    @Option(help: "Plan for a machine in a few words, such as: 16GB, 8 cores, RTX 3060 12GB.") var simulate: String?

    static let uses: [String: Capability] = [
        "chat": .chat, "code": .code, "reasoning": .reasoning, "embedding": .embedding, "vision": .vision, "completion": .completion,
    ]

    func apply(to wish: inout Wish) throws {
        guard let use else { return }
        guard let capability = Self.uses[use.lowercased()] else {
            throw Failure.badInput(
                "“\(use)” is no use that HomeWise knows.", remedy: "Choose from: \(Self.uses.keys.sorted().joined(separator: ", ")).")
        }
        wish.capability = capability
        // Nobody reads along while texts are embedded.
        if capability == .embedding { wish.minTokensPerSecond = 0 }
    }

    /// - Parameter here: what a simulated machine is like where nothing is said.
    func machine(like here: @autoclosure () async throws -> SystemCapabilities) async throws -> SystemCapabilities? {
        if let simulate { return try SystemCapabilities(simulating: simulate, like: await here()) }
        guard let profile else { return nil }
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: profile)) } catch {
            throw Failure.unreadable(path: profile, reason: error.localizedDescription)
        }
        do { return try JSONDecoder().decode(SystemCapabilities.self, from: data) } catch let error as DecodingError {
            throw Failure.badInput(
                "\(profile) is no machine: \(error.complaint).", remedy: "Make one with: homewise hardware --json > \(profile)")
        }
    }
}

struct RecommendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recommend", abstract: "Show the models that run well on this machine, best first.",
        discussion: "Nothing is fetched but the headers of the best few, some megabytes each.")

    @Flag(help: "Show also what was ruled out, with the reason.") var all = false
    @Option(help: "How many to show.") var top = 10
    @OptionGroup var target: TargetOptions
    @OptionGroup var options: WishOptions

    func run() async throws {
        var wish = try options.wish()
        try target.apply(to: &wish)
        let final = wish
        let (choice, isCalibrated) = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(World.ofThisProcess()) { house in
                let machine = try await target.machine(like: await house.hardware(askingEngine: false))
                return try await (house.recommend(final, for: machine), machine != nil || house.calibration() != nil)
            }
        }
        if options.json { return try Terminal.json(Report(choice, top: top, isWhole: all)) }
        for fit in choice.ranked.prefix(max(1, top)) {
            RecommendationText(fit).lines.forEach { Terminal.answer(Terminal.plain($0) + "\n") }
        }
        if final.capability == .vision { Terminal.line("Note", "these models see, but HomeWise gives them text only so far") }
        if choice.ranked.isEmpty { Terminal.say("Nothing fits all wishes. What comes nearest:") }
        if all || choice.ranked.isEmpty {
            for rejection in choice.rejected { Terminal.answer("- \(rejection.model.name): \(rejection.reason)\n") }
        } else if !choice.rejected.isEmpty {
            Terminal.say(Terminal.dim("\(choice.rejected.count) more were ruled out; --all tells why."))
        }
        if !isCalibrated {
            Terminal.say(
                Terminal.dim(
                    "Speeds are estimates from memory bandwidth: `homewise calibrate` measures the real kernels in under a minute."))
        }
    }

    private struct Report: Encodable {
        struct Refusal: Encodable {
            let model: String
            let reason: String
        }
        let ranked: [Fit]
        let rejected: [Refusal]?

        init(_ choice: Choice, top: Int, isWhole: Bool) {
            ranked = Array(choice.ranked.prefix(max(1, top)))
            rejected = isWhole ? choice.rejected.map { Refusal(model: $0.model.id, reason: $0.reason) } : nil
        }
    }
}

/// One recommended model in a few lines: what it is, what it gives, what it takes, and why.
struct RecommendationText {
    let lines: [String]

    init(_ fit: Fit) {
        let quality = fit.model.quality.map { "quality \($0.score.rounded(toPlaces: 0))\($0.isEstimated == true ? " (estimated)" : "")" }
        let download = fit.isInstalled ? "is here" : "\(fit.download) to fetch, \(Self.time(fit.download))"
        let place = fit.placement == .cpu ? nil : "\(fit.placement.gpuLayers) layers on \(fit.placement.gpu?.name ?? "the GPU")"
        let first = [fit.speed.band, "\(fit.memory.working) of memory", place, "context \(fit.context)", quality, download].compactMap {
            $0
        }
        lines = [
            "\(fit.model.name)  \(fit.variant.quantization)", "  " + first.joined(separator: ", "),
            "  \(fit.speed.reason); memory \(fit.memory.reason)" + (fit.model.description.map { "; \($0)" } ?? ""),
        ]
    }

    /// On a line of 50 Mbit/s, which is what homes have.
    static func time(_ size: ByteCount) -> String {
        let seconds = Double(size.bytes) * 8 / 50e6
        return seconds < 90 ? "about \(max(1, Int(seconds))) s at 50 Mbit/s" : "about \(Int((seconds / 60).rounded())) min at 50 Mbit/s"
    }
}
