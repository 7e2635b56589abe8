// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct ShelfTests {
    private func transport() -> Transport {
        Transport(lookup: { _ in [HostAddress("127.0.0.1")].compactMap { $0 } }, clients: 1, idle: .milliseconds(50))
    }

    @Test("a download that lasts longer than a client may be idle is not broken off for a new host's sake") func longDownload() async throws
    {
        let server = try await LoopbackServer.start { request in
            request.path == "/long" ? .paced(noise(40_000), for: request, chunk: 1_000, pause: .milliseconds(20)) : .init(404)
        }
        let port = try #require(URL(string: server.url)?.port)
        let transport = transport()
        let long = try await transport.get("http://one.test:\(port)/long")
        // Others come and go meanwhile.
        for number in 0..<4 {
            try await Task.sleep(for: .milliseconds(60))
            #expect(try await transport.get("http://other\(number).test:\(port)/").status == 404)
        }
        do { #expect(try await long.data(upTo: 1 << 20, transport: transport).count == 40_000) } catch { Issue.record("\(error)") }
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("a client without a connection for long enough makes room, and one that was just asked for does not") func room() async throws {
        let shelf = TransportShelf(
            policy: RetryPolicy(), trust: TrustedAuthorities(environment: [:]), most: 1, idle: .milliseconds(500))
        let address = try #require(HostAddress("127.0.0.1"))
        let client = { (name: String) in try shelf.client(for: .init(pin: .init(name: name, address: address))) as AnyObject }
        let first = try client("one.test")
        #expect(try client("one.test") === first)
        _ = try client("two.test")
        #expect(try client("one.test") === first, "it was asked for a moment ago")
        try await Task.sleep(for: .seconds(1))
        _ = try client("three.test")
        #expect(try client("one.test") !== first)
        try await shelf.shutdown()
    }
}
