// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pull", abstract: "Fetch a model without running it.")

    @Argument(help: "The model, or auto for the best for this machine.") var model: String
    @OptionGroup var options: ModelOptions

    func run() async throws {
        let wish = try options.wish()
        let world = try World.ofThisProcess()
        let story = Story()
        let ready = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                let name = try await house.name(ofTyped: model, story)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                return try await house.obtain(name, wish: wish, report: story.tell)
            }
        }
        if options.json { try Terminal.json(ready.installed) } else { Terminal.line("Here", ready.installed.path) }
    }
}

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the models that are here.")

    @Flag(help: "Show every model that the registry names.") var all = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let (installed, registry) = try await HomeWise.open(World.ofThisProcess()) { try ($0.installed(), $0.registry) }
        switch (json, all) {
        case (true, true): try Terminal.json(registry)
        case (true, false): try Terminal.json(installed)
        case (false, true): for model in registry.models { Terminal.answer(Self.line(model)) }
        case (false, false):
            for model in installed {
                Terminal.answer("\(Self.pad(model.name, 28)) \(Self.pad(model.quantization.uppercased(), 8)) \(model.size)\n")
            }
            if installed.isEmpty { Terminal.say("No model is here yet. `homewise run` fetches the best for this machine.") }
        }
    }

    static func line(_ model: ModelInfo) -> String {
        Terminal.plain("\(pad(model.id, 28)) \(pad(model.tier.rawValue, 9)) \(pad("\(model.size)", 9)) \(model.description ?? "")\n")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
}
