// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension PickleMachine {
    /// Numbers, constants and the frame of the protocol. Names of opcodes are those of Python's `pickletools`.
    mutating func handleScalar(_ code: UInt8) throws(PickleDoubt) -> Bool {
        switch code {
        case 0x80: try checkProtocol()  // PROTO
        case 0x95: try enterFrame(of: number(UInt64.self))  // FRAME
        case UInt8(ascii: "N"), 0x88, 0x89: try push(.other)  // NONE, NEWTRUE, NEWFALSE
        case UInt8(ascii: "K"): try push(.integer(Int64(number(UInt8.self))))  // BININT1
        case UInt8(ascii: "M"): try push(.integer(Int64(number(UInt16.self))))  // BININT2
        case UInt8(ascii: "J"): try push(.integer(Int64(number(Int32.self))))  // BININT
        case UInt8(ascii: "I"), UInt8(ascii: "L"): try push(decimal(line()))  // INT, LONG
        case 0x8A: try push(long(take(number(UInt8.self))))  // LONG1
        case 0x8B: try push(long(take(number(Int32.self))))  // LONG4
        case UInt8(ascii: "F"): try push(fraction(line()))  // FLOAT
        case UInt8(ascii: "G"): _ = try (take(8), push(.other))  // BINFLOAT
        default: return false
        }
        return true
    }

    private mutating func checkProtocol() throws(PickleDoubt) {
        let version = try byte()
        guard version <= 5 else { throw PickleDoubt("protocol \(version) is unknown") }
    }

    private func decimal(_ digits: ArraySlice<UInt8>) throws(PickleDoubt) -> PickleValue {
        // Protocol 0 spells booleans 00 and 01, and long numbers with an L.
        if digits.elementsEqual("00".utf8) || digits.elementsEqual("01".utf8) { return .other }
        let number = digits.last == UInt8(ascii: "L") ? digits.dropLast() : digits
        let figures = number.first == UInt8(ascii: "-") ? number.dropFirst() : number
        guard !figures.isEmpty, figures.allSatisfy({ 0x30...0x39 ~= $0 }), figures.first != 0x30 || figures.count == 1 else {
            throw PickleDoubt("a number is malformed")
        }
        return Int64(String(decoding: number, as: UTF8.self)).map(PickleValue.integer) ?? .other
    }

    private func fraction(_ digits: ArraySlice<UInt8>) throws(PickleDoubt) -> PickleValue {
        guard Double(String(decoding: digits, as: UTF8.self)) != nil else { throw PickleDoubt("a number is malformed") }
        return .other
    }

    /// A little-endian number of any length, its highest bit the sign.
    private func long(_ digits: ArraySlice<UInt8>) -> PickleValue {
        guard digits.count <= 8 else { return .other }
        let isNegative = (digits.last ?? 0) & 0x80 != 0
        return .integer(digits.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) })
    }

    /// Texts and bytes.
    mutating func handleText(_ code: UInt8) throws(PickleDoubt) -> Bool {
        switch code {
        case UInt8(ascii: "X"): try push(text(take(number(UInt32.self))))  // BINUNICODE
        case 0x8C: try push(text(take(number(UInt8.self))))  // SHORT_BINUNICODE
        case 0x8D: try push(text(take(number(UInt64.self))))  // BINUNICODE8
        case UInt8(ascii: "U"): try push(text(take(number(UInt8.self))))  // SHORT_BINSTRING
        case UInt8(ascii: "T"): try push(text(take(number(Int32.self))))  // BINSTRING
        case UInt8(ascii: "V"): try push(line(line(), quoted: false))  // UNICODE
        case UInt8(ascii: "S"): try push(line(line(), quoted: true))  // STRING
        case UInt8(ascii: "C"): _ = try (take(number(UInt8.self)), push(.other))  // SHORT_BINBYTES
        case UInt8(ascii: "B"): _ = try (take(number(UInt32.self)), push(.other))  // BINBYTES
        case 0x8E, 0x96: _ = try (take(number(UInt64.self)), push(.other))  // BINBYTES8, BYTEARRAY8
        default: return false
        }
        return true
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(PickleDoubt) -> PickleValue {
        guard UTF8Check.firstFault(in: Array(bytes)) == nil else { throw PickleDoubt("a text is not valid UTF-8") }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// A text of protocol 0. With escapes it could spell anything, so it is nothing that a name may come from.
    private func line(_ bytes: ArraySlice<UInt8>, quoted: Bool) throws(PickleDoubt) -> PickleValue {
        guard !bytes.contains(UInt8(ascii: "\\")), !bytes.contains(0x0D) else { return .other }
        guard quoted else { return try text(bytes) }
        guard bytes.count >= 2, let quote = bytes.first, quote == bytes.last, quote == 0x22 || quote == 0x27 else {
            throw PickleDoubt("a text is not in quotation marks")
        }
        return try text(bytes.dropFirst().dropLast())
    }

    /// Tuples, lists, dictionaries and sets.
    mutating func handleContainer(_ code: UInt8) throws(PickleDoubt) -> Bool {
        switch code {
        case UInt8(ascii: "("): try mark()  // MARK
        case UInt8(ascii: ")"): try push(.tuple(of: []))  // EMPTY_TUPLE
        case UInt8(ascii: "t"): try push(.tuple(of: popToMark()))  // TUPLE
        case 0x85, 0x86, 0x87: try pushTuple(Int(code - 0x84))  // TUPLE1 to TUPLE3
        case UInt8(ascii: "]"): try push(.container(.list))  // EMPTY_LIST
        case UInt8(ascii: "}"): try push(.container(.dictionary))  // EMPTY_DICT
        case 0x8F: try push(.container(.set))  // EMPTY_SET
        case UInt8(ascii: "l"): _ = try (popToMark(), push(.container(.list)))  // LIST
        case UInt8(ascii: "d"): _ = try (name(entries: popToMark()), push(.container(.dictionary)))  // DICT
        case 0x91: _ = try (popToMark(), push(.other))  // FROZENSET
        case UInt8(ascii: "a"): _ = try (pop(), expect(.list))  // APPEND
        case UInt8(ascii: "e"): _ = try (popToMark(), expect(.list))  // APPENDS
        case 0x90: _ = try (popToMark(), expect(.set))  // ADDITEMS
        case UInt8(ascii: "s"): try setItem()  // SETITEM
        case UInt8(ascii: "u"): _ = try (name(entries: popToMark()), expect(.dictionary))  // SETITEMS
        default: return false
        }
        return true
    }

    private mutating func pushTuple(_ count: Int) throws(PickleDoubt) {
        var items: [PickleValue] = []
        for _ in 0..<count { try items.append(pop()) }
        try push(.tuple(of: items.reversed()))
    }

    private mutating func setItem() throws(PickleDoubt) {
        let value = try pop()
        try name(entries: [pop(), value])
        try expect(.dictionary)
    }

    /// Items are put into what the pickle has made itself; put into anything else they call its methods.
    private mutating func expect(_ container: PickleValue.Container) throws(PickleDoubt) {
        guard try top() == .container(container) else { throw PickleDoubt("it puts items into something that is no \(container)") }
    }

    /// Tensors are named by the keys that they are put under.
    private mutating func name(entries: ArraySlice<PickleValue>) throws(PickleDoubt) {
        guard entries.count % 2 == 0 else { throw PickleDoubt("a key has no value") }
        for place in stride(from: entries.startIndex, to: entries.endIndex, by: 2) {
            if case .container = entries[place] { throw PickleDoubt("a key is a container") }
            guard case .tensor(var tensor) = entries[place + 1] else { continue }
            tensor.name = entries[place].text
            listing.tensors.append(tensor)
        }
    }

    /// Remembering, recalling and dropping.
    mutating func handleMemo(_ code: UInt8) throws(PickleDoubt) -> Bool {
        switch code {
        case 0x94: try remember()  // MEMOIZE
        case UInt8(ascii: "q"): try remember(number(UInt8.self))  // BINPUT
        case UInt8(ascii: "r"): try remember(number(UInt32.self))  // LONG_BINPUT
        case UInt8(ascii: "p"): try remember(place(line()))  // PUT
        case UInt8(ascii: "h"): try recall(number(UInt8.self))  // BINGET
        case UInt8(ascii: "j"): try recall(number(UInt32.self))  // LONG_BINGET
        case UInt8(ascii: "g"): try recall(place(line()))  // GET
        case UInt8(ascii: "0"): try drop()  // POP
        case UInt8(ascii: "1"): _ = try popToMark()  // POP_MARK
        case UInt8(ascii: "2"): try push(top())  // DUP
        default: return false
        }
        return true
    }

    /// Python's POP takes a mark where one is on top.
    private mutating func drop() throws(PickleDoubt) {
        if isAtMark { dropMark() } else { _ = try pop() }
    }

    private func place(_ digits: ArraySlice<UInt8>) throws(PickleDoubt) -> Int {
        guard let place = Int(String(decoding: digits, as: UTF8.self)), place >= 0 else {
            throw PickleDoubt("a place in the memo is no number")
        }
        return place
    }
}
