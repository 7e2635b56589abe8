// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One 512-byte header of a tar archive, read strictly: a number that two readers could take differently is refused.
struct TarHeader {
    static let block = 512

    let name: String
    let size: Int64
    let isExecutable: Bool
    let type: UInt8
    /// Whether the size is written as bytes, the way GNU writes what octal digits cannot hold.
    let isBinarySize: Bool

    /// Sizes from here on do not fit eleven octal digits.
    static let octalEnd: Int64 = 1 << 33

    /// - Throws: `TarFault`.
    init(_ bytes: ArraySlice<UInt8>) throws {
        let header = Array(bytes)
        guard header.count == Self.block else { throw TarFault("a header does not end") }
        let magic = header[257..<265]
        let isGNU = magic.elementsEqual("ustar  \0".utf8)
        guard isGNU || magic.prefix(6).elementsEqual("ustar\0".utf8) else { throw TarFault("an entry has no header that is known") }
        guard try Self.octal(header[148..<156], "checksum") == Self.checksum(of: header) else {
            throw TarFault("the checksum of a header is wrong")
        }
        let own = Self.text(header[0..<100])
        // GNU keeps times where the others keep the front part of a long name.
        let front = isGNU ? [] : Self.text(header[345..<500])
        name = try TarFault.name(front.isEmpty ? own : front + [UInt8(ascii: "/")] + own)
        isExecutable = try Self.octal(header[100..<108], "mode") & 0o100 != 0
        type = header[156]
        (size, isBinarySize) = try Self.size(header[124..<136])
    }

    private static func checksum(of header: [UInt8]) -> Int64 {
        header.enumerated().reduce(0) { $0 + Int64((148..<156).contains($1.offset) ? 0x20 : $1.element) }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Digits, then nothing but zeros and blanks. An empty field is zero.
    private static func octal(_ field: ArraySlice<UInt8>, _ what: String) throws -> Int64 {
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        let rest = field[digits.endIndex...]
        guard rest.allSatisfy({ $0 == 0 || $0 == 0x20 }) else { throw TarFault("the \(what) of an entry is no octal number") }
        return digits.reduce(0) { $0 << 3 | Int64($1 - 0x30) }
    }

    private static func size(_ field: ArraySlice<UInt8>) throws -> (Int64, isBinary: Bool) {
        guard let first = field.first, first & 0x80 != 0 else { return try (octal(field, "size"), false) }
        // Eight bytes are plenty; what is above must be empty, so that no size is negative or beyond 63 bits.
        guard first == 0x80, field.dropFirst().prefix(3).allSatisfy({ $0 == 0 }), field[field.startIndex + 4] & 0x80 == 0 else {
            throw TarFault("the size of an entry cannot be")
        }
        let size = field.suffix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard size >= octalEnd else { throw TarFault("the size of an entry is written in a form that it does not need") }
        return (size, true)
    }
}

/// What is wrong with a tar archive, as the end of a sentence; whoever knows its name makes a `Failure` of it.
struct TarFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }

    static func name(_ bytes: [UInt8]) throws -> String {
        guard UTF8Check.firstFault(in: bytes) == nil, !bytes.contains(0) else { throw TarFault("the name of an entry is no text") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The records of a PAX header: “length key=value” line by line.
struct PaxRecords {
    private(set) var values: [String: [UInt8]] = [:]

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, digits.count <= 9, let length = Int(String(decoding: digits, as: UTF8.self)),
                rest.dropFirst(digits.count).first == 0x20, length > digits.count + 3, length <= rest.count
            else { throw TarFault("a PAX header is malformed") }
            let record = rest.prefix(length)
            let pair = record.dropFirst(digits.count + 1).dropLast()
            guard record.last == 0x0A, let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else {
                throw TarFault("a PAX header is malformed")
            }
            let key = try TarFault.name(Array(pair[..<equals]))
            guard values.updateValue(Array(pair[(equals + 1)...]), forKey: key) == nil else {
                throw TarFault("a PAX header says “\(UntrustedName.printable(key))” twice")
            }
            rest = rest.dropFirst(length)
        }
        for key in values.keys where key.hasPrefix("GNU.sparse") || key == "SUN.holesdata" || key == "SCHILY.realsize" {
            throw TarFault("it holds a sparse file")
        }
    }

    /// - Throws: `TarFault` unless it is a plain decimal number.
    func size() throws -> Int64? {
        guard let digits = values["size"] else { return nil }
        guard (1...18).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let size = Int64(String(decoding: digits, as: UTF8.self))
        else { throw TarFault("a PAX header has a size that cannot be") }
        return size
    }

    func path() throws -> String? { try values["path"].map(TarFault.name) }
    var hasLink: Bool { values["linkpath"] != nil }
}
