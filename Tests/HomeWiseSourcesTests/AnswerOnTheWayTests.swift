// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// What a server may answer in the middle of a download, and how long it may ask to be left alone.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct AnswerOnTheWayTests {
    typealias Reply = LoopbackServer.Reply
    static let bytes = TransferTests.bytes
    private let faults = TransferFaults(size: Self.bytes.count)

    @Test(
        "DL-15 a range that is said not to be there: another place helps, a lone one is asked again once, and what is here needs no asking")
    func noSuchRange() async throws {
        let counter = Counter()
        let bad = try await LoopbackServer.start { request in
            _ = counter.next()
            return request.range?.lowerBound == 0
                ? .file(Self.bytes, for: request) : Reply(416, headers: [("Content-Range", "bytes */\(Self.bytes.count)")])
        }
        let target = try faults.target()
        let failure = await faults.failure { try await faults.run(faults.file(bad.url), into: target) }
        #expect(failure?.code == .badReply && counter.value == 4, "\(String(describing: failure)), \(counter.value)")
        #expect(try target.bytesHere == PieceGrid.standardPiece)
        let good = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let whole = digest(of: Self.bytes)
        let fetched = try await faults.run(faults.file(bad.url, good.url, digest: whole), into: target)
        #expect(fetched.digest == whole && good.asked == Self.bytes.count - Int(PieceGrid.standardPiece))
        let asked = (counter.value, good.requests.count)
        #expect(try await faults.run(faults.file(bad.url, good.url, digest: whole), into: target).digest == whole)
        #expect(asked == (counter.value, good.requests.count), "what is whole is not asked for")
        try await bad.stop()
        try await good.stop()
    }

    @Test(
        "DL-15 a lone 416: what nothing proves is dropped once and fetched anew, what a digest will prove is kept",
        arguments: [false, true])
    func momentarily(_ hasDigest: Bool) async throws {
        let counter = Counter()
        let server = try await LoopbackServer.start { request in
            let isRefused = request.range?.lowerBound != 0 && counter.next() == 1
            return isRefused ? Reply(416, headers: [("Content-Range", "bytes */*")]) : .file(Self.bytes, for: request)
        }
        let whole = digest(of: Self.bytes)
        let fetched = try await faults.run(faults.file(server.url, digest: hasDigest ? whole : nil), into: faults.target())
        #expect(fetched.digest == whole)
        let refused = server.requests.first { $0.range?.lowerBound != 0 }?.range?.count ?? 0
        let twice = hasDigest ? 0 : Int(PieceGrid.standardPiece)
        #expect(server.asked == Self.bytes.count + refused + twice)
        try await server.stop()
    }

    @Test("DL-15 a 416 that tells another length is another file, and is not asked for again") func shorter() async throws {
        let server = try await LoopbackServer.start { request in
            request.range?.lowerBound == 0 ? .file(Self.bytes, for: request) : Reply(416, headers: [("Content-Range", "bytes */77")])
        }
        let failure = await faults.failure { try await faults.run(faults.file(server.url), into: faults.target()) }
        #expect(failure?.code == .sizeMismatch && server.requests.count == 2, "\(failure as Any)")
        try await server.stop()
    }

    @Test("DL-28 DL-29 a signed address that ran out, or was signed for one range, and is refused anew ends it, with the cause")
    func signedAgain() async throws {
        let counter = Counter()
        let server = try await LoopbackServer.start { request in
            if request.path == "/model.bin" { return Reply(302, headers: [("Location", "/signed?\(counter.next())")], body: []) }
            return request.range?.lowerBound == 0 ? .file(Self.bytes, for: request) : Reply(403)
        }
        let target = try faults.target()
        let start = ContinuousClock.now
        let failure = await faults.failure { try await faults.run(faults.file(server.url), into: target) }
        #expect(failure?.code == .sourceRefused && failure?.detail["status"] == "403")
        #expect(start.duration(to: .now) < .seconds(60) && server.requests.count < 10)
        #expect(try target.bytesHere == PieceGrid.standardPiece)
        try await server.stop()
    }

    @Test("DL-30 a token that is revoked in mid-download: what is here is kept, and what to do is said") func revoked() async throws {
        let isRevoked = Counter()
        let server = try await LoopbackServer.start { request in
            request.range?.lowerBound == 0 || isRevoked.value > 0 ? .file(Self.bytes, for: request) : Reply(401)
        }
        let target = try faults.target()
        let failure = await faults.failure { try await faults.run(faults.file(server.url), into: target) }
        #expect(failure?.code == .sourceRefused && failure?.remedy.contains("fresh address") == true)
        #expect(server.requests.count == 2, "a no is not asked for twice")
        #expect(try target.bytesHere == PieceGrid.standardPiece)
        _ = isRevoked.next()
        let before = server.asked
        #expect(try await faults.run(faults.file(server.url), into: target).digest == digest(of: Self.bytes))
        #expect(server.asked - before == Self.bytes.count - Int(PieceGrid.standardPiece))
        try await server.stop()
    }

    private func limited(_ header: @escaping @Sendable () -> (String, String)) async throws -> (
        failure: Failure?, seconds: Double, requests: Int
    ) {
        let bytes = Array(Self.bytes.prefix(100_000))
        let counter = Counter()
        let server = try await LoopbackServer.start { request in
            counter.next() == 1 ? Reply(429, headers: [header()]) : .file(bytes, for: request)
        }
        let faults = TransferFaults(size: bytes.count)
        let start = ContinuousClock.now
        let failure = await faults.failure { try await faults.run(faults.file(server.url), into: faults.target(server.url)) }
        try await server.stop()
        return (failure, start.duration(to: .now).seconds, counter.value)
    }

    @Test("DL-32 DL-33 seconds, a date and a limit are waited for, over the wire") func asksToWait() async throws {
        let now = { @Sendable (seconds: Double) -> String in
            let form = DateFormatter()
            form.locale = Locale(identifier: "en_US_POSIX")
            form.timeZone = TimeZone(identifier: "GMT")
            form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            return form.string(from: Date(timeIntervalSinceNow: seconds))
        }
        let headers: [@Sendable () -> (String, String)] = [
            { ("Retry-After", "2") }, { ("Retry-After", now(3)) }, { ("RateLimit", #""default";r=0;t=2"#) },
        ]
        for header in headers {
            let outcome = try await limited(header)
            #expect(outcome.failure == nil && outcome.requests == 2, "\(header())")
            #expect(outcome.seconds > 1.5 && outcome.seconds < 20, "\(header()): \(outcome.seconds) s")
        }
    }

    @Test(
        "DL-32 DL-33 what is garbage, past or never is not waited for", arguments: ["-5", "soon", "", "Mon, 01 Jan 2001 00:00:00 GMT", "0"])
    func garbage(_ value: String) async throws {
        let outcome = try await limited { ("Retry-After", value) }
        #expect(outcome.failure == nil && outcome.requests == 2 && outcome.seconds < 5, "\(outcome)")
    }

    @Test("DL-32 whoever asks to be left alone for thirty years is not waited for", arguments: ["1000000000", "99999999999999999999"])
    func forEver(_ value: String) async throws {
        let outcome = try await limited { ("Retry-After", value) }
        #expect(outcome.failure?.code == .sourceRefused && outcome.requests == 1 && outcome.seconds < 5)
        #expect(outcome.failure?.detail["retry_after"] != nil)
    }
}
