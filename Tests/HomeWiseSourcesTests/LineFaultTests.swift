// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Lines that are gone, slow or cut, while a file comes over them.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct LineFaultTests {
    typealias Reply = LoopbackServer.Reply
    static let bytes = TransferTests.bytes

    @Test("DL-01 a server that is gone for five seconds, before and in the middle, costs five seconds") func gone() async throws {
        var faults = TransferFaults(connections: 2, size: Self.bytes.count)
        // As it comes to people: no budget of a test.
        faults.policy = RetryPolicy()
        let script: LoopbackServer.Script = { .paced(Self.bytes, for: $0, chunk: 200_000, pause: .milliseconds(40)) }
        let first = try await LoopbackServer.start(script)
        let port = try #require(Int(first.url.split(separator: ":").last ?? ""))
        try await first.stop()
        let target = try faults.target()
        let (file, ready) = (faults.file(first.url, digest: digest(of: Self.bytes)), faults)
        let start = ContinuousClock.now
        let task = Task { try await ready.run(file, into: target) }
        try await Task.sleep(for: .seconds(5))
        let second = try await LoopbackServer.start(port: port, script)
        let fetched = try await task.value
        #expect(fetched.digest == file.digest && start.duration(to: .now) < .seconds(40))
        try await second.stop()
    }

    @Test("DL-01 a server that goes away in mid-download and comes back is gone on with") func comesBack() async throws {
        var faults = TransferFaults(connections: 2, size: Self.bytes.count)
        faults.policy = RetryPolicy()
        let isAway = Mutex(false)
        let first = try await LoopbackServer.start { request in
            if isAway.withLock({ $0 }) { return .file(Self.bytes, for: request, end: .hangUp(after: 0)) }
            return .paced(Self.bytes, for: request, chunk: 200_000, pause: .milliseconds(40))
        }
        let port = try #require(Int(first.url.split(separator: ":").last ?? ""))
        let target = try faults.target()
        let (file, ready) = (faults.file(first.url, digest: digest(of: Self.bytes)), faults)
        let task = Task { try await ready.run(file, into: target) }
        #expect(await eventually(within: .seconds(20)) { !first.requests.isEmpty })
        isAway.withLock { $0 = true }
        try await first.stop()
        try await Task.sleep(for: .seconds(5))
        let second = try await LoopbackServer.start(port: port) { .file(Self.bytes, for: $0) }
        #expect(try await task.value.digest == file.digest)
        try await second.stop()
    }

    @Test("DL-04 a slow line that is steady is not given up") func steady() async throws {
        let bytes = Array(Self.bytes.prefix(24 << 10))
        var faults = TransferFaults(size: bytes.count)
        // Three times as long in all as a silence may be.
        faults.policy = TransferTests.hasty(stallAfter: .seconds(2))
        let server = try await LoopbackServer.start { .paced(bytes, for: $0, chunk: 1 << 10, pause: .milliseconds(250)) }
        try await faults.run(faults.file(server.url), into: faults.target())
        #expect(server.requests.count == 1)
        try await server.stop()
    }

    @Test("DL-05 one connection of eight that crawls does not double the time") func crawling() async throws {
        let block = noise(Int(PieceGrid.standardPiece))
        var all: [UInt8] = []
        for _ in 0..<16 { all += block }
        let bytes = all
        func seconds(slow: Int?, _ name: String) async throws -> Double {
            let counter = Counter()
            let server = try await LoopbackServer.start { request in
                counter.next() == slow
                    ? .paced(bytes, for: request, chunk: 20_000, pause: .milliseconds(200))
                    : .paced(bytes, for: request, chunk: 1 << 18, pause: .milliseconds(70))
            }
            let faults = TransferFaults(connections: 8, size: bytes.count)
            let start = ContinuousClock.now
            try await faults.run(faults.file(server.url), into: faults.target(name))
            try await server.stop()
            return start.duration(to: .now).seconds
        }
        let even = try await seconds(slow: nil, "even")
        let uneven = try await seconds(slow: 3, "uneven")
        print("DL-05: \(even) s with eight alike, \(uneven) s with one that crawls")
        #expect(uneven < 2 * even + 0.5)
    }

    @Test("DL-06 cut after every mebibyte, and at 50 random places, it goes on where it broke") func cut() async throws {
        let bytes = Array(Self.bytes.prefix(9 << 20))
        let seed = UInt64.random(in: .min ... .max)
        print("DL-06: seed \(seed)")
        var state = seed
        let random = (0..<50).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 16) % bytes.count
        }
        let expected = digest(of: bytes)
        for cut in stride(from: 0, to: bytes.count, by: 1 << 20) + random {
            let counter = Counter()
            // The place in the file, whichever request it falls into.
            let server = try await LoopbackServer.start { request in
                guard let range = request.range, range.contains(cut), counter.next() == 1 else { return .file(bytes, for: request) }
                return .file(bytes, for: request, end: .hangUp(after: cut - range.lowerBound))
            }
            let faults = TransferFaults(size: bytes.count)
            let fetched = try await faults.run(faults.file(server.url), into: faults.target("cut at \(cut)"))
            #expect(fetched.digest == expected, "cut at \(cut), seed \(seed)")
            #expect(server.asked - bytes.count <= Int(PieceGrid.standardPiece), "cut at \(cut)")
            try FileManager.default.removeItem(atPath: faults.target("cut at \(cut)").path)
            try await server.stop()
        }
    }

    @Test("DL-07 a connection that is torn down in the middle is gone on with") func tornDown() async throws {
        let bytes = Array(Self.bytes.prefix(9 << 20))
        let counter = Counter()
        let server = try await FaultServer.start { head in
            guard let line = head.split(separator: "\r\n").first(where: { $0.lowercased().hasPrefix("range: bytes=") }) else {
                return [.reset]
            }
            let ends = line.dropFirst(13).split(separator: "-").compactMap { Int($0) }
            let body = Array(bytes[ends[0]...ends[1]])
            let answer =
                "HTTP/1.1 206 X\r\nContent-Range: bytes \(ends[0])-\(ends[1])/\(bytes.count)\r\nContent-Length: \(body.count)\r\n\r\n"
            let isTorn = counter.next() <= 3
            return [.text(answer), .send(isTorn ? Array(body.prefix(1 << 20)) : body)]
                + (isTorn ? [.pause(.milliseconds(50)), .reset] : [])
        }
        let faults = TransferFaults(size: bytes.count)
        #expect(try await faults.run(faults.file(server.url), into: faults.target()).digest == digest(of: bytes))
        #expect(counter.value > 3)
        try await server.stop()
    }
}
