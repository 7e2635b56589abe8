// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
public import HomeWiseKit
import Hummingbird
import Logging

/// Serves the models of one house to programs of the same person, over a socket that is theirs alone.
public struct HouseServer: Sendable {
    let residency: Residency
    let feed: LoadFeed
    let hello: DaemonWire.Hello
    /// What an event says to a person; `nil` for one that says nothing.
    let words: @Sendable (Event) -> (label: String, text: String)?

    public init(
        residency: Residency, feed: LoadFeed, hello: DaemonWire.Hello,
        words: @escaping @Sendable (Event) -> (label: String, text: String)?
    ) {
        self.residency = residency
        self.feed = feed
        self.hello = hello
        self.words = words
    }

    /// Serves until the task is cancelled.
    ///
    /// - Parameter onListening: called once it answers.
    public func run(socket: String, onListening: @escaping @Sendable () -> Void) async throws {
        let router = Router(context: HouseContext.self)
        router.add(middleware: FailureMiddleware())
        routes.addAll(to: router)
        var logger = Logger(label: "homewise.server")
        logger.logLevel = .error
        let application = Application(
            router: router, configuration: .init(address: .unixDomainSocket(path: socket), serverName: "homewise"),
            onServerRunning: { _ in
                // Its folder is private already; this holds where it is not.
                chmod(socket, 0o600)
                onListening()
            }, logger: logger)
        defer { unlink(socket) }
        try await application.run()
    }

    /// All that is served.
    var routes: RouteTable {
        var table = RouteTable()
        addNative(to: &table)
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
