// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import HomeWiseDomain
import HomeWiseKit

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine", abstract: "Install, show, choose and remove engines: the programs that run models.",
        subcommands: [Install.self, List.self, Use.self, Remove.self])

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Install an engine: llama.cpp from the PATH or from source, ONNX's libraries, or PyTorch in an environment of its own.")

        @Argument(help: "The engine: llama.cpp, onnx or pytorch.") var engine = "llama.cpp"
        @Flag(help: "Build or fetch it anew, whatever is there already.") var rebuild = false
        @Flag(help: "Do not ask before gigabytes are fetched.") var yes = false
        @Flag(help: "Print the result as JSON.") var json = false

        func run() async throws {
            let story = Story()
            let world = try World.ofThisProcess()
            let manifest = try await Interrupts.shared.cancelling(isLast: true) {
                try await HomeWise.open(world) { house in
                    if engine == ModelFormat.pytorch.engine { try await agree(to: house.torchPlan()) }
                    return try await house.installEngine(engine, isRebuild: rebuild, report: story.tell)
                }
            }
            if json { try Terminal.json(manifest) }
        }

        /// Its size is told before anything is fetched.
        private func agree(to plan: TorchPlan) throws {
            guard rebuild || !plan.isInstalled else { return }
            Terminal.line("PyTorch", plan.sentence)
            if yes || (Terminal.isInputPerson && Terminal.confirm("           Fetch it?")) { return }
            throw Failure.badInput("PyTorch was not installed: nobody said yes.", remedy: "Add --yes to fetch it without a question.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the engines that are installed.")

        @Flag(help: "Print the result as JSON.") var json = false

        struct Row: Encodable {
            let isInUse: Bool
            let manifest: EngineManifest
        }

        func run() async throws {
            let engines = try await HomeWise.open(World.ofThisProcess()) { house in
                try house.engines().map { Row(isInUse: $0.isInUse, manifest: $0.manifest) }
            }
            if json { return try Terminal.json(engines) }
            for row in engines {
                let origin =
                    switch row.manifest.origin {
                    case .built: "built here"
                    case .found: "found at \(row.manifest.server)"
                    case .fetched: "its libraries, fetched"
                    case .environment: "an environment of its own"
                    }
                Terminal.answer("\(row.isInUse ? "*" : " ") \(row.manifest.engine) \(row.manifest.version), \(origin)\n")
            }
            if engines.isEmpty { Terminal.say("No engine is installed. Run: homewise engine install llama.cpp") }
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Choose which installed version of an engine is used.")

        @Argument(help: "The engine.") var engine: String
        @Argument(help: "Its version, as `homewise engine list` shows it.") var version: String

        func run() async throws {
            let manifest = try await HomeWise.open(World.ofThisProcess()) { try $0.useEngine(engine, version: version) }
            Terminal.say("\(manifest.engine) \(manifest.version) is used from now on.")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an installed engine. A finished build stays in the cache.")

        @Argument(help: "The engine.") var engine: String
        @Argument(help: "Its version; all of them without one.") var version: String?
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            let what = "\(engine)\(version.map { " " + $0 } ?? "")"
            if !yes {
                guard Terminal.isInputPerson, Terminal.confirm("Remove \(what)?") else {
                    throw Failure.badInput(
                        "\(what) was not removed: nobody said yes.", remedy: "Add --yes to remove it without a question.")
                }
            }
            let removed = try await HomeWise.open(World.ofThisProcess()) { try $0.removeEngine(engine, version: version) }
            for manifest in removed { Terminal.say("Removed \(manifest.engine) \(manifest.version).") }
        }
    }
}
