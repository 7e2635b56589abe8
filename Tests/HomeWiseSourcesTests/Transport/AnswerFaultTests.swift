// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Answers that no good server gives, byte by byte.
@Suite struct AnswerFaultTests {
    typealias Step = FaultServer.Step

    struct Outcome {
        var status: Int?
        var body: String?
        var failure: Failure?
        var requests: [String]
        var connections: Int
    }

    /// Asks once or several times in a row with one transport.
    private func ask(times: Int = 1, policy: RetryPolicy = Self.hasty, _ script: @escaping FaultServer.Script) async throws -> [Outcome] {
        let server = try await FaultServer.start(script)
        let transport = Transport(policy: policy)
        var outcomes: [Outcome] = []
        for _ in 0..<times {
            var outcome = Outcome(requests: [], connections: 0)
            do {
                let answer = try await transport.get(server.url)
                outcome.status = answer.status
                outcome.body = try await String(decoding: answer.data(upTo: 1 << 20, transport: transport), as: UTF8.self)
            } catch let failure as Failure { outcome.failure = failure }
            outcome.requests = server.requests
            outcome.connections = server.connections
            outcomes.append(outcome)
        }
        try await transport.shutdown()
        try await server.stop()
        return outcomes
    }

    static let hasty: RetryPolicy = {
        var policy = RetryPolicy()
        policy.answerWithin = .seconds(10)
        policy.stallAfter = .seconds(10)
        return policy
    }()

    private func head(_ lines: String...) -> Step { .text((["HTTP/1.1 200 OK"] + lines + ["", ""]).joined(separator: "\r\n")) }

    @Test("a right answer is right, and its connection is used again") func control() async throws {
        let outcomes = try await ask(times: 3) { _ in [.answer(body: "hello")] }
        #expect(outcomes.allSatisfy { $0.status == 200 && $0.body == "hello" } && outcomes.last?.connections == 1)
        #expect(outcomes.last?.requests.allSatisfy { $0.lowercased().contains("accept-encoding: identity\r\n") } == true)
    }

    @Test(
        "DL-09 a length that is none, or two",
        arguments: [
            "Content-Length: -1", "Content-Length: x", "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 9223372036854775808000", "Content-Length: 0x5", "Content-Length: 5, 5",
        ])
    func length(_ line: String) async throws {
        let outcome = try await ask { _ in [.text("HTTP/1.1 200 OK\r\n\(line)\r\n\r\nhello"), .close] }[0]
        #expect(outcome.failure?.code == .badReply, "\(outcome)")
    }

    @Test(
        "DL-10 a length beside chunks is refused",
        arguments: ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5"])
    func smuggling(_ lines: String) async throws {
        let outcome = try await ask { _ in [.text("HTTP/1.1 200 OK\r\n\(lines)\r\n\r\n5\r\nhello\r\n0\r\n\r\n")] }[0]
        #expect(outcome.failure?.code == .badReply, "\(outcome)")
    }

    @Test("DL-11 bytes after the end are cut, and what follows is right") func extraBytes() async throws {
        for extra in ["EXTRA", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "\r\n\r\n", String(repeating: "x", count: 100_000)] {
            let outcomes = try await ask(times: 4) { _ in [.text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\(extra)")] }
            #expect(
                outcomes.allSatisfy { $0.body == "hello" || $0.failure?.code == .badReply }, "\(outcomes.map { ($0.body, $0.failure) })")
            // Empty lines between answers are allowed; after anything else the connection is not used again.
            #expect(outcomes[0].body == "hello" && (extra == "\r\n\r\n" || (outcomes.last?.connections ?? 0) > 1))
        }
    }

    @Test("DL-06 DL-07 an end before the end is no success") func early() async throws {
        for step in [Step.close, .reset] {
            let fixed = try await ask { _ in [.text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), .pause(.milliseconds(20)), step]
            }[0]
            let chunked = try await ask { _ in
                [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .pause(.milliseconds(20)), step]
            }[0]
            for outcome in [fixed, chunked] {
                #expect(outcome.failure?.code == .badReply && outcome.failure.map(RetryPolicy.isWorthRetrying) == true, "\(outcome)")
            }
        }
    }

    @Test("DL-02 a server that never answers is given up in time") func silent() async throws {
        var policy = Self.hasty
        policy.answerWithin = .milliseconds(200)
        let start = ContinuousClock.now
        let outcome = try await ask(policy: policy) { _ in [.hold] }[0]
        #expect(outcome.failure?.code == .noNetwork && start.duration(to: .now) < .seconds(4))
    }

    @Test("DL-35 a status about the connection is asked again on another one", arguments: [408, 421, 425]) func retried(_ status: Int)
        async throws
    {
        let count = Mutex(0)
        let outcome = try await ask { _ in
            count.withLock {
                $0 += 1; return $0 == 1
            } ? [.answer(status)] : [.answer(body: "hello")]
        }[0]
        #expect(outcome.body == "hello" && outcome.connections == 2)
        let always = try await ask { _ in [.answer(status)] }[0]
        #expect(always.status == status && always.requests.count == 2 && always.connections == 2)
        let failure = Failure.refused(host: "h", status: status, what: "x")
        #expect(RetryPolicy.isWorthRetrying(failure))
    }

    @Test("DL-42 G2 a flood of headers, a header of a megabyte, announcements without end") func floods() async throws {
        let before = memory()
        let flood = (0..<100_000).map { "h\($0): 1\r\n" }.joined()
        let long = "long: " + String(repeating: "x", count: 1 << 20) + "\r\n"
        let announcements = String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count: 100_000)
        let name = String(repeating: "n", count: 1 << 20)
        for text in [
            "HTTP/1.1 200 OK\r\n\(flood)\r\n", "HTTP/1.1 200 OK\r\n\(long)\r\n", announcements, "HTTP/1.1 200 OK\r\n\(name)",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(flood)\r\n",
        ] {
            let outcome = try await ask { _ in [.text(text), .hold] }[0]
            #expect(outcome.failure?.code == .badReply, "\(text.prefix(40)) \(outcome.failure as Any) \(outcome.status as Any)")
        }
        #expect(memory() - before < 64 << 20)
    }

    @Test("DL-42 a few announcements are no harm") func announced() async throws {
        let hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        let outcome = try await ask { _ in [.text(hint + "HTTP/1.1 100 Continue\r\n\r\n" + hint), .answer(body: "hello")] }[0]
        #expect(outcome.body == "hello")
    }

    @Test(
        "DL-42 what is no answer",
        arguments: [
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n", "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "HTTP/1.1 200 OK\r\nx: a\u{0}b\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", "\u{16}\u{3}\u{1}",
        ])
    func garbage(_ text: String) async throws {
        let outcome = try await ask { _ in [.text(text), .pause(.milliseconds(20)), .close] }[0]
        #expect(outcome.failure?.code == .badReply, "\(outcome)")
    }

    @Test("A7 a compressed answer is refused and a large one cut") func bomb() async throws {
        let before = memory()
        let packed = try await ask { _ in [.answer(200, ["Content-Encoding: gzip"], body: "x")] }[0]
        #expect(packed.failure?.code == .badReply && packed.failure.map { !RetryPolicy.isWorthRetrying($0) } == true)
        let chunk = Array(("100000\r\n" + String(repeating: "y", count: 1 << 20) + "\r\n").utf8)
        let endless = try await ask { _ in
            [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")] + Array(repeating: .send(chunk), count: 64)
        }[0]
        #expect(endless.failure?.code == .badReply && endless.failure?.message.contains("more than") == true)
        #expect(memory() - before < 64 << 20)
    }

    @Test("DL-32 DL-33 what a source asks is read from its answer") func retryAfter() async throws {
        let server = try await FaultServer.start { _ in [.answer(429, ["Retry-After: 120", "RateLimit: \"x\";r=0;t=5"])] }
        let transport = Transport()
        let answer = try await transport.get(server.url)
        #expect(answer.retryAfter()?.seconds == 120 && answer.head.status == 429)
        try await transport.shutdown()
        try await server.stop()
    }

    /// Resident bytes of this process.
    private func memory() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4_096
    }
}
