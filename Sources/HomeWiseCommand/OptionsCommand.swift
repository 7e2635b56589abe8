// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct OptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "options", abstract: "Show how a model is run, value by value, and save other values for it.",
        discussion: "Each value is shown as it holds by itself, as it is saved and as it takes effect, with the reason.")

    @Argument(help: "The model, by name.") var model: String
    @Argument(help: "Values to save, such as context=8192 threads=4.") var values: [String] = []
    @Option(help: "Forget what is saved under this name.") var unset: [String] = []
    @Flag(help: "Forget all that is saved for the model.") var reset = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let pairs = try OptionWords.pairs(values)
        let world = try World.ofThisProcess()
        let reports = try await HomeWise.open(world) { house in
            let name = try await house.name(of: model) { _ in }
            if reset { try house.unsetOptions(of: name) } else if !unset.isEmpty { try house.unsetOptions(of: name, unset) }
            if !pairs.isEmpty { try house.setOptions(of: name, pairs) }
            if reset || !unset.isEmpty || !pairs.isEmpty { try await Self.tellDaemon(world, name) }
            return try await house.options(of: name)
        }
        if json { return try Terminal.json(reports) }
        let width = reports.map(\.name.rawValue.count).max() ?? 0
        for report in reports {
            let value = report.effective ?? "as the engine likes"
            let saved = report.saved.map { "saved \($0)" } ?? report.default.map { "default \($0)" } ?? "default"
            Terminal.answer(
                "\(report.name.rawValue.padding(toLength: width, withPad: " ", startingAt: 0))  \(value)  (\(saved); \(report.reason))\n")
        }
    }

    /// Whoever keeps the model loaded heeds its threads at once, where its engine can.
    private static func tellDaemon(_ world: World, _ model: String) async throws {
        guard let heeded = try await DaemonClient.ifRunning(world, body: { try await $0?.saved(model) }) else { return }
        if let threads = heeded.now {
            Terminal.line("Threads", "up to \(threads) from now on, in the model that is loaded")
        } else {
            Terminal.line("Threads", "those of the loaded model stay as they are until its next load: homewise stop \(model)")
        }
    }
}
