// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show how a model would run here: memory, speed, and the engine's command.")

    @Argument(help: "The model.") var model: String
    @Option(help: "Layers on the GPU.") var gpuLayers: Int?
    @Flag(help: "Show what machine the model takes.") var needs = false
    @OptionGroup var target: TargetOptions
    @OptionGroup var options: WishOptions

    func run() async throws {
        var wish = try options.wish()
        if let gpuLayers {
            guard (0...1024).contains(gpuLayers) else {
                throw Failure.badInput("--gpu-layers \(gpuLayers) is out of range.", remedy: "Give 0 to 1024.")
            }
            wish.gpuLayers = gpuLayers
        }
        try target.apply(to: &wish)
        let final = wish
        let plan = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(World.ofThisProcess()) { house in
                let machine = try await target.machine(like: await house.hardware(askingEngine: false))
                let name = try await house.name(ofTyped: model, options, Story()) ?? model
                return try await house.plan(name, wish: final, for: machine)
            }
        }
        if options.json { return try Terminal.json(plan) }
        for line in needs ? Self.needs(plan) : Self.lines(plan) { Terminal.answer(line + "\n") }
        if let obstacle = plan.obstacle, !needs {
            Terminal.error(Failure.tooLarge(plan.fit.model.name, reason: obstacle))
            throw ExitCode(69)
        }
    }

    private static func lines(_ plan: ModelPlan) -> [String] {
        let (fit, memory) = (plan.fit, plan.fit.memory)
        var lines = [
            "Model      \(fit.model.name) \(fit.variant.quantization), \(fit.variant.size)\(fit.isInstalled ? ", is here" : ", \(fit.download) to fetch")",
            "Context    \(fit.context) tokens, keys and values as \(fit.options.keyType.rawValue)",
            "Speed      \(fit.speed.band) while it writes (\(fit.speed.reason))",
            fit.speed.promptTokensPerSecond.map { "           about \(SpeedEstimate.text($0)) tokens/s while it reads" },
            "Memory     \(memory.privateTotal) private, \(memory.mapped) of the file's pages; \(memory.working) should be free (\(memory.reason))",
            "           \(memory.repacked) weights rewritten for this processor, \(memory.cache) cache, \(memory.compute) buffers, \(memory.overhead) process",
            memory.gpu.bytes > 0
                ? "GPU        \(memory.gpu) for \(fit.placement.gpuLayers) layers on \(fit.placement.gpu?.name ?? "the GPU")" : nil,
        ].compactMap { $0 }
        if let seen = plan.observed {
            lines.append("Seen       \(seen.seen) private when it ran, \(seen.planned) had been planned")
        }
        return lines + ["Command    \(plan.command.joined(separator: " "))"]
    }

    private static func needs(_ plan: ModelPlan) -> [String] {
        let needs = plan.needs
        return [
            "\(plan.fit.model.name) \(plan.fit.variant.quantization) with a context of \(plan.fit.context) tokens takes:",
            "Memory     a machine with \(needs.memory), of it \(needs.free) free",
            "Disk       \(needs.disk) while it is fetched",
            "Bandwidth  \((needs.bandwidth / 1e9).rounded(toPlaces: 1)) GB/s from memory for a pleasant speed on the processor",
            "GPU        none; with \(needs.gpuMemory) of GPU memory all of it would run there",
        ]
    }
}

struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Measure what the engine's kernels reach on this machine, in under a minute.",
        discussion: "Once for each machine and engine. Speeds are then predicted from real figures. Let the machine rest meanwhile.")

    @Option(help: "Begin no further kind of block after so many seconds.") var seconds = 50
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        guard (1...3600).contains(seconds) else {
            throw Failure.badInput("--seconds \(seconds) is out of range.", remedy: "Give 1 to 3600.")
        }
        let story = Story()
        let calibration = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(World.ofThisProcess()) { house in
                try await house.ensureEngine(for: .gguf, story)
                return try await house.calibrate(within: .seconds(seconds), report: story.tell)
            }
        }
        if json { return try Terminal.json(calibration) }
        for kernel in calibration.kernels {
            Terminal.answer(
                "\(kernel.type.padding(toLength: 8, withPad: " ", startingAt: 0)) \(kernel.threads) thread\(kernel.threads == 1 ? " " : "s")  "
                    + "\((kernel.bytesPerSecond / 1e9).rounded(toPlaces: 1)) GB/s while it writes, "
                    + "\((kernel.promptRate / 1e9).rounded(toPlaces: 0)) billion weights/s while it reads\n")
        }
        Terminal.say(Terminal.dim("Repeated runs lay \((calibration.spread * 100).rounded(toPlaces: 0)) % apart."))
    }
}
