// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore

/// Fetches a file in one stream from the first byte, for a source that knows no ranges. Pieces that are here are passed over.
struct WholeFetch {
    let desk: TransferDesk
    let address: Int
    let transport: Transport

    func run() async throws {
        let place = desk.file.addresses[address]
        let size = desk.target.grid.size
        let answer = try await transport.get(place.url, authorization: place.authorization, namedBy: place.namedBy)
        try check(answer, size)
        var position: Int64 = 0
        do {
            for try await buffer in answer.body {
                if position == 0, AnswerCheck.isBinary(name: desk.file.name),
                    AnswerCheck.isPage(beginning: buffer.readableBytesView.prefix(256))
                {
                    throw Failure.badReply(host: answer.host, "it is a page in place of \(desk.file.name)").adding("retry", "no")
                }
                guard position + Int64(buffer.readableBytes) <= size else {
                    throw Failure.badReply(host: answer.host, "more bytes than the file has").adding("retry", "no")
                }
                try await desk.pay(for: buffer.readableBytes)
                try buffer.withUnsafeReadableBytes { try write($0, at: position) }
                position += Int64(buffer.readableBytes)
            }
        } catch { throw transport.failure(error, host: answer.host) }
        guard position == size else { throw Failure.badReply(host: answer.host, "it ended early") }
        try await stayUntilHashed(answer.host)
    }

    private func check(_ answer: Transport.Answer, _ size: Int64) throws {
        let check = AnswerCheck(size: size, isBinary: AnswerCheck.isBinary(name: desk.file.name))
        switch check.verdict(on: answer.head) {
        case .whole: return
        case .refused(let status): throw answer.refusal(status, what: desk.file.name, by: desk.file.addresses[address].keeper)
        case .wrongSize(let actual): throw Failure.wrongSize(desk.file.name, expected: ByteCount(size), actual: ByteCount(actual))
        case .impossible(let doubt): throw Failure.badReply(host: answer.host, doubt.reason).adding("retry", "no")
        case .part, .noSuchRange, .changed:
            throw Failure.badReply(host: answer.host, "a part although the whole was asked for").adding("retry", "no")
        }
    }

    /// A piece that was passed over may turn out to be damaged when the hash comes by: nobody but a new stream can bring it.
    private func stayUntilHashed(_ host: String) async throws {
        while !desk.isDone {
            if desk.with({ !$0.board.isDone && $0.board.nextToHash == nil }) {
                throw Failure.badReply(host: host, "a piece that was here already is damaged")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        let grid = desk.target.grid
        var rest = bytes
        var position = offset
        while !rest.isEmpty {
            let index = grid.index(at: position)
            let part = UnsafeRawBufferPointer(
                rebasing: rest.prefix(Int(min(grid.range(of: index).upperBound - position, Int64(rest.count)))))
            if desk.with({ !$0.board.isHere(index) }) { try desk.write(part, at: position) }
            position += Int64(part.count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }
}
