// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore

import struct Crypto.SHA256

/// Fetches one piece, with retries that go on within the piece where the line broke.
struct PieceFetch {
    let file: RemoteFile
    let index: Int
    let transport: Transport
    let progress: TransferProgress
    let target: any TransferTarget

    private var offset: Int64 { target.ledger.offset(of: index) }
    private var length: Int64 { target.ledger.length(of: index) }

    func run() async throws {
        var hash = SHA256()
        var got: Int64 = 0
        var failures = 0
        while got < length {
            let before = got
            do { try await attempt(&got, &hash) } catch let failure as Failure {
                failures = got > before ? 1 : failures + 1
                try await pause(after: failure, failures: failures)
            }
        }
        try target.finish(piece: index, digest: Digest(bytes: hash.finalize()))
        await progress.complete(index)
    }

    private func pause(after failure: Failure, failures: Int) async throws {
        guard RetryPolicy.isWorthRetrying(failure),
            let delay = transport.policy.delay(afterFailure: failures, jitter: .random(in: 0...1))
        else { throw failure }
        let asked = failure.detail["retry_after"].flatMap { Int64($0) }.map { Duration.seconds(min($0, 60)) } ?? .zero
        try await Task.sleep(for: max(delay, asked))
    }

    private func attempt(_ got: inout Int64, _ hash: inout SHA256) async throws {
        let known = await progress.address
        let range = "bytes=\(offset + got)-\(offset + length - 1)"
        let answer = try await transport.get(
            known ?? file.url, headers: [("Range", range)], authorization: known == nil ? file.authorization : nil,
            namedBy: known == nil ? file.addresses[0].namedBy : file.url)
        if known != nil, [401, 403, 404, 410].contains(answer.status) {
            // A signed address ran out: ask the origin for a new one; that is no failure of the line.
            await progress.found(nil)
            return
        }
        try await check(answer, position: offset + got)
        if answer.url.absoluteString != file.url { await progress.found(answer.url.absoluteString) }
        do {
            for try await buffer in answer.body {
                try take(buffer, &got, &hash, host: answer.host)
                await progress.received(got, of: index)
            }
        } catch { throw transport.failure(error, host: answer.host) }
        if got < length { throw Failure.badReply(host: answer.host, "it ended early") }
    }

    private func take(_ buffer: ByteBuffer, _ got: inout Int64, _ hash: inout SHA256, host: String) throws {
        guard Int64(buffer.readableBytes) <= length - got else { throw Failure.badReply(host: host, "more bytes than were asked for") }
        try buffer.withUnsafeReadableBytes { bytes in
            hash.update(bufferPointer: bytes)
            try target.write(bytes, at: offset + got)
        }
        got += Int64(buffer.readableBytes)
    }

    /// Nothing is written before the answer is what was asked for.
    private func check(_ answer: Transport.Answer, position: Int64) async throws {
        let host = answer.host
        if answer.status == 200 { throw RangesRefused() }
        guard answer.status == 206 else {
            let refusal = Failure.refused(host: host, status: answer.status, what: file.name)
            let retryAfter = answer.header("Retry-After").flatMap { ContentRange.length($0) }
            throw retryAfter.map { refusal.adding("retry_after", "\($0)") } ?? refusal
        }
        if let coding = answer.header("Content-Encoding"), coding.lowercased() != "identity" {
            throw Failure.badReply(host: host, "it is \(coding)-encoded although that was declined").adding("retry", "no")
        }
        guard let range = answer.header("Content-Range").flatMap({ ContentRange($0) }), range.first == position,
            range.last == offset + length - 1
        else { throw Failure.badReply(host: host, "another range than was asked for") }
        if let total = range.total, total != target.ledger.size {
            throw Failure.wrongSize(file.name, expected: ByteCount(target.ledger.size), actual: ByteCount(total))
        }
        guard await progress.isSameVersion(answer.header("ETag")) else {
            throw Failure.badReply(host: host, "the file changed while it was being fetched").adding("retry", "no")
        }
    }

    static func check(length text: String?, is size: Int64, of file: RemoteFile, host: String) throws {
        guard let text else { return }
        guard let length = ContentRange.length(text) else { throw Failure.badReply(host: host, "a length that is no number") }
        if length != size { throw Failure.wrongSize(file.name, expected: ByteCount(size), actual: ByteCount(length)) }
    }
}

/// Cuts one stream into the pieces of a target and finishes each as it fills.
struct PieceWriter {
    let target: any TransferTarget
    private(set) var position: Int64 = 0
    private var hash = SHA256()

    init(target: any TransferTarget) { self.target = target }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            guard position < target.ledger.size else { throw Failure.badReply(host: "the source", "more bytes than the file has") }
            let index = Int(position / target.ledger.piece)
            let end = target.ledger.offset(of: index) + target.ledger.length(of: index)
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(min(end - position, Int64(rest.count)))))
            hash.update(bufferPointer: part)
            try target.write(part, at: position)
            position += Int64(part.count)
            if position == end {
                try target.finish(piece: index, digest: Digest(bytes: hash.finalize()))
                hash = SHA256()
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }
}
