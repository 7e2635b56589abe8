// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Bytes of a model's file, wherever they are: a local file, a mapped one, or the part of a remote one that was fetched
/// so far. A parser that asks for more than is here throws `MoreBytesNeeded`; whoever can fetch them does, and parses again.
public protocol ByteSource: Sendable {
    /// Bytes of the whole file, also where only a part of it is here.
    var length: Int64 { get }

    /// Bytes from the start of the file that are here and can be handed over in one piece without a copy.
    var available: Int64 { get }

    /// Hands over exactly the bytes of a range.
    ///
    /// - Parameter range: in bytes from the start of the file.
    /// - Throws: `FormatFault.truncated` beyond the end of the file, `MoreBytesNeeded` for what is not here yet, `Failure`
    ///   for what cannot be read, and what the body throws.
    func withBytes<Value>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value
}

extension ByteSource {
    public var available: Int64 { length }
}

/// The parser cannot go on before the file is here up to an offset.
public struct MoreBytesNeeded: Error, Equatable, Sendable {
    /// Bytes from the start of the file.
    public var upTo: Int64
    public init(upTo: Int64) { self.upTo = upTo }
}

/// The first bytes of a file, in memory: all of a small one, or what was fetched of a remote one.
public struct BytePrefix: ByteSource {
    public let bytes: [UInt8]
    public let length: Int64
    public var available: Int64 { Int64(bytes.count) }

    /// - Parameter length: bytes of the whole file; those of the prefix where it is all.
    public init(_ bytes: [UInt8], length: Int64? = nil) {
        self.bytes = bytes
        self.length = max(length ?? Int64(bytes.count), Int64(bytes.count))
    }

    public func withBytes<Value>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        guard range.lowerBound >= 0, range.upperBound <= length else {
            throw FormatFault.truncated("file", "\(range.upperBound) bytes are needed and it has \(length)")
        }
        guard range.upperBound <= bytes.count else { throw MoreBytesNeeded(upTo: range.upperBound) }
        return try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)])) }
    }
}
