// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Keys for programs of other people or other machines.",
        discussion: "Your own programs on this machine need none.", subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key, and show it this once.")
        @Argument(help: "A name to know it by: letters, digits, dots, hyphens, underscores.") var name: String
        @Option(help: "What it allows: use (ask models) or manage (change what is here, too).") var scope = "use"
        @Flag(help: "Print the result as JSON.") var json = false

        func run() async throws {
            guard let scope = AccessScope(rawValue: scope.lowercased()), scope > .open else {
                throw Failure.badInput("“\(scope.prefix(40))” is no scope of a key.", remedy: "Give use or manage.")
            }
            let made = try await HomeWise.open(World.ofThisProcess()) { try $0.keyDesk.make(named: name, scope: scope) }
            if json { return try Terminal.json(made) }
            Terminal.answer(made.key + "\n")
            Terminal.line(
                "Made", "the key \(made.name) with the scope \(made.scope.rawValue). It is shown only now, and kept only as a hash.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show which keys there are; their text is not kept.")
        @Flag(help: "Print the result as JSON.") var json = false

        private struct Line: Encodable {
            let name: String
            let scope: AccessScope
            let createdAt: Date
        }

        func run() async throws {
            let keys = try await HomeWise.open(World.ofThisProcess()) { try $0.keyDesk.all() }
            if json { return try Terminal.json(keys.map { Line(name: $0.name, scope: $0.scope, createdAt: $0.createdAt) }) }
            for key in keys { Terminal.answer("\(key.name)  \(key.scope.rawValue)  \(key.createdAt.formatted(.iso8601))\n") }
            if keys.isEmpty { Terminal.say("No key was made: homewise keys create NAME") }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a key back; a server that runs refuses it from now on.")
        @Argument(help: "Its name, as list shows it.") var name: String

        func run() async throws {
            try await HomeWise.open(World.ofThisProcess()) { try $0.keyDesk.revoke(name) }
            Terminal.line("Revoked", name)
        }
    }
}
