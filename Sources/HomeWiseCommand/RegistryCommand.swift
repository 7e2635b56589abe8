// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import HomeWiseDomain
import HomeWiseKit

struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry", abstract: "Where models are known from.",
        subcommands: [List.self, Add.self, Remove.self, Refresh.self, Validate.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the registries in use.")
        @Flag(help: "Print the result as JSON.") var json = false

        func run() async throws {
            let (added, all) = try await HomeWise.open(World.ofThisProcess()) { try ($0.addedRegistries(), $0.registry.models.count) }
            if json { return try Terminal.json(added) }
            for registry in added { Terminal.answer("\(registry.name)  \(registry.models) models  \(registry.origin)\n") }
            Terminal.say(Terminal.dim("With the one that comes with HomeWise \(all) models are known."))
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a registry by address or path; its entries outrank those that are there.")
        @Argument(help: "An address or a path.") var origin: String

        func run() async throws {
            let added = try await HomeWise.open(World.ofThisProcess()) { try await $0.addRegistry(origin) }
            Terminal.line("Added", "\(added.name) with \(added.models) models")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an added registry; models that are here stay.")
        @Argument(help: "Its name, as list shows it.") var name: String

        func run() async throws {
            try await HomeWise.open(World.ofThisProcess()) { try $0.removeRegistry(name) }
            Terminal.line("Removed", name)
        }
    }

    struct Refresh: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the added registries anew; one that cannot be read stays as it was.")

        func run() async throws {
            let results = try await HomeWise.open(World.ofThisProcess()) { try await $0.refreshRegistries() }
            for (registry, failure) in results {
                Terminal.line(
                    failure == nil ? "Fresh" : "Kept",
                    "\(registry.name), \(registry.models) models" + (failure.map { ": \($0.message)" } ?? ""))
            }
            if results.isEmpty { Terminal.say("No registry was added: homewise registry add ADDRESS") }
            if results.contains(where: { $0.failure != nil }) { throw ExitCode(75) }
        }
    }

    struct Validate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Check a registry without adding it.")
        @Argument(help: "An address or a path.") var origin: String

        func run() async throws {
            let registry = try await HomeWise.open(World.ofThisProcess()) { try await $0.validateRegistry(origin) }
            Terminal.line("Sound", "\(registry.models.count) models, \(registry.models.flatMap { $0.variants ?? [] }.count) variants")
        }
    }
}
