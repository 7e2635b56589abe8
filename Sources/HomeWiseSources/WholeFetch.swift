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
        let answer = try await transport.get(place.url, authorization: place.authorization)
        guard answer.status == 200 else { throw Failure.refused(host: answer.host, status: answer.status, what: desk.file.name) }
        try check(answer, size)
        var position: Int64 = 0
        do {
            for try await buffer in answer.body {
                guard position + Int64(buffer.readableBytes) <= size else {
                    throw Failure.badReply(host: answer.host, "more bytes than the file has").adding("retry", "no")
                }
                try buffer.withUnsafeReadableBytes { try write($0, at: position) }
                position += Int64(buffer.readableBytes)
            }
        } catch { throw transport.failure(error, host: answer.host) }
        guard position == size else { throw Failure.badReply(host: answer.host, "it ended early") }
    }

    private func check(_ answer: Transport.Answer, _ size: Int64) throws {
        if let text = answer.header("Content-Length") {
            guard let length = ContentRange.length(text) else { throw Failure.badReply(host: answer.host, "a length that is no number") }
            if length != size { throw Failure.wrongSize(desk.file.name, expected: ByteCount(size), actual: ByteCount(length)) }
        }
        if let type = answer.header("Content-Type")?.lowercased(),
            ["text/html", "application/json", "application/xml", "text/xml"].contains(where: type.hasPrefix)
        {
            throw Failure.badReply(host: answer.host, "a page (\(type.prefix(40))) in place of \(desk.file.name)").adding("retry", "no")
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
