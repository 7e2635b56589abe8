// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Real downloads into a real store from a real server on loopback.
@Suite(.temporaryFolder) struct TransferTests {
    typealias Reply = LoopbackServer.Reply
    static let bytes = noise(Int(PieceGrid.standardPiece) * 2 + 12_345)

    /// Short waits, but only the test of a stall may take a busy machine for one.
    static func hasty(stallAfter: Duration = .seconds(20)) -> RetryPolicy {
        var policy = RetryPolicy()
        policy.firstDelay = .milliseconds(5)
        policy.stallAfter = stallAfter
        policy.connectWithin = .milliseconds(500)
        policy.outage = .zero
        policy.serverTrouble = .zero
        return policy
    }

    struct Outcome {
        var digest: Digest
        var requests: [LoopbackServer.Request]
        var reported: Int64
        /// Bytes that were sent for, by the ranges asked.
        var asked: Int64 {
            requests.compactMap { $0.header("Range") }.reduce(0) { sum, range in
                let ends = range.dropFirst(6).split(separator: "-").compactMap { Int64($0) }
                return sum + ends[1] - ends[0] + 1
            }
        }
    }

    private func target(_ size: Int) throws -> PartialFile {
        let store = try ModelStore(home: TemporaryFolder.path + "/home")
        return try PartialFile(
            key: FileHash.digest(ofText: "t"), name: "t", model: "m:q", size: Int64(size), layout: store.layout, inventory: store.inventory)
    }

    @discardableResult
    private func fetch(
        size: Int = bytes.count, connections: Int = 3, authorization: String? = nil, patience: RetryPolicy = hasty(),
        _ script: @escaping LoopbackServer.Script
    ) async throws -> Outcome {
        let server = try await LoopbackServer.start(script)
        let transport = Transport(policy: patience)
        let target = try target(size)
        let reported = Mutex<Int64>(0)
        let file = RemoteFile(
            name: "model.bin", url: server.url + "/model.bin", size: Int64(size), digest: nil, authorization: authorization)
        let result: Result<Transfer.Fetched, any Error>
        do {
            let transfer = Transfer(transport: transport, limits: TransferLimits(connections: connections))
            result = try await .success(transfer.run(file, into: target) { status in reported.withLock { $0 = max($0, status.received) } })
        } catch { result = .failure(error) }
        try await transport.shutdown()
        try await server.stop()
        let fetched = try result.get()
        #expect(try FileHash.digest(of: target.path) == fetched.digest, "what was hashed on the way is what lies on the disk")
        return Outcome(digest: fetched.digest, requests: server.requests, reported: reported.withLock { $0 })
    }

    private var expected: Digest {
        get throws {
            try Data(Self.bytes).write(to: URL(filePath: TemporaryFolder.path + "/expected"))
            return try FileHash.digest(of: TemporaryFolder.path + "/expected")
        }
    }

    private func code(_ body: () async throws -> Void) async -> Failure.Code? {
        do { try await body() } catch { return (error as? Failure)?.code }
        return nil
    }

    @Test func fetchesInRanges() async throws {
        let outcome = try await fetch { .file(Self.bytes, for: $0) }
        #expect(try outcome.digest == expected && outcome.requests.count == 3 && outcome.reported == Int64(Self.bytes.count))
        #expect(outcome.requests.allSatisfy { $0.header("Accept-Encoding") == "identity" })
    }

    @Test("DL-06 a line that breaks goes on where it broke") func brokenLine() async throws {
        let count = Mutex(0)
        let outcome = try await fetch(connections: 1) { request in
            let isFirst = count.withLock {
                $0 += 1; return $0 == 1
            }
            return .file(Self.bytes, for: request, end: isFirst ? .hangUp(after: 3 << 20) : .complete)
        }
        #expect(try outcome.digest == expected)
        let second = try #require(outcome.requests[1].header("Range"))
        let start = try #require(Int(second.dropFirst(6).prefix { $0.isNumber }))
        #expect(start > 0 && start <= 3 << 20)
    }

    @Test("DL-03 a stall is noticed and the piece asked for again") func stall() async throws {
        let count = Mutex(0)
        let outcome = try await fetch(connections: 1, patience: Self.hasty(stallAfter: .milliseconds(300))) { request in
            let isFirst = count.withLock {
                $0 += 1; return $0 == 1
            }
            return .file(Self.bytes, for: request, end: isFirst ? .stall(after: 2 << 20) : .complete)
        }
        #expect(try outcome.digest == expected)
    }

    @Test("a budget of retries is renewed by progress") func renewedBudget() async throws {
        // Twelve breaks are more than the budget of five, but each comes after progress.
        let outcome = try await fetch(size: 6 << 20, connections: 1) { request in
            .file(Array(Self.bytes.prefix(6 << 20)), for: request, end: .hangUp(after: 512 << 10))
        }
        #expect(outcome.requests.count > 8)
    }

    @Test("DL-12 a server that ignores ranges is read in one stream") func noRanges() async throws {
        let outcome = try await fetch { _ in Reply(200, body: Self.bytes) }
        #expect(try outcome.digest == expected)
    }

    @Test("DL-13 another range than asked is refused before it is written") func wrongRange() async throws {
        let code = await code {
            try await fetch { request in
                Reply(
                    206, headers: [("Content-Range", "bytes 1-\(Self.bytes.count - 1)/\(Self.bytes.count)")],
                    body: Array(Self.bytes.dropFirst()))
            }
        }
        #expect(code == .badReply)
    }

    @Test("DL-08 another total size is refused") func wrongSize() async throws {
        let code = await code { try await fetch(size: Self.bytes.count - 5) { .file(Self.bytes, for: $0) } }
        #expect(code == .sizeMismatch)
    }

    @Test("DL-16 a file that changes on the way is refused") func changed() async throws {
        let count = Mutex(0)
        let code = await code {
            try await fetch(connections: 1) { request in
                var reply = Reply.file(Self.bytes, for: request)
                let number = count.withLock {
                    $0 += 1; return $0
                }
                reply.headers = reply.headers.map { $0.0 == "ETag" ? ("ETag", "\"v\(number)\"") : $0 }
                return reply
            }
        }
        #expect(code == .badReply)
    }

    @Test("DL-19 an encoding that was declined is refused") func encoded() async throws {
        let code = await code {
            try await fetch { request in
                var reply = Reply.file(Self.bytes, for: request)
                reply.headers.append(("Content-Encoding", "gzip"))
                return reply
            }
        }
        #expect(code == .badReply)
    }

    @Test("DL-31 a no is final", arguments: [401, 403, 404, 410, 451]) func refusal(_ status: Int) async throws {
        let server = Mutex(0)
        let code = await code {
            try await fetch(connections: 1) { _ in
                server.withLock { $0 += 1 }
                return Reply(status)
            }
        }
        #expect(code == (status == 404 || status == 410 ? .notAtSource : .sourceRefused))
        #expect(server.withLock { $0 } == 1)
    }

    @Test("DL-34 faults of the moment are waited out") func burst() async throws {
        let count = Mutex(0)
        let outcome = try await fetch(connections: 1) { request in
            count.withLock {
                $0 += 1; return $0 <= 3
            } ? Reply(503) : .file(Self.bytes, for: request)
        }
        #expect(try outcome.digest == expected)
    }

    @Test("DL-27 an address that runs out is asked for anew") func expired() async throws {
        let signature = Mutex(0)
        let outcome = try await fetch(connections: 1) { request in
            if request.path == "/model.bin" {
                let number = signature.withLock {
                    $0 += 1; return $0
                }
                return Reply(302, headers: [("Location", "/signed?\(number)")], body: [])
            }
            let isFresh = signature.withLock { request.path == "/signed?\($0)" }
            let isSecondPiece = request.header("Range")?.hasPrefix("bytes=8388608-") ?? false
            // The first signature does not live to see the second piece.
            return isFresh && !(isSecondPiece && request.path == "/signed?1") ? .file(Self.bytes, for: request) : Reply(403)
        }
        #expect(try outcome.digest == expected)
    }

    @Test("E1 a secret goes to its origin and nowhere else") func secret() async throws {
        let elsewhere = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let outcome = try await fetch(authorization: "Bearer hush") { _ in
            Reply(302, headers: [("Location", elsewhere.url + "/cdn")], body: [])
        }
        #expect(outcome.requests.first?.header("Authorization") == "Bearer hush")
        #expect(!elsewhere.requests.isEmpty && elsewhere.requests.allSatisfy { $0.header("Authorization") == nil })
        try await elsewhere.stop()
    }

    @Test("DL-25 a circle of redirects ends") func circle() async throws {
        #expect(await code { try await fetch { _ in Reply(302, headers: [("Location", "/again")], body: []) } } == .badReply)
    }

    @Test(
        "DL-26 redirects away from the web are refused",
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "unix://x/y", "http://u:p@127.0.0.1/"])
    func strangeTarget(_ target: String) async throws {
        let code = await code { try await fetch { _ in Reply(302, headers: [("Location", target)], body: []) } }
        #expect([.insecureRedirect, .badReply].contains(code))
    }

    @Test("a second run fetches only what is missing") func resume() async throws {
        let first = await code {
            try await fetch(connections: 1) { request in
                request.header("Range")?.hasPrefix("bytes=0-") ?? false ? .file(Self.bytes, for: request) : Reply(404)
            }
        }
        #expect(first == .notAtSource)
        let outcome = try await fetch { .file(Self.bytes, for: $0) }
        #expect(try outcome.digest == expected && outcome.asked == Int64(Self.bytes.count) - PieceGrid.standardPiece)
    }

    @Test("DL-69 a cancelled transfer stops at once and keeps what it has") func cancelled() async throws {
        let server = try await LoopbackServer.start { .file(Self.bytes, for: $0, end: .stall(after: 1 << 20)) }
        var policy = RetryPolicy()
        policy.stallAfter = .seconds(30)
        let transport = Transport(policy: policy)
        let target = try target(Self.bytes.count)
        let file = RemoteFile(name: "m", url: server.url, size: Int64(Self.bytes.count), digest: nil)
        let task = Task { try await Transfer(transport: transport).run(file, into: target) { _ in } }
        #expect(await eventually(within: .seconds(5)) { !server.requests.isEmpty })
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(start.duration(to: .now) < .seconds(2))
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("DL-01 nobody listens: the reason is said") func noRoute() async throws {
        let transport = Transport(policy: Self.hasty())
        let failure = await #expect(throws: Failure.self) { try await transport.get("http://127.0.0.1:1/x") }
        #expect(failure?.code == .noNetwork && failure?.message.contains("127.0.0.1 cannot be reached (Connection refused)") == true)
        try await transport.shutdown()
    }

    @Test func anUnknownNameSaysSo() async throws {
        let transport = Transport(policy: Self.hasty())
        let failure = await #expect(throws: Failure.self) { try await transport.get("http://no-such-host.invalid/x") }
        #expect(failure?.code == .noNetwork)
        try await transport.shutdown()
    }
}
