// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Reads the little-endian fields of a GGUF header in order. Every read is checked against what is here.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    /// Bytes of the whole file, of which `bytes` may be only the beginning.
    let length: Int64
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer, length: Int64) {
        self.bytes = bytes
        self.length = length
    }

    /// What is left of the whole file, in bytes.
    var remaining: Int64 { length - Int64(position) }

    /// Makes sure that so many bytes are here.
    ///
    /// - Throws: `FormatFault.truncated` where the file ends before, `MoreBytesNeeded` where only the part that is here does.
    @inline(__always) func require(_ count: Int, _ field: @autoclosure () -> String) throws {
        if count <= bytes.count - position { return }
        try fail(count, field())
    }

    private func fail(_ count: Int, _ field: String) throws -> Never {
        guard Int64(count) <= remaining else {
            throw FormatFault.truncated(field, "\(count) bytes are announced at \(position), and the file has \(length)")
        }
        throw MoreBytesNeeded(upTo: Int64(position) + Int64(count))
    }

    @inline(__always) mutating func take<Value: FixedWidthInteger>(_ type: Value.Type, _ field: @autoclosure () -> String) throws -> Value {
        let size = MemoryLayout<Value>.size
        try require(size, field())
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    @inline(__always) mutating func skip(_ count: Int, _ field: @autoclosure () -> String) throws {
        try require(count, field())
        position += count
    }

    /// The length of a string, checked against a limit and against what is left of the file.
    @inline(__always) mutating func takeLength(limit: Int, _ field: @autoclosure () -> String) throws -> Int {
        let length = try take(UInt64.self, field())
        guard length <= UInt64(limit) else {
            guard length <= UInt64(max(0, remaining)) else {
                throw FormatFault.truncated(field(), "a text of \(length) bytes is announced, and \(remaining) are left")
            }
            throw FormatFault.tooLarge(field(), "a text of \(length) bytes; \(limit) is the limit")
        }
        return Int(length)
    }

    mutating func takeText(limit: Int, _ field: String) throws -> String {
        let length = try takeLength(limit: limit, field)
        try require(length, field)
        defer { position += length }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]), as: UTF8.self)
    }
}
