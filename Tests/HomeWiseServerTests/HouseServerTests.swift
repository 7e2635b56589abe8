// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseServer
import HomeWiseTesting
import Logging
import Synchronization
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

/// Programs that ask the process that serves, and go away before they are answered.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct HouseServerTests {
    /// Whoever hung up is missed within this.
    private static let notice = Duration.milliseconds(250)

    /// Serves models with a fake engine at a socket.
    private func serving(_ orders: [String], _ body: @escaping @Sendable (Residency, String) async throws -> Void) async throws {
        let socket = TemporaryFolder.path + "/s"
        try await ServerHouse.open(orders) { house in
            let feed = LoadFeed()
            try await house.withResidency(report: feed.tell) { residency in
                let server = HouseServer(residency: residency, feed: feed, hello: .init(version: "1", pid: getpid(), home: "")) { _ in nil }
                let (listening, isListening) = AsyncStream<Void>.makeStream()
                let plan = try ServingPlan(socket: socket, listen: ListenPlan([], hasKey: false, hasTLS: false))
                let serving = Task {
                    try await server.run(plan, until: Drain(), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { _ in
                        isListening.finish()
                    }
                }
                defer { serving.cancel() }
                for await _ in listening {}
                try await body(residency, socket)
            }
        }
    }

    private func ask(_ model: String, at socket: String) throws -> PlainClient {
        let question = DaemonWire.Ask(model: model, messages: [ChatMessage(.user, "hi")], limit: nil)
        let client = try PlainClient(socket)
        try client.post("\(DaemonWire.base)/ask", JSONEncoder().encode(question))
        return client
    }

    @Test("SUP-30 who hangs up while a model loads waits no more, and the load goes on for the others") func hangUpWhileLoading()
        async throws
    {
        try await serving(["load-takes 3000"]) { residency, socket in
            let client = try ask("a", at: socket)
            #expect(await eventually(within: .seconds(20)) { await residency.ps().first?.requestsWaiting == 1 })
            let other = Task {
                try await residency.withModel("a") { guest in
                    let words = Mutex("")
                    try await guest.conversation.ask("hi") { part in if case .text(let text) = part { words.withLock { $0 += text } } }
                    return words.withLock { $0 }
                }
            }
            #expect(await eventually(within: .seconds(2)) { await residency.ps().first?.requestsWaiting == 2 })
            client.hangUp()
            #expect(await eventually(within: Self.notice) { await residency.ps().first?.requestsWaiting == 1 })
            #expect(await residency.ps().first?.state == .loading)
            let answer = try await other.value
            #expect(answer == "Hello from the fake." && ServerHouse.starts.count == 1)
            #expect(await residency.ps().first?.requestsServed == 1)
        }
    }

    @Test("SUP-30 who hangs up while a long prompt is read ends the work on it") func hangUpWhileReading() async throws {
        let path = TemporaryFolder.shared + "/hung-up"
        try await serving(["read-for-ever \(path)"]) { residency, socket in
            let client = try ask("a", at: socket)
            #expect(await eventually(within: .seconds(20)) { FileManager.default.fileExists(atPath: path + ".begun") })
            #expect(await residency.ps().first?.requestsInFlight == 1)
            client.hangUp()
            #expect(await eventually(within: Self.notice) { FileManager.default.fileExists(atPath: path) })
            #expect(await eventually(within: Self.notice) { await residency.ps().first?.requestsInFlight == 0 })
            #expect(await residency.ps().first?.state == .ready && ServerHouse.starts.count == 1)
        }
    }

    @Test("SUP-32 stop says what it waits for, and a second word breaks that off") func stopping() async throws {
        try await serving(["slow-answer"]) { residency, socket in
            let client = try ask("a", at: socket)
            #expect(await eventually(within: .seconds(20)) { await residency.ps().first?.state == .busy })
            let stop = try PlainClient(socket)
            try stop.post("\(DaemonWire.base)/unload", JSONEncoder().encode(DaemonWire.Unload(model: "a", isAtOnce: false)))
            let story = Task { try await stop.answer() }
            #expect(await eventually(within: .seconds(5)) { await residency.ps().first?.state == .draining })
            // A moment in which nothing happens.
            try await Task.sleep(for: .milliseconds(300))
            #expect(await residency.ps().first?.state == .draining)
            let now = try PlainClient(socket)
            try now.post("\(DaemonWire.base)/unload", JSONEncoder().encode(DaemonWire.Unload(model: "a", isAtOnce: true)))
            let texts = try await [story.value, now.answer()]
            #expect(
                texts[0].contains(#"{"draining":{"requests":1}}"#) && texts[0].contains(#"{"unloaded":{"wasLoaded":true}}"#), "\(texts)")
            #expect(texts[1].contains(#"{"unloaded":{"wasLoaded":true}}"#), "\(texts)")
            let cut = try await client.answer()
            #expect(cut.contains("a:q8_0 was unloaded: it was asked for."), "\(cut)")
        }
    }

    @Test func whoStaysIsAnswered() async throws {
        try await serving([]) { _, socket in
            let text = try await ask("a", at: socket).answer()
            #expect(text.contains("Hello") && text.contains("\"answered\""), "\(text)")
        }
    }
}
