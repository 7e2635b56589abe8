// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Escapes in JSON strings, which the parser has found to be sound.
enum JSONEscape {
    /// - Returns: what a one-letter escape stands for.
    static func plain(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// - Returns: the value of four hexadecimal digits; `nil` where they are not all there.
    static func unit(at offset: Int, in bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.endIndex - offset >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in bytes[offset..<(offset + 4)] {
            guard let digit = hexadecimal(byte) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }

    static func text(of node: BoundedJSON.Node, in bytes: [UInt8]) -> String {
        let spelled = bytes[Int(node.start)..<Int(node.limit)]
        return node.isEscaped ? String(decoding: decode(spelled), as: UTF8.self) : String(decoding: spelled, as: UTF8.self)
    }

    static func decode(_ spelled: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(spelled.count)
        var offset = spelled.startIndex
        while offset < spelled.endIndex {
            if spelled[offset] == UInt8(ascii: "\\") {
                offset = decodeEscape(at: offset + 1, in: spelled, to: &plain)
            } else {
                plain.append(spelled[offset])
                offset += 1
            }
        }
        return plain
    }

    /// - Returns: the offset after the escape.
    private static func decodeEscape(at offset: Int, in spelled: ArraySlice<UInt8>, to plain: inout [UInt8]) -> Int {
        guard spelled[offset] == UInt8(ascii: "u"), let unit = unit(at: offset + 1, in: spelled) else {
            plain.append(Self.plain(spelled[offset]) ?? spelled[offset])
            return offset + 1
        }
        var scalar = unit
        var next = offset + 5
        if 0xD800...0xDBFF ~= unit, let low = Self.unit(at: next + 2, in: spelled) {
            scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            next += 6
        }
        plain.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
        return next
    }
}
