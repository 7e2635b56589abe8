// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import NIOCore

/// The beginning of a remote model file, fetched by ranges until the parser has enough of it.
package struct RemoteHeader: Sendable {
    private let transport: Transport
    private let file: RemoteFile

    package init(transport: Transport, file: RemoteFile) {
        self.transport = transport
        self.file = file
    }

    /// Headers of small models fit into it; the rest asks once or twice more.
    private static let firstRange: Int64 = 1 << 20
    /// Real headers have up to some ten megabytes.
    package static let longest: Int64 = 32 << 20

    /// - Parameter parse: throws `MoreBytesNeeded` until it has enough.
    /// - Returns: what the parser made of it, and the bytes that it took.
    /// - Throws: `Failure`, or the parser's `FormatFault`.
    package func read<Value>(_ parse: (BytePrefix) throws -> Value) async throws -> (value: Value, source: BytePrefix) {
        var bytes: [UInt8] = []
        var length = file.size
        var wanted = Self.firstRange
        while true {
            let (more, total) = try await fetch(from: Int64(bytes.count), to: min(wanted, length ?? wanted))
            bytes += more
            length = total
            let source = BytePrefix(bytes, length: total)
            do { return try (parse(source), source) } catch let needed as MoreBytesNeeded {
                guard needed.upTo <= Self.longest else {
                    throw FormatFault.tooLarge("header", "it has more than \(Self.longest >> 20) MiB")
                }
                // Twice as much as is known to be needed: the parser learns of the next field only behind this one.
                wanted = min(max(needed.upTo, 2 * Int64(bytes.count)), total)
            }
        }
    }

    private func fetch(from start: Int64, to end: Int64) async throws -> (bytes: [UInt8], total: Int64) {
        let asked = start...max(start, end - 1)
        let answer = try await transport.get(
            file.url, headers: [("Range", "bytes=\(asked.lowerBound)-\(asked.upperBound)")], authorization: file.authorization)
        let range = try answer.part(asked, of: file, size: file.size)
        guard let total = range.total, RemoteFile.plausibleSizes.contains(total) else {
            throw Failure.badReply(host: answer.host, "it tells no size")
        }
        let data = try await answer.data(upTo: Int(end - start), transport: transport)
        guard Int64(data.count) == range.last + 1 - start else {
            throw Failure.badReply(host: answer.host, "\(data.count) bytes of \(range.last + 1 - start)")
        }
        return (Array(data), total)
    }
}
