// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import HomeWiseStore

extension LoopbackServer.Reply {
    /// Serves bytes as a good server of files does: ranges honoured, a strong tag.
    package static func file(_ bytes: [UInt8], for request: LoopbackServer.Request, end: End = .complete) -> Self {
        guard let (first, last) = range(in: request, of: bytes.count) else {
            return Self(200, headers: [("ETag", "\"v1\"")], body: bytes, end: end)
        }
        return Self(
            206, headers: [("Content-Range", "bytes \(first)-\(last)/\(bytes.count)"), ("ETag", "\"v1\"")],
            body: Array(bytes[first...last]),
            end: end)
    }

    /// The same, bit by bit.
    ///
    /// - Parameters:
    ///   - chunk: bytes that are sent at a time.
    ///   - pause: between two of them.
    package static func paced(_ bytes: [UInt8], for request: LoopbackServer.Request, chunk: Int, pause: Duration) -> Self {
        var reply = file(bytes, for: request)
        let body = reply.chunks[0]
        reply.chunks = stride(from: 0, to: body.count, by: chunk).map { Array(body[$0..<min($0 + chunk, body.count)]) }
        reply.pause = pause
        return reply
    }

    package static func json(_ text: String) -> Self { Self(200, headers: [("Content-Type", "application/json")], body: Array(text.utf8)) }

    private static func range(in request: LoopbackServer.Request, of count: Int) -> (Int, Int)? {
        guard let range = request.range, range.upperBound <= count else { return nil }
        return (range.lowerBound, range.upperBound - 1)
    }
}

extension LoopbackServer.Request {
    /// The bytes that were asked for, where it is one closed range.
    package var range: Range<Int>? {
        guard let value = header("Range"), value.hasPrefix("bytes=") else { return nil }
        let ends = value.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 && ends[0] <= ends[1] ? ends[0]..<ends[1] + 1 : nil
    }
}

extension LoopbackServer {
    /// Bytes that were asked for by range, the question for the size (one byte) aside.
    package var asked: Int { requests.compactMap(\.range).filter { $0.count > 1 }.reduce(0) { $0 + $1.count } }
}

/// SHA-256 of bytes, as the store writes it.
package func digest(of bytes: [UInt8]) -> Digest {
    var hash = FileHash()
    bytes.withUnsafeBytes { hash.add($0) }
    return hash.finish()
}

/// Bytes that no two places share, the same in every run.
package func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            buffer[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        filled = count
    }
}
