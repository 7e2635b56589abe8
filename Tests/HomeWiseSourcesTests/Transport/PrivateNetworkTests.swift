// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Real connections. What a stranger may not reach is this machine under its true address; the host that a person named is the
/// same machine under 0.0.0.0, which is another class of address and allowed to nobody but the person.
@Suite struct PrivateNetworkTests {
    private let here = [HostAddress("0.0.0.0")].compactMap { $0 }
    private let victimAddress = [HostAddress("127.0.0.1")].compactMap { $0 }

    private func withVictim(_ body: (FaultServer, Int) async throws -> Void) async throws {
        let victim = try await FaultServer.start { _ in [.answer(body: "private")] }
        try await body(victim, victim.port)
        #expect(victim.connections == 0)
        try await victim.stop()
    }

    @Test(
        "E4 DL-26 no connection is made to a private host that a redirect names",
        arguments: [
            "127.0.0.1", "localhost", "localhost.", "[::ffff:127.0.0.1]", "[::1]", "127.1", "2130706433", "0x7f.1", "evil.test",
            "mixed.test",
        ], 1...4)
    func redirect(_ host: String, _ position: Int) async throws {
        try await withVictim { _, port in
            let server = try await LoopbackServer.start { request in
                let number = Int(request.path.dropFirst()) ?? 0
                return .init(
                    302, headers: [("Location", number < position ? "/\(number + 1)" : "http://\(host):\(port)/secret?q")], body: [])
            }
            let transport = Transport(lookup: { [here, victimAddress] name in
                ["evil.test": victimAddress, "mixed.test": here + victimAddress, "localhost": victimAddress][name] ?? []
            })
            let failure = await #expect(throws: Failure.self) {
                try await transport.get(server.url.replacingOccurrences(of: "127.0.0.1", with: "0.0.0.0") + "/1")
            }
            #expect([.forbiddenAddress, .badReply].contains(failure?.code))
            #expect(failure.map { !RetryPolicy.isWorthRetrying($0) } == true && server.requests.count == position)
            try await transport.shutdown()
            try await server.stop()
        }
    }

    @Test("E4 nor to one that a listing names") func listing() async throws {
        try await withVictim { _, port in
            let transport = Transport(lookup: { [here, victimAddress] name in ["hub.test": here, "evil.test": victimAddress][name] ?? [] })
            for host in ["127.0.0.1", "evil.test", "10.0.0.1", "169.254.169.254", "[fe80::1]"] {
                let failure = await #expect(throws: Failure.self) {
                    try await transport.get("http://\(host):\(port)/", namedBy: "http://hub.test/list")
                }
                #expect(failure?.code == .forbiddenAddress && failure?.message.hasPrefix("hub.test leads to") == true)
            }
            try await transport.shutdown()
        }
    }

    @Test("E4 a person's own host is reached wherever it is, and so is a listing's own host") func ownHost() async throws {
        let server = try await FaultServer.start { _ in [.answer()] }
        let transport = Transport(lookup: { [victimAddress] _ in victimAddress })
        #expect(try await transport.get("http://mirror.test:\(server.port)/").status == 200)
        #expect(try await transport.get("http://mirror.test:\(server.port)/", namedBy: "https://mirror.test/index").status == 200)
        #expect(try await transport.get(server.url, namedBy: "http://mirror.test/index").status == 200)
        #expect(
            server.requests[0].contains("\r\nHost: mirror.test:\(server.port)\r\n")
                || server.requests[0].contains("\r\nhost: mirror.test:\(server.port)\r\n"))
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("E4 a name that means another address a moment later is looked up once") func rebinding() async throws {
        let count = Mutex(0)
        let server = try await FaultServer.start(host: "0.0.0.0") { _ in [.answer(body: "public")] }
        let transport = Transport(lookup: { [here, victimAddress] _ in
            count.withLock {
                $0 += 1; return $0 == 1
            } ? here : victimAddress
        })
        for _ in 0..<3 {
            let answer = try await transport.get("http://evil.test:\(server.port)/", namedBy: "http://0.0.0.0:1/")
            #expect(answer.status == 200)
        }
        #expect(count.withLock { $0 } == 1)
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("E4 a host that a redirect led to stays a stranger's when it is asked again") func learned() async throws {
        try await withVictim { _, port in
            let count = Mutex(0)
            let cdn = try await FaultServer.start(host: "0.0.0.0") { _ in [.answer()] }
            let hub = try await LoopbackServer.start { _ in
                .init(302, headers: [("Location", "http://cdn.test:\(cdn.port)/f?sig")], body: [])
            }
            let transport = Transport(
                lookup: { [here, victimAddress] _ in
                    count.withLock {
                        $0 += 1; return $0 == 1
                    } ? here : victimAddress
                }, memoryOfNames: .zero)
            let answer = try await transport.get(hub.url.replacingOccurrences(of: "127.0.0.1", with: "0.0.0.0"))
            #expect(answer.status == 200 && answer.host == "cdn.test")
            let failure = await #expect(throws: Failure.self) { try await transport.get("http://cdn.test:\(port)/f?sig") }
            #expect(failure?.code == .forbiddenAddress && failure?.message.contains("sig") == false)
            try await transport.shutdown()
            try await cdn.stop()
            try await hub.stop()
        }
    }

    @Test("DL-39 a dead address beside a live one costs no patience") func deadAddress() async throws {
        let server = try await FaultServer.start { _ in [.answer()] }
        // Nobody answers under the first: a port that refuses on ::1, and 127.0.0.2 to 4 that listen to nothing.
        let addresses = ["::1", "127.0.0.2", "127.0.0.1"].compactMap { HostAddress($0) }
        let transport = Transport(lookup: { _ in addresses })
        let start = ContinuousClock.now
        for _ in 0..<2 { #expect(try await transport.get("http://two.test:\(server.port)/").status == 200) }
        #expect(start.duration(to: .now) < .seconds(2))
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("DL-39 an address that swallows connections costs a moment, not the whole patience") func blackHole() async throws {
        let server = try await FaultServer.start { _ in [.answer()] }
        let hole = try BlackHole(port: server.port)
        var policy = RetryPolicy()
        policy.connectWithin = .seconds(20)
        policy.answerWithin = .seconds(60)
        let addresses = [hole.address, "127.0.0.1"].compactMap { HostAddress($0) }
        let transport = Transport(policy: policy, lookup: { _ in addresses })
        let start = ContinuousClock.now
        #expect(try await transport.get("http://two.test:\(server.port)/").status == 200)
        #expect(start.duration(to: .now) < .seconds(10))
        // The hole really is one.
        policy.connectWithin = .milliseconds(300)
        let alone = Transport(policy: policy, lookup: { _ in [addresses[0]] })
        let failure = await #expect(throws: Failure.self) { try await alone.get("http://hole.test:\(server.port)/") }
        #expect(failure?.code == .noNetwork && failure?.message.contains("no answer within") == true, "\(failure as Any)")
        try await alone.shutdown()
        try await transport.shutdown()
        try await server.stop()
        withExtendedLifetime(hole) {}
    }

    @Test("DL-39 a name service that is silent or knows nothing is bounded and said") func silence() async throws {
        var policy = RetryPolicy()
        policy.answerWithin = .milliseconds(200)
        let transport = Transport(
            policy: policy,
            lookup: { name in
                if name == "slow.test" { try await Task.sleep(for: .seconds(60)) }
                return []
            })
        let start = ContinuousClock.now
        for name in ["slow.test", "none.test"] {
            let failure = await #expect(throws: Failure.self) { try await transport.get("https://\(name)/x?token=hush") }
            #expect(failure?.code == .noNetwork && failure?.message.contains(name) == true && failure?.message.contains("hush") == false)
        }
        #expect(start.duration(to: .now) < .seconds(5))
        try await transport.shutdown()
    }

    @Test("DL-39 the system's own look-up is given up in time") func systemLookup() async throws {
        #expect(try SystemNames.addresses(of: "localhost").contains { $0.addressClass == .loopback })
        let failure = #expect(throws: Failure.self) { try SystemNames.addresses(of: "no-such-host.invalid") }
        #expect(failure?.code == .noNetwork)
        #expect(try await SystemNames.lookup(within: .seconds(5))("127.0.0.1") == victimAddress)
        let task = Task { try await SystemNames.lookup(within: .seconds(5))("localhost") }
        task.cancel()
        await #expect(throws: (any Error).self) { while true { _ = try await task.value; throw CancellationError() } }
    }
}
