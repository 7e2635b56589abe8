// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore

/// Fetches one span of a file with one request. Nothing is written before the answer is what was asked for.
struct SpanFetch {
    let lane: Int
    let range: Range<Int64>
    let address: Int
    let desk: TransferDesk
    let transport: Transport

    private var file: RemoteFile { desk.file }

    func run() async throws {
        let begun = TransferDesk.now
        let answer = try await ask()
        try check(answer)
        var position = range.lowerBound
        do {
            for try await buffer in answer.body {
                if position == 0 { try checkBeginning(buffer, host: answer.host) }
                try await desk.pay(for: buffer.readableBytes)
                let goesOn = try buffer.withUnsafeReadableBytes { try desk.take($0, from: lane, at: position) }
                if position == range.lowerBound { desk.with { $0.book.served(address) } }
                position += Int64(buffer.readableBytes)
                if position > range.upperBound {
                    throw Failure.badReply(host: answer.host, "more than was asked for").adding("retry", "no")
                }
                // One that was given all it asked for reads to the end of the answer, so that the connection can be used again.
                if !goesOn, position < range.upperBound { break }
            }
        } catch { throw transport.failure(error, host: answer.host) }
        note(position - range.lowerBound, since: begun)
        if desk.with({ $0.board.isUnfinished(lane) }) { throw Failure.badReply(host: answer.host, "it ended early") }
    }

    private func ask() async throws -> Transport.Answer {
        let (url, isResolved, place, version) = desk.with { state in
            (state.book.url(address), state.book.isResolved(address), state.book[address], state.versions[address])
        }
        if url.hasPrefix("file:") { return try LocalRange(url: url).answer(range) }
        var headers = [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        // A server that has another version by now sends all of it, and the tag tells.
        if let version { headers.append(("If-Range", version)) }
        let answer = try await transport.get(
            url, headers: headers,
            authorization: isResolved ? nil : place.authorization, namedBy: isResolved ? place.url : place.namedBy)
        if isResolved, [400, 401, 403, 404, 410].contains(answer.status), desk.with({ $0.book.expired(address, asked: url) }) {
            throw AddressExpired()
        }
        return answer
    }

    /// A login page may come as a part of a file too, whatever it calls itself.
    private func checkBeginning(_ buffer: ByteBuffer, host: String) throws {
        guard AnswerCheck.isBinary(name: file.name), AnswerCheck.isPage(beginning: buffer.readableBytesView.prefix(256)) else { return }
        throw Failure.badReply(host: host, "it is a page in place of \(file.name)").adding("retry", "no")
    }

    private func note(_ bytes: Int64, since begun: Double) {
        let seconds = TransferDesk.now - begun
        if seconds > 0, bytes > 0 { desk.with { $0.book.measured(address, bytesPerSecond: Double(bytes) / seconds) } }
    }

    private func check(_ answer: Transport.Answer) throws {
        let host = answer.host
        let check = AnswerCheck(
            range: range.lowerBound...range.upperBound - 1, size: desk.target.grid.size,
            tag: file.digest == nil ? desk.version(of: answer.header("ETag"), at: address) : nil,
            isBinary: AnswerCheck.isBinary(name: file.name))
        switch check.verdict(on: answer.head) {
        case .part(let served) where served.last == range.upperBound - 1: break
        case .part: throw Failure.badReply(host: host, "less than was asked for").adding("retry", "no")
        case .noSuchRange(let total?) where total != desk.target.grid.size:
            throw Failure.wrongSize(file.name, expected: ByteCount(desk.target.grid.size), actual: ByteCount(total))
        case .noSuchRange: throw Failure.noSuchRange(host: host, of: file.name)
        case .whole: throw RangesRefused()
        case .changed: throw Failure.badReply(host: host, "the file changed while it was being fetched").adding("retry", "no")
        case .refused(let status): throw answer.refusal(status, what: file.name, by: file.addresses[address].keeper)
        case .impossible(let doubt): throw Failure.badReply(host: host, doubt.reason).adding("retry", "no")
        case .wrongSize(let size):
            throw Failure.wrongSize(file.name, expected: ByteCount(desk.target.grid.size), actual: ByteCount(size))
        }
        // A step within the origin is walked again each time: its secret must come along.
        if let first = URL(string: file.addresses[address].url), Self.origin(answer.url) != Self.origin(first) {
            desk.with { $0.book.redirected(address, to: answer.url.absoluteString) }
        }
    }

    private static func origin(_ url: URL) -> [String?] {
        let scheme = url.scheme?.lowercased()
        return [scheme, url.host?.lowercased(), "\(url.port ?? (scheme == "https" ? 443 : 80))"]
    }
}

extension TransferBoard {
    /// Whether a lane stopped before the end of what is still its own.
    func isUnfinished(_ lane: Int) -> Bool { !isRelieved(lane) && bytesLeft(lane) > 0 }
}
