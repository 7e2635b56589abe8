// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model into one file, for a machine without network.",
        discussion: "The file is a plain tar archive; the other machine takes it in with: homewise import FILE")

    @Argument(help: "The model, as list shows it.") var model: String
    @Argument(help: "The file to write.") var file: String
    @Flag(help: "Replace a file that is there.") var force = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let world = try World.ofThisProcess()
        let story = Story()
        let exported = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                try house.exportModel(model, to: file, isReplacing: force, report: story.tell)
            }
        }
        ProgressLine.shared.finish()
        if json { return try Terminal.json(exported) }
        Terminal.line(
            "Exported", "\(exported.name):\(exported.tag), \(exported.files) file\(exported.files == 1 ? "" : "s"), \(exported.size)")
        Terminal.answer(exported.path + "\n")
    }
}
