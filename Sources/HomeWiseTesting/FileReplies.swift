// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

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

    package static func json(_ text: String) -> Self { Self(200, headers: [("Content-Type", "application/json")], body: Array(text.utf8)) }

    private static func range(in request: LoopbackServer.Request, of count: Int) -> (Int, Int)? {
        guard let value = request.header("Range"), value.hasPrefix("bytes=") else { return nil }
        let ends = value.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] <= ends[1], ends[1] < count else { return nil }
        return (ends[0], ends[1])
    }
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
