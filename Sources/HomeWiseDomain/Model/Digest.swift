// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A SHA-256 digest. The only way from text to a digest is this throwing initialiser, and the only way to a path in
/// the store is from a digest, so that no text from outside ever becomes a path.
public struct Digest: Hashable, Sendable, Codable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    /// - Throws: `Failure.badInput` unless `hex` is exactly 64 lower-case hexadecimal digits.
    public init(sha256 hex: some StringProtocol) throws {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }) else {
            throw Failure.badInput(
                "“\(hex.prefix(80))” is not a SHA-256 checksum.", remedy: "A checksum has 64 digits of 0-9 and a-f.")
        }
        self.hex = String(hex)
    }

    /// - Parameter bytes: the 32 bytes that a hash function gave; other lengths are a programming error.
    public init(bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        precondition(hex.utf8.count == 64, "a SHA-256 digest has 32 bytes")
    }

    public init(from decoder: any Decoder) throws {
        try self.init(sha256: decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    /// The first twelve digits, enough for a person to compare.
    public var short: String { String(hex.prefix(12)) }
    public var description: String { "sha256:\(hex)" }
}
