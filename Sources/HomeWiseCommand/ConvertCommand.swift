// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Make a GGUF of a model in safetensors: llama.cpp answers several times as fast as PyTorch.",
        discussion: "Needs both engines: homewise engine install llama.cpp, homewise engine install pytorch.")

    @Argument(help: "The model by name, or a folder with its files.") var model: String
    @Option(help: "What to quantise it to: Q8_0, Q6_K, Q5_K_M, Q4_K_M and others.") var to = "Q4_K_M"
    @Option(help: "Write it to this file instead of taking it in.") var output: String?
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        if let output, FileManager.default.fileExists(atPath: output) {
            throw Failure.badInput("\(output) is there already.", remedy: "Give another name, or remove it first.")
        }
        let world = try World.ofThisProcess()
        let story = Story()
        let place = output.map { URL(filePath: $0).path }
        let installed = try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { try await $0.convert(model, to: to, output: place, report: story.tell) }
        }
        if json, let installed { return try Terminal.json(installed) }
        if let place { Terminal.line("Written", place) }
        if let installed { Terminal.line("Named", "\(installed.name):\(installed.quantization)") }
    }
}
