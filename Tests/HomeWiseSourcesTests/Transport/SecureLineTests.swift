// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Real TLS with an authority of this test's own.
@Suite(.temporaryFolder) struct SecureLineTests {
    private func maker() throws -> CertificateMaker { try CertificateMaker(folder: TemporaryFolder.path + "/ca") }

    private func ask(
        _ identity: FaultServer.Identity?, trusting authority: String?, name: String? = nil, path: String = "/",
        authorization: String? = nil,
        _ script: @escaping FaultServer.Script = { _ in [.answer(body: "hello")] }
    ) async throws -> (body: String?, failure: Failure?, requests: [String]) {
        let server = try await FaultServer.start(identity: identity, script)
        let transport = Transport(
            environment: authority.map { ["SSL_CERT_FILE": $0] } ?? [:], lookup: { _ in [HostAddress("127.0.0.1")].compactMap { $0 } })
        var result: (body: String?, failure: Failure?, requests: [String]) = (nil, nil, [])
        do {
            let base = name.map { "https://\($0):\(server.port)" } ?? server.url.replacingOccurrences(of: "http:", with: "https:")
            let answer = try await transport.get(base + path, authorization: authorization)
            result.body = try await String(decoding: answer.data(upTo: 1 << 20, transport: transport), as: UTF8.self)
        } catch let failure as Failure { result.failure = failure }
        result.requests = server.requests
        try await transport.shutdown()
        try await server.stop()
        return result
    }

    @Test("DL-36 an authority of one's own is trusted where SSL_CERT_FILE names it, by address and by pinned name") func own() async throws
    {
        let maker = try maker()
        let identity = try maker.identity("good", names: ["IP:127.0.0.1", "DNS:hub.test"])
        #expect(try await ask(identity, trusting: maker.authority).body == "hello")
        let named = try await ask(identity, trusting: maker.authority, name: "hub.test")
        #expect(named.body == "hello" && named.requests.first?.lowercased().contains("host: hub.test:") == true)
    }

    @Test("what comes over TLS is handed on in small pieces of memory: a transfer holds some of each connection") func buffers()
        async throws
    {
        let maker = try maker()
        let bytes = noise(Int(PieceGrid.standardPiece))
        let server = try await FaultServer.start(identity: maker.identity("good")) { _ in
            let range = "Content-Range: bytes 0-\(bytes.count - 1)/\(bytes.count)"
            return [.text("HTTP/1.1 206 X\r\n\(range)\r\nContent-Length: \(bytes.count)\r\n\r\n"), .send(bytes)]
        }
        let transport = Transport(environment: ["SSL_CERT_FILE": maker.authority])
        let target = SlowTarget(size: bytes.count)
        let file = RemoteFile(name: "m.bin", url: server.url + "/m.bin", size: Int64(bytes.count), digest: nil)
        let fetched = try await Transfer(transport: transport, limits: TransferLimits(connections: 1)).run(file, into: target) { _ in }
        #expect(fetched.digest == digest(of: bytes))
        #expect(target.largest <= 256 << 10, "\(target.largest >> 10) KiB at once")
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("DL-36 the file and the folder of authorities that the environment names count both") func fileAndFolder() async throws {
        let maker = try maker()
        let server = try await FaultServer.start(identity: maker.identity("good")) { _ in [.answer(body: "hello")] }
        let (full, empty) = (TemporaryFolder.path + "/full", TemporaryFolder.path + "/empty")
        for folder in [full, empty] { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        try FileManager.default.copyItem(atPath: maker.authority, toPath: full + "/ca.pem")
        try maker.rehash(full)
        let other = try CertificateMaker(folder: TemporaryFolder.path + "/other").authority
        for (environment, isTrusted) in [
            (["SSL_CERT_DIR": full], true), (["SSL_CERT_DIR": "/nonexistent:\(full)"], true),
            (["SSL_CERT_DIR": full, "SSL_CERT_FILE": other], true),
            (["SSL_CERT_DIR": empty, "SSL_CERT_FILE": maker.authority], true), (["SSL_CERT_DIR": empty, "SSL_CERT_FILE": other], false),
            (["SSL_CERT_DIR": empty], false), ([:], false),
        ] {
            let transport = Transport(environment: environment)
            do {
                _ = try await transport.get(server.url)
                #expect(isTrusted, "\(environment)")
            } catch let failure as Failure { #expect(!isTrusted && failure.code == .tlsUntrusted, "\(environment) \(failure)") }
            try await transport.shutdown()
        }
        try await server.stop()
    }

    @Test("DL-36 DL-64 a server that cannot prove who it is, each with its own sentence") func untrusted() async throws {
        let maker = try maker()
        let cases: [(FaultServer.Identity, String?, String, String)] = try [
            (maker.identity("old", validity: ("20200101", "20210203")), maker.authority, "ran out on 2021-02-03", "clock"),
            (maker.identity("early", validity: ("20900101", "21000101")), maker.authority, "valid only from 2090-01-01", "clock"),
            (maker.identity("other", names: ["DNS:other.test", "IP:10.0.0.1"]), maker.authority, "for another name", "address"),
            (maker.selfSigned("self"), nil, "signed by nobody but itself", "SSL_CERT_FILE"),
            (maker.identity("unknown"), nil, "an authority that this machine does not know", "SSL_CERT_FILE"),
            (maker.identity("tls10", isOutdated: true), maker.authority, "no longer safe", "address"),
        ]
        for (identity, authority, sentence, remedy) in cases {
            let result = try await ask(identity, trusting: authority, path: "/x?token=hush", authorization: "Bearer hush")
            #expect(result.failure?.code == .tlsUntrusted && result.failure?.message.contains(sentence) == true, "\(result.failure as Any)")
            #expect(result.failure?.remedy.contains(remedy) == true && result.failure.map { !RetryPolicy.isWorthRetrying($0) } == true)
            // Not one byte of HTTP was sent to find that out.
            #expect(result.requests.isEmpty)
        }
    }

    @Test("DL-36 a name that another name's certificate answers for is refused") func wrongName() async throws {
        let maker = try maker()
        let result = try await ask(maker.identity("hub", names: ["DNS:hub.test"]), trusting: maker.authority, name: "evil.test")
        #expect(
            result.failure?.code == .tlsUntrusted && result.failure?.message.contains("another name") == true && result.requests.isEmpty)
    }

    @Test("DL-36 a server without TLS, or silent instead of it, is told in time") func plain() async throws {
        var policy = RetryPolicy()
        policy.connectWithin = .milliseconds(400)
        let (plain, silent) = (try await LoopbackServer.start { _ in .init(200) }, try await FaultServer.start { _ in [.hold] })
        let transport = Transport(policy: policy)
        let start = ContinuousClock.now
        for url in [plain.url, silent.url] {
            let failure = await #expect(throws: Failure.self) {
                try await transport.get(url.replacingOccurrences(of: "http:", with: "https:"), authorization: "Bearer hush")
            }
            #expect([.badReply, .tlsUntrusted, .noNetwork].contains(failure?.code), "\(failure as Any)")
        }
        #expect(start.duration(to: .now) < .seconds(3) && plain.requests.isEmpty && silent.requests.isEmpty)
        try await transport.shutdown()
        try await plain.stop()
        try await silent.stop()
    }

    @Test("DL-36 certificates that are named but not there are said, not passed over") func missingFile() async throws {
        let maker = try maker()
        let result = try await ask(maker.identity("good"), trusting: TemporaryFolder.path + "/none.pem")
        #expect(result.failure?.code == .storeUnusable && result.failure?.message.contains("SSL_CERT_FILE") == true)
    }

    @Test("DL-37 an encrypted line cut without a goodbye is no success") func cut() async throws {
        let maker = try maker()
        let identity = try maker.identity("good")
        for head in [
            "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ] {
            let result = try await ask(identity, trusting: maker.authority) { _ in [.text(head), .pause(.milliseconds(30)), .cut] }
            #expect(
                result.body == nil && result.failure?.code == .badReply && result.failure.map(RetryPolicy.isWorthRetrying) == true,
                "\(result)")
        }
        let polite = try await ask(identity, trusting: maker.authority) { _ in [.text("HTTP/1.1 200 OK\r\n\r\nhello"), .close] }
        #expect(polite.body == "hello")
    }

    @Test("DL-38 a record that is none is a broken line, worth another try") func badRecord() async throws {
        let maker = try maker()
        let result = try await ask(maker.identity("good"), trusting: maker.authority) { _ in
            [
                .text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .pause(.milliseconds(30)),
                .sendRaw([23, 3, 3, 0, 32] + Array(repeating: 9, count: 32)), .hold,
            ]
        }
        #expect(result.failure?.code == .badReply && result.failure.map(RetryPolicy.isWorthRetrying) == true, "\(result)")
    }

    @Test("E3 a step down from https is refused, and nothing is asked there", arguments: ["http://127.0.0.1", "http://localhost", "//"])
    func downgrade(_ origin: String) async throws {
        let plain = try await FaultServer.start { _ in [.answer()] }
        let maker = try maker()
        let target = origin == "//" ? "http:\\\\127.0.0.1" : "\(origin):\(plain.port)/x?signature=hush"
        let result = try await ask(maker.identity("good"), trusting: maker.authority, authorization: "Bearer hush") { _ in
            [.answer(302, ["Location: \(target)"])]
        }
        #expect([.insecureRedirect, .badReply].contains(result.failure?.code) && plain.connections == 0)
        #expect("\(result.failure as Any)".contains("hush") == false)
        try await plain.stop()
    }

    @Test("E1 a secret of https does not follow to the same host and another port") func otherPort() async throws {
        let maker = try maker()
        let identity = try maker.identity("good")
        let second = try await FaultServer.start(identity: identity) { _ in [.answer(body: "there")] }
        let result = try await ask(identity, trusting: maker.authority, authorization: "Bearer hush") { _ in
            [.answer(307, ["Location: \(second.url)/x"])]
        }
        #expect(
            result.body == "there" && result.requests[0].contains("Bearer hush")
                && !second.requests[0].lowercased().contains("authorization"))
        try await second.stop()
    }
}

/// A file in memory that takes its time at first, so that what is not read at once piles up on the way to it.
private final class SlowTarget: TransferTarget {
    let grid: PieceGrid
    let isProven = false
    private let state: Mutex<(bytes: [UInt8], largest: Int, writes: Int)>
    var largest: Int { state.withLock { $0.largest } }

    init(size: Int) {
        grid = PieceGrid(size: Int64(size))
        state = Mutex(([UInt8](repeating: 0, count: size), 0, 0))
    }

    func held() -> [Int: Digest?] { [:] }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        let isEarly = state.withLock { state in
            state.bytes.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
            state.largest = max(state.largest, bytes.count)
            state.writes += 1
            return state.writes < 4
        }
        if isEarly { usleep(100_000) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) {
        state.withLock { state in buffer.copyBytes(from: state.bytes[Int(offset)..<Int(offset) + buffer.count]) }
    }

    func arrived(piece index: Int) {}
    func proved(piece index: Int, chain digest: Digest) {}
    func spoiled(piece index: Int) {}
}
