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
                let name = try await house.name(ofTyped: model, options, story)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                return try await house.obtain(name, wish: wish, report: story.tell)
            }
        }
        if options.json { try Terminal.json(ready.installed) } else { Terminal.line("Here", ready.installed.path) }
    }
}
