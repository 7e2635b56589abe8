// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Puts characters together that arrive in pieces: what is given out is always whole.
struct UTF8Assembler: Sendable {
    private var held: [UInt8] = []

    /// - Returns: the text that is complete now. What can never become a character is U+FFFD.
    mutating func consume(_ bytes: some Sequence<UInt8>) -> String {
        held += bytes
        let end = held.count - Self.unfinished(held)
        defer { held.removeFirst(end) }
        return String(decoding: held[..<end], as: UTF8.self)
    }

    /// Bytes at the end that more bytes may complete: at most three.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for (count, byte) in bytes.reversed().prefix(3).enumerated() {
            switch byte {
            case 0x80...0xBF: continue
            case 0xC2...0xDF: return count + 1 < 2 ? count + 1 : 0
            case 0xE0...0xEF: return count + 1 < 3 ? count + 1 : 0
            case 0xF0...0xF4: return count + 1 < 4 ? count + 1 : 0
            default: return 0
            }
        }
        return 0
    }
}
