// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct WishOptions: ParsableArguments {
    @Option(help: "Tokens that a conversation may hold.") var context: Int?
    @Option(help: "Rule out models that write fewer tokens per second.") var minSpeed: Double?
    @Option(help: "Only models of this tier: compact, minimal, standard or advanced.") var tier: String?
    @Option(help: "How much of the memory a model may take: a share such as 80%, or a size such as 12GB.") var maxRam: String?
    @Option(help: "The format to take where a model comes in several: gguf, onnx or pytorch.") var type: String?
    @Option(help: "How much of a GPU's memory a model may take: a share such as 90%, or a size.") var gpuMemory: String?
    @Flag(help: "Leave the GPU alone.") var cpuOnly = false
    @Option(help: "What keys and values are kept in: f16, q8_0, q4_0 and others; smaller ones take less memory.") var cacheType: String?
    @Flag(help: "Accept the terms that the model comes under.") var acceptTerms = false
    @Flag(help: "Print the result as JSON.") var json = false

    /// What of it says how a model is loaded.
    func loadOptions() throws -> ModelOptions {
        var options = ModelOptions()
        options.context = context
        if cpuOnly { options.gpuLayers = 0 }
        if cacheType != nil {
            let type = try wish().cacheType
            (options.keyType, options.valueType) = (type, type)
        }
        return options
    }

    /// - Throws: `Failure.badInput` that names the option.
    func wish() throws -> Wish {
        var wish = Wish()
        if let context {
            guard (64...1_048_576).contains(context) else {
                throw Failure.badInput("--context \(context) is out of range.", remedy: "Give a number of tokens from 64 to 1048576.")
            }
            wish.context = context
        }
        if let minSpeed {
            guard minSpeed >= 0, minSpeed.isFinite else {
                throw Failure.badInput("--min-speed \(minSpeed) is no speed.", remedy: "Give tokens per second, 0 or more.")
            }
            wish.minTokensPerSecond = minSpeed
        }
        if let tier {
            guard let value = ModelTier(rawValue: tier.lowercased()) else {
                throw Failure.badInput("“\(tier)” is not a tier.", remedy: "Tiers are compact, minimal, standard and advanced.")
            }
            wish.tier = value
        }
        if let type {
            guard let format = ModelFormat(rawValue: type.lowercased()) else {
                throw Failure.badInput("“\(type)” is no format.", remedy: "Formats are gguf, onnx and pytorch.")
            }
            wish.format = format
        }
        if let gpuMemory { wish.gpuMemory = try MemoryShare(parsing: gpuMemory) }
        wish.prefersGPU = !cpuOnly
        if let cacheType {
            guard let type = ContextOptions.CacheType(rawValue: cacheType.lowercased()) else {
                throw Failure.badInput(
                    "“\(cacheType)” is nothing to keep keys and values in.",
                    remedy: "Choose from: \(ContextOptions.CacheType.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            wish.cacheType = type
        }
        if let maxRam { wish.maxRAM = try MemoryShare(parsing: maxRam) }
        return wish
    }
}

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a model: fetch it if need be, start it, talk to it.",
        discussion: "Without a prompt, text from a pipe is the prompt; at a terminal a conversation begins.")

    @Argument(help: "The model, or auto for the best that is here or can be had.") var model: String?
    @Option(name: .shortAndLong, help: "Ask this and leave.") var prompt: String?
    @Option(help: "Tokens that an answer may have at most.") var maxTokens: Int?
    @OptionGroup var options: WishOptions
    @OptionGroup var download: DownloadOptions

    func run() async throws {
        let wish = try options.wish()
        if let maxTokens, maxTokens < 1 {
            throw Failure.badInput("--max-tokens \(maxTokens) is no length.", remedy: "Give 1 or more.")
        }
        if let prompt, prompt.allSatisfy(\.isWhitespace) {
            throw Failure.badInput("The prompt is empty.", remedy: "Write the question behind -p.")
        }
        let prompt = try prompt ?? Self.promptFromPipe()
        let world = try download.world()
        let story = Story()
        try await Interrupts.shared.cancelling(isLast: true) {
            try await HomeWise.open(world) { house in
                let house = try await DaemonClient.ifRunning(world) { try await house.beside(isOwn ? [] : $0?.loaded() ?? []) }
                let name = try await house.name(ofTyped: model, options, story)
                try Terms.settle(house, name, isAccepted: options.acceptTerms)
                // A model that cannot run here is refused before minutes go into an engine.
                var format = wish.format == .gguf ? ModelFormat.gguf : wish.format
                if let name {
                    let fit = try await house.choose(named: name, wish: wish, machine: house.hardware())
                    format = fit.format
                    guard fit.model.writes else {
                        throw Failure.badInput(
                            "\(fit.model.name) does not write.",
                            remedy: "It is made for \(fit.model.purposes). Choose another one to talk to: homewise recommend")
                    }
                }
                try await house.ensureEngine(for: format, story)
                let ready = try await house.obtain(name, wish: wish, report: story.tell)
                try await talk(to: ready, wish: wish, typed: name, in: house, world, story) { conversation in
                    let chat = Chat(conversation: conversation, isJSON: options.json)
                    if let prompt { try await chat.once(prompt) } else { try await chat.converse() }
                }
            }
        }
    }

    /// What may be taken of the memory is the serving process's to say: who asks for another share loads by itself.
    private var isOwn: Bool { options.maxRam != nil || options.gpuMemory != nil }

    /// With the model that `homewise serve` has loaded or loads for us, where it runs; else with one of our own for as long as we talk.
    private func talk(
        to ready: HomeWise.Ready, wish: Wish, typed: String?, in house: HomeWise, _ world: World, _ story: Story,
        _ body: @escaping @Sendable (any Talk) async throws -> Void
    ) async throws {
        let options = try options.loadOptions()
        let limit = maxTokens
        let isServed = try await DaemonClient.ifRunning(world) { client in
            guard let client, !isOwn else { return false }
            let naming = typed.map { Naming.typed($0) } ?? .chosen
            let report = try await client.load(.init(model: ready.fit.key, options: options, naming: naming)) { story.tell($0) }
            try await body(RemoteConversation(client, report, options, naming, of: ready.fit, limit: limit, story: story))
            return true
        }
        if isServed { return }
        try await house.withModel(ready, wish: wish, typed: typed, options: options, limit: limit, report: story.tell) {
            try await body($0)
        }
    }

    /// All of standard input where it is not a person's keyboard. An empty pipe is an error, not a question.
    private static func promptFromPipe() throws -> String? {
        guard !Terminal.isInputPerson else { return nil }
        let limit = 16 << 20
        let data = try FileHandle.standardInput.read(upToCount: limit + 1) ?? Data()
        guard data.count <= limit else {
            throw Failure.badInput("The prompt has more than \(limit) bytes.", remedy: "Send less text; no model here reads that much.")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else {
            throw Failure.badInput("There is no prompt.", remedy: "Use -p “…”, send text through a pipe, or start it at a terminal.")
        }
        return text
    }
}

enum Terms {
    /// Shows terms that are not accepted yet and asks, where there is a person to ask.
    static func settle(_ house: HomeWise, _ name: String?, isAccepted: Bool) throws {
        guard let name else { return }
        let model = try house.registry.model(named: name).model
        guard try house.needsAcceptance(model), let terms = model.terms else { return }
        Terminal.line("Terms", "\(model.name) comes under the \(terms.name)\(terms.url.map { ": \($0)" } ?? "")")
        if let summary = terms.summary { Terminal.say("           \(summary)") }
        if isAccepted || (Terminal.isInputPerson && Terminal.confirm("           Do you accept them?")) { try house.acceptTerms(of: model) }
    }
}

extension World {
    /// Environment and program of this process.
    static func ofThisProcess() throws -> World {
        let own = CommandLine.arguments[0]
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? Bundle.main.executablePath ?? own
        var world = try World(environment: ProcessInfo.processInfo.environment, executable: path)
        world.notice = { Terminal.line("Note", $0) }
        return world
    }
}

extension HomeWise {
    /// - Returns: `nil` where the choice is left to HomeWise.
    func name(ofTyped model: String?, _ options: WishOptions, _ story: Story) async throws -> String? {
        guard let model, model.lowercased() != "auto" else { return nil }
        // Which of the models in it is meant, nobody knows before it is unpacked.
        if try archiveSource(model) != nil {
            throw Failure.badInput(
                "\(model) is an archive, not a model.",
                remedy: "Take it in first: homewise pull '\(model)'. Then use the name that this shows.")
        }
        return try await name(of: model, format: options.type.flatMap { ModelFormat(rawValue: $0.lowercased()) }, report: story.tell)
    }

    /// The engine, installed on the way where it is missing.
    ///
    /// - Throws: `Failure.engineMissing` for one that nobody installs unasked.
    func ensureEngine(for format: ModelFormat, _ story: Story) async throws {
        if try hasEngine(for: format) { return }
        switch format {
        case .gguf:
            Terminal.line(
                "Engine",
                "llama.cpp is not installed yet for this processor; that is done once, and takes some minutes if it has to be built")
        case .onnx: Terminal.line("Engine", "ONNX's libraries are not here yet; that is done once, and fetches some 40 MB")
        // Its gigabytes are asked about first.
        case .pytorch: throw Failure.engineMissing(format.engine)
        }
        _ = try await installEngine(format.engine, report: story.tell)
    }
}
