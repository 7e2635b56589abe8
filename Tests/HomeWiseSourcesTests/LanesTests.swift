// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Several connections and several places for one file, over real servers.
@Suite(.temporaryFolder) struct LanesTests {
    static let bytes = noise(Int(PieceGrid.standardPiece) * 3 + 1234)

    private func partial(_ size: Int = bytes.count) throws -> PartialFile {
        let store = try ModelStore(home: TemporaryFolder.path + "/home")
        return try PartialFile(
            key: FileHash.digest(ofText: "lanes"), name: "f", model: "m:q", size: Int64(size), layout: store.layout,
            inventory: store.inventory)
    }

    private func digest(of bytes: [UInt8]) throws -> Digest {
        let path = TemporaryFolder.path + "/expected"
        try Data(bytes).write(to: URL(filePath: path))
        return try FileHash.digest(of: path)
    }

    private func with<Value>(_ policy: RetryPolicy = TransferTests.hasty(), _ body: (Transport) async throws -> Value) async throws -> Value
    {
        let transport = Transport(policy: policy)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(body(transport)) } catch { outcome = .failure(error) }
        try await transport.shutdown()
        return try outcome.get()
    }

    @Test("a place that fails in mid-file is left, and the others go on where it was") func switching() async throws {
        let asked = Mutex(0)
        let failing = try await LoopbackServer.start { request in
            let number = asked.withLock { count in
                count += 1
                return count
            }
            return number == 1 ? .file(Self.bytes, for: request, end: .hangUp(after: 2 << 20)) : LoopbackServer.Reply(404)
        }
        let steady = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let expected = try digest(of: Self.bytes)
        let file = RemoteFile(
            name: "f.gguf",
            addresses: [.init(url: failing.url + "/f", source: "hub"), .init(url: steady.url + "/f", source: "mirror")],
            size: Int64(Self.bytes.count), digest: expected)
        let target = try partial()
        let statuses = Mutex<Set<String>>([])
        let fetched = try await with { transport in
            try await Transfer(transport: transport, limits: TransferLimits(connections: 2)).run(file, into: target) { status in
                statuses.withLock { $0.formUnion(status.sources) }
            }
        }
        #expect(fetched.digest == expected)
        #expect(fetched.refusals.map(\.source) == ["hub"] && fetched.refusals[0].failure.code == .notAtSource)
        #expect(!failing.requests.isEmpty && !steady.requests.isEmpty, "both were asked")
        try await failing.stop()
        try await steady.stop()
    }

    @Test("DL-05 DL-03 a connection that hangs is relieved by the others long before its own time is up") func hanging() async throws {
        let first = Mutex(true)
        let server = try await LoopbackServer.start { request in
            let hangs = first.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            return .file(Self.bytes, for: request, end: hangs ? .stall(after: 1 << 20) : .complete)
        }
        let target = try partial()
        var policy = TransferTests.hasty(stallAfter: .seconds(60))
        policy.answerWithin = .seconds(60)
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(Self.bytes.count), digest: nil)
        let start = ContinuousClock.now
        let fetched = try await with(policy) { transport in
            try await Transfer(transport: transport, limits: TransferLimits(connections: 3)).run(file, into: target) { _ in }
        }
        #expect(try fetched.digest == digest(of: Self.bytes))
        #expect(start.duration(to: .now) < .seconds(30), "it did not wait for the stall of 60 s")
        try await server.stop()
    }

    @Test("DL-23 one flipped bit is found and mended, and only what differs is written") func mending() async throws {
        let isFirst = Mutex(true)
        let server = try await LoopbackServer.start { request in
            var bytes = Self.bytes
            let flips = isFirst.withLock { isFirst in
                let isSecondPiece = request.header("Range")?.hasPrefix("bytes=8388608-") ?? false
                defer { if isSecondPiece { isFirst = false } }
                return isFirst && isSecondPiece
            }
            if flips { bytes[Int(PieceGrid.standardPiece) + 4711] ^= 4 }
            return .file(bytes, for: request)
        }
        let expected = try digest(of: Self.bytes)
        let target = try partial()
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(Self.bytes.count), digest: expected)
        let outcome = try await with { transport in
            let fetched = try await Transfer(transport: transport, limits: TransferLimits(connections: 1)).run(file, into: target) { _ in }
            #expect(fetched.digest != expected)
            let mend = Mend(file: file, target: target, transport: transport, connections: 1)
            return try await mend.run(expected: expected, doubtful: [1]) { _ in }
        }
        #expect(outcome == .init(isMended: true, differing: [1], fetched: PieceGrid.standardPiece))
        #expect(try FileHash.digest(of: target.path) == expected)
        try await server.stop()
    }

    @Test("DL-24 a source that is always corrupt ends the mending soon") func hopeless() async throws {
        let count = Mutex(0)
        let size = 40 * Int(PieceGrid.standardPiece)
        let server = try await LoopbackServer.start { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            let ends = (request.header("Range") ?? "").dropFirst(6).split(separator: "-").compactMap { Int($0) }
            guard ends.count == 2 else { return LoopbackServer.Reply(400) }
            return LoopbackServer.Reply(
                206, headers: [("Content-Range", "bytes \(ends[0])-\(ends[1])/\(size)")],
                body: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: ends[1] - ends[0] + 1))
        }
        let target = try partial(size)
        let expected = FileHash.digest(ofText: "nothing like it")
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(size), digest: expected)
        let outcome = try await with { transport in
            try await Mend(file: file, target: target, transport: transport, connections: 2).run(expected: expected, doubtful: []) { _ in }
        }
        #expect(!outcome.isMended && outcome.differing.count <= Mend.mostDiffering + 2)
        #expect(outcome.fetched <= Int64(Mend.mostDiffering + 2) * PieceGrid.standardPiece)
        try await server.stop()
    }

    @Test("what is allowed in a second is kept to") func budget() async throws {
        let bytes = noise(1 << 20)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let target = try partial(bytes.count)
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(bytes.count), digest: nil)
        let start = ContinuousClock.now
        _ = try await with { transport in
            try await Transfer(transport: transport, limits: TransferLimits(connections: 8, bytesPerSecond: 1e6)).run(file, into: target) {
                _ in
            }
        }
        #expect(start.duration(to: .now) > .milliseconds(900))
        try await server.stop()
    }

    @Test("outside its hours a transfer rests and says so") func hours() async throws {
        let bytes = noise(100_000)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let target = try partial(bytes.count)
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(bytes.count), digest: nil)
        // A clock that stands at noon.
        let noon = Calendar.current.date(bySettingHour: 12, minute: 0, second: 0, of: Date()) ?? Date()
        let rest = Mutex<TransferStatus.Rest?>(nil)
        let transport = Transport(policy: TransferTests.hasty())
        let limits = try TransferLimits(window: DailyWindow(parsing: "01:00-02:00"))
        let task = Task {
            try await Transfer(transport: transport, limits: limits, now: { noon }).run(file, into: target) { status in
                if status.rest != nil { rest.withLock { $0 = status.rest } }
            }
        }
        #expect(await eventually(within: .seconds(10)) { rest.withLock { $0 != nil } })
        #expect(server.requests.isEmpty)
        #expect(rest.withLock { $0 } == .outsideHours(try DailyWindow(parsing: "01:00-02:00"), seconds: 13 * 3600))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("a file of this machine is a source like any other") func local() async throws {
        let path = TemporaryFolder.path + "/model.gguf"
        try Data(Self.bytes).write(to: URL(filePath: path))
        let file = RemoteFile(name: "model.gguf", url: "file://" + path, size: Int64(Self.bytes.count), digest: nil)
        let target = try partial()
        let fetched = try await with { try await Transfer(transport: $0).run(file, into: target) { _ in } }
        #expect(try fetched.digest == FileHash.digest(of: path))
        let gone = RemoteFile(name: "gone", url: "file:///nonexistent/model.gguf", size: 10, digest: nil)
        let empty = try partial(10)
        let failure = await #expect(throws: Failure.self) {
            try await with { try await Transfer(transport: $0).run(gone, into: empty) { _ in } }
        }
        #expect(failure?.code == .notAtSource)
    }

    @Test("DL-21 a page that calls itself a part of the file is refused") func page() async throws {
        let html = Array("<!DOCTYPE html><html>Sign in</html>".utf8)
        let server = try await LoopbackServer.start { request in
            LoopbackServer.Reply(206, headers: [("Content-Range", "bytes 0-\(html.count - 1)/\(html.count)")], body: html)
        }
        let target = try partial(html.count)
        let file = RemoteFile(name: "model.gguf", url: server.url + "/f", size: Int64(html.count), digest: nil)
        let failure = await #expect(throws: Failure.self) {
            try await with { try await Transfer(transport: $0).run(file, into: target) { _ in } }
        }
        #expect(failure?.code == .badReply && failure?.message.contains("page") == true)
        #expect(try target.held().isEmpty)
        try await server.stop()
    }

    /// A blob of four pieces whose chain is known, as a pull leaves it.
    private func published() async throws -> (store: ModelStore, digest: Digest, path: String) {
        let store = try ModelStore(home: TemporaryFolder.path + "/home")
        let server = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let target = try partial()
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(Self.bytes.count), digest: nil)
        let fetched = try await with { try await Transfer(transport: $0).run(file, into: target) { _ in } }
        try await server.stop()
        try store.inventory.keepChain(ofTransfer: FileHash.digest(ofText: "lanes"), as: fetched.digest)
        let model = try store.publish(
            target.path, digest: fetched.digest, name: SafePath(untrusted: "m"), tag: SafePath(untrusted: "q"),
            file: SafePath(untrusted: "f.gguf"), source: "", at: Date())
        return (store, fetched.digest, model.path)
    }

    private func flip(_ path: String, at offset: UInt64) throws {
        chmod(path, 0o600)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: offset)
        let byte = try file.read(upToCount: 1)?.first ?? 0
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
    }

    @Test("DL-50 a flipped bit in the store costs its piece alone, and the blob is what it was", arguments: [0, 9_000_000, 25_166_000])
    func patched(_ offset: Int) async throws {
        let (store, digest, path) = try await published()
        try flip(path, at: UInt64(offset))
        let server = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let patch = try #require(try store.patch(digest, size: Int64(Self.bytes.count)))
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(Self.bytes.count), digest: digest)
        let fetched = try await with { try await Transfer(transport: $0).run(file, into: patch) { _ in } }
        try patch.finish()
        #expect(fetched.digest == digest && patch.mended == [offset / Int(PieceGrid.standardPiece)])
        #expect(try FileHash.digest(of: path) == digest)
        let piece = patch.grid.range(of: offset / Int(PieceGrid.standardPiece))
        #expect(server.requests.map { $0.header("Range") } == ["bytes=\(piece.lowerBound)-\(piece.upperBound - 1)"])
        try await server.stop()
    }

    @Test("a repair that is given other bytes stops at the first piece and leaves the rest as it is") func otherVersion() async throws {
        let (store, digest, path) = try await published()
        try flip(path, at: 100)
        let other = noise(Self.bytes.count, seed: 99)
        let server = try await LoopbackServer.start { .file(other, for: $0) }
        let patch = try #require(try store.patch(digest, size: Int64(Self.bytes.count)))
        let file = RemoteFile(name: "f.gguf", url: server.url + "/f", size: Int64(Self.bytes.count), digest: digest)
        let failure = await #expect(throws: Failure.self) {
            try await with { try await Transfer(transport: $0).run(file, into: patch) { _ in } }
        }
        #expect(failure?.code == .digestMismatch && server.requests.count == 1)
        let rest = try Data(contentsOf: URL(filePath: path)).dropFirst(Int(PieceGrid.standardPiece))
        #expect(Array(rest) == Array(Self.bytes.dropFirst(Int(PieceGrid.standardPiece))))
        try await server.stop()
    }
}
