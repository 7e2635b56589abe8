// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension JSONParser {
    /// Digits that a number may have: beyond that it says nothing a `Double` could hold.
    private static let longestNumber = 1024

    // MARK: Strings

    /// Reads from after the opening quotation mark to after the closing one.
    mutating func readString() throws(FormatFault) -> Node {
        var node = Node(kind: .string, start: UInt32(offset), limit: 0)
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                node.limit = UInt32(offset)
                offset += 1
                return node
            case UInt8(ascii: "\\"):
                node.isEscaped = true
                try skipEscape()
            case ..<0x20: throw fault("a control character stands in a string")
            default: offset += 1
            }
        }
        throw fault("a string does not end")
    }

    private mutating func skipEscape() throws(FormatFault) {
        offset += 1
        switch peek {
        case UInt8(ascii: "u"): try skipUnicodeEscape()
        case .some(let byte) where JSONEscape.plain(byte) != nil: offset += 1
        default: throw fault("an escape is unknown")
        }
    }

    /// Half a surrogate pair is no character, and readers differ in what they make of one.
    private mutating func skipUnicodeEscape() throws(FormatFault) {
        let unit = try readUnit()
        switch unit {
        case 0xD800...0xDBFF:
            try expect(UInt8(ascii: "\\"), "the other half of a surrogate pair")
            guard peek == UInt8(ascii: "u"), case 0xDC00...0xDFFF = try readUnit() else { throw fault("a surrogate stands alone") }
        case 0xDC00...0xDFFF: throw fault("a surrogate stands alone")
        default: break
        }
    }

    private mutating func readUnit() throws(FormatFault) -> UInt32 {
        guard let unit = JSONEscape.unit(at: offset + 1, in: bytes[...]) else { throw fault("an escape needs four hexadecimal digits") }
        offset += 5
        return unit
    }

    // MARK: Numbers

    mutating func readNumber() throws(FormatFault) -> Node {
        let start = offset
        if peek == UInt8(ascii: "-") { offset += 1 }
        let isZero = peek == UInt8(ascii: "0")
        guard skipDigits() > 0, !isZero || !isLonger(than: 1, from: start) else { throw fault("a value is missing or malformed") }
        let isWhole = try !skipFractionAndExponent()
        guard offset - start <= Self.longestNumber else { throw .tooLarge(field, "byte \(start): a number of \(offset - start) digits") }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        let isExact = isWhole && text != "-0" && (Int64(text) != nil || UInt64(text) != nil)
        guard isExact || Double(text)?.isFinite == true else { throw fault("a number is out of range") }
        return Node(kind: isExact ? .integer : .real, start: UInt32(start), limit: UInt32(offset))
    }

    /// Whether the number has more digits than that, its sign not counted.
    private func isLonger(than digits: Int, from start: Int) -> Bool {
        offset - start - (bytes[start] == UInt8(ascii: "-") ? 1 : 0) > digits
    }

    private mutating func skipFractionAndExponent() throws(FormatFault) -> Bool {
        let start = offset
        if peek == UInt8(ascii: ".") {
            offset += 1
            guard skipDigits() > 0 else { throw fault("a number ends in its point") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            offset += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
            guard skipDigits() > 0 else { throw fault("a number ends in its exponent") }
        }
        return offset > start
    }

    private mutating func skipDigits() -> Int {
        let start = offset
        while let byte = peek, 0x30...0x39 ~= byte { offset += 1 }
        return offset - start
    }

    // MARK: Keys

    /// Compares keys by their decoded bytes: not by their spelling, and not as Unicode would, where “K” is also the Kelvin sign.
    func refuseDuplicates(of object: Int) throws(FormatFault) {
        var seen: Set<JSONKey> = []
        var index = object + 1
        while index < tape.count {
            let key = tape[index]
            guard seen.insert(JSONKey(key, of: bytes)).inserted else {
                throw FormatFault(.duplicate, "\(field): \(JSONEscape.text(of: key, in: bytes))", "the same key stands there twice")
            }
            index = JSONKey.next(after: index + 1, in: tape)
        }
    }
}

/// A key's decoded bytes, borrowed from the document where it has no escapes.
struct JSONKey: Hashable {
    private let bytes: ArraySlice<UInt8>

    init(_ node: BoundedJSON.Node, of document: [UInt8]) {
        let spelled = document[Int(node.start)..<Int(node.limit)]
        bytes = node.isEscaped ? JSONEscape.decode(spelled)[...] : spelled
    }

    static func == (left: Self, right: Self) -> Bool { left.bytes.elementsEqual(right.bytes) }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// - Returns: the node after a value and all that is in it.
    static func next(after index: Int, in tape: [BoundedJSON.Node]) -> Int {
        switch tape[index].kind {
        case .array, .object: Int(tape[index].limit)
        default: index + 1
        }
    }
}
