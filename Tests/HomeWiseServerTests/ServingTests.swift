// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import HomeWiseTesting
import Hummingbird
import Logging
import Testing

@testable import HomeWiseServer

/// Several addresses at once, their end in order, and addresses that are taken.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct ServingTests {
    private static func slow(_ time: Duration) -> RouteTable {
        var table = RouteTable()
        table.get("/test/slow", .use, .native) { _, _ in
            try await Task.sleep(for: time)
            return try Reply.json(["done": true])
        }
        return table
    }

    @Test func whatIsUnderWayIsAnsweredBeforeTheEnd() async throws {
        try await House.open(isCounting: false, more: Self.slow(.milliseconds(600))) { house in
            async let answer = house.ask("GET", "/test/slow")
            try await Task.sleep(for: .milliseconds(200))
            house.drain.begin()
            try await Task.sleep(for: .milliseconds(100))
            let port = house.port
            #expect(await blocking { RawClient(port: port) == nil })
            #expect(await answer.status == 200)
        }
    }

    @Test func whatTakesTooLongIsCutAtTheEnd() async throws {
        var limits = ServerLimits()
        limits.drain = .milliseconds(300)
        let start = ContinuousClock.now
        try await House.open(isCounting: false, limits: limits, more: Self.slow(.seconds(60))) { house in
            async let answer = house.ask("GET", "/test/slow")
            try await Task.sleep(for: .milliseconds(200))
            house.drain.begin()
            #expect(await answer.status == 0)
        }
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test func severalAddressesAreServedAtOnceAndOneThatIsTakenIsTold() async throws {
        try await House.open(at: ["127.0.0.1:0", "127.0.0.1:0"]) { house in
            #expect(await house.ask("GET", "/livez").status == 200)
            #expect(await house.ask("GET", "/readyz").status == 200)
            #expect(permissions(of: house.socket) == 0o600)
            let plan = try ServingPlan(
                socket: TemporaryFolder.path + "/t.sock",
                listen: ListenPlan([Endpoint(parsing: "127.0.0.1:\(house.port)")], hasKey: false, hasTLS: false))
            let second = Serving(routes: RouteTable(), plan: plan, keys: nil, log: .init(label: "test"))
            let failure = await #expect(throws: Failure.self) { try await second.run(until: Drain()) { _ in } }
            #expect(failure?.code == .addressInUse, "\(String(describing: failure))")
            #if os(Linux)
                #expect(failure?.message.contains("process \(getpid())") == true, "\(failure?.message ?? "")")
            #endif
        }
    }

    @Test func keysAreMadeListedAndRevokedByRoutes() async throws {
        try await House.open(isCounting: false) { house in
            let (path, json) = ("\(DaemonWire.base)/keys", [("Content-Type", "application/json")])
            let made = await house.ask("POST", path, json, body: #"{"name":"laptop","scope":"use"}"#)
            #expect(made.status == 201 && made.body.contains("hw-"), "\(made.text)")
            #expect(await house.ask("POST", path, json, body: #"{"name":"laptop"}"#).status == 400)
            #expect(await house.ask("POST", path, json, body: #"{"name":"x","scope":"open"}"#).status == 400)
            let list = await house.ask("GET", path)
            #expect(list.body.contains("laptop") && !list.body.contains("hw-") && !list.body.contains("hash"), "\(list.body)")
            let text = try String(
                decoding: Data(contentsOf: URL(filePath: TemporaryFolder.path + "/home/inventory.sqlite-wal")), as: UTF8.self)
            #expect(!text.contains(made.body.components(separatedBy: "hw-").last?.prefix(64) ?? "hw-"))
            #expect(await house.ask("DELETE", "\(path)/laptop").status == 204)
            #expect(await house.ask("DELETE", "\(path)/laptop").status == 400)
            #expect(try house.keys.all().isEmpty)
        }
    }
}
