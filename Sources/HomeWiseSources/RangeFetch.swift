// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Fetches single places of a file into memory, from whichever address gives them: for mending, where bytes are compared
/// before anything is written.
package actor RangeFetch {
    private let file: RemoteFile
    private let size: Int64
    private let transport: Transport
    private var book: AddressBook

    /// - Parameter size: bytes of the whole file.
    package init(file: RemoteFile, size: Int64, transport: Transport) {
        self.file = file
        self.size = size
        self.transport = transport
        book = AddressBook(file.addresses, policy: transport.policy)
    }

    /// - Parameter range: at most some megabytes.
    /// - Throws: the last address's `Failure` when none gives it.
    package func bytes(_ range: Range<Int64>) async throws -> [UInt8] {
        while true {
            try Task.checkCancellation()
            let now = TransferDesk.now
            switch book.pick(at: now) {
            case .none(let failure): throw failure
            case .wait(let until, _): try await Task.sleep(for: .seconds(max(0.01, until - now)))
            case .ask(let address):
                book.began(address)
                defer { book.ended(address) }
                do {
                    let bytes = try await attempt(range, address)
                    book.served(address)
                    return bytes
                } catch let failure as Failure {
                    book.failed(
                        address, failure, began: now, at: TransferDesk.now,
                        retryAfter: failure.detail["retry_after"].flatMap { Double($0) },
                        jitter: .random(in: 0...1))
                }
            }
        }
    }

    private func attempt(_ range: Range<Int64>, _ address: Int) async throws -> [UInt8] {
        let place = book[address]
        let answer =
            place.url.hasPrefix("file:")
            ? try LocalRange(url: place.url).answer(range)
            : try await transport.get(
                place.url, headers: [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")], authorization: place.authorization,
                namedBy: place.namedBy)
        let served = try answer.part(range.lowerBound...range.upperBound - 1, of: file, size: size, at: address)
        guard served.last == range.upperBound - 1 else { throw Failure.badReply(host: answer.host, "less than was asked for") }
        let bytes = try await answer.data(upTo: range.count, transport: transport)
        guard bytes.count == range.count else { throw Failure.badReply(host: answer.host, "it ended early") }
        return Array(bytes)
    }
}
