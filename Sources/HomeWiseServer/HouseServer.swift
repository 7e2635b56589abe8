// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
public import HomeWiseKit
import Hummingbird

/// Serves the models of one house: to programs of the same person, and to whoever has a key of theirs.
public struct HouseServer: Sendable {
    let residency: Residency
    let feed: LoadFeed
    let hello: DaemonWire.Hello
    /// Keys that were made; `nil` where none are.
    let keys: KeyDesk?
    /// What an event says to a person; `nil` for one that says nothing.
    let words: @Sendable (Event) -> (label: String, text: String)?

    public init(
        residency: Residency, feed: LoadFeed, hello: DaemonWire.Hello, keys: KeyDesk? = nil,
        words: @escaping @Sendable (Event) -> (label: String, text: String)?
    ) {
        self.residency = residency
        self.feed = feed
        self.hello = hello
        self.keys = keys
        self.words = words
    }

    /// All that is served.
    var routes: RouteTable {
        var table = RouteTable()
        addNative(to: &table)
        if let keys { keys.addRoutes(to: &table) }
        return table
    }

    private func addNative(to table: inout RouteTable) {
        let base = DaemonWire.base
        table.get("\(base)/hello", .open, .native) { _, _ in try Reply.json(hello) }
        table.get("\(base)/loaded", .use, .native) { _, _ in try Reply.json(await residency.ps()) }
        table.post("\(base)/load", .use, .native) { request, _ in
            var request = request
            let wanted = try await Reply.body(DaemonWire.Load.self, of: &request)
            return Reply.lines(for: request) { send in try await load(wanted, send) }
        }
        table.post("\(base)/unload", .use, .native) { request, _ in
            var request = request
            let wanted = try await Reply.body(DaemonWire.Unload.self, of: &request)
            return Reply.lines(for: request) { send in
                let wasLoaded = try await residency.unload(wanted.model, isAtOnce: wanted.isAtOnce) {
                    try await send(.draining(requests: $0))
                }
                try await send(.unloaded(wasLoaded: wasLoaded))
            }
        }
        table.post("\(base)/saved", .use, .native) { request, _ in
            var request = request
            let saved = try await Reply.body(DaemonWire.Saved.self, of: &request)
            return try Reply.json(DaemonWire.Heeded(threads: await residency.heedThreads(of: saved.model)))
        }
        table.post("\(base)/ask", .use, .native) { request, _ in
            var request = request
            let question = try await Reply.body(DaemonWire.Ask.self, of: &request)
            return Reply.lines(for: request) { send in try await answer(question, send) }
        }
    }
}
