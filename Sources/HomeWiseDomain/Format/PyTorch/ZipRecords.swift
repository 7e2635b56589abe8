// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An entry as the directory at the end of a ZIP archive has it.
struct CentralRecord {
    let entry: ZipDirectory.Entry
    /// Bytes of the record.
    let length: Int
    /// What PyTorch never writes, or what makes the entry something else than stored bytes.
    let oddity: String?

    /// - Throws: `FormatFault` where no record begins there, or it does not end.
    init(_ bytes: [UInt8], at offset: Int, habit: ZipDirectory.Habit) throws(FormatFault) {
        let field = "zip directory"
        let header = bytes.dropFirst(offset).prefix(46)
        guard header.count == 46, header.littleEndian(UInt32.self, at: 0) == 0x0201_4B50 else {
            throw .truncated(field, "no entry begins at \(offset)")
        }
        func short(_ place: Int) -> Int { Int(header.littleEndian(UInt16.self, at: place) ?? 0) }
        func long(_ place: Int) -> UInt32 { header.littleEndian(UInt32.self, at: place) ?? 0 }
        let (nameLength, extraLength, commentLength) = (short(28), short(30), short(32))
        length = 46 + nameLength + extraLength + commentLength
        let rest = bytes.dropFirst(offset + 46).prefix(nameLength + extraLength + commentLength)
        guard rest.count == length - 46 else { throw .truncated(field, "an entry does not end") }
        let name = Array(rest.prefix(nameLength))
        guard UTF8Check.firstFault(in: name) == nil, name.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .badValue(field, "a name is no text")
        }
        var sizes = try ZipExtra(rest.dropFirst(nameLength).prefix(extraLength))
        let (size, compressed, start) = try (sizes.resolve(long(24)), sizes.resolve(long(20)), sizes.resolve(long(42)))
        entry = ZipDirectory.Entry(
            name: String(decoding: name, as: UTF8.self), flags: UInt16(short(8)), method: UInt16(short(10)), checksum: long(16),
            compressedSize: compressed, size: size, headerStart: start, system: UInt8(short(4) >> 8), attributes: long(38))
        oddity = Self.oddity(entry, hasComment: commentLength > 0, disk: short(34), habit: habit)
    }

    /// PyTorch sets bit 3 (sizes after the data) and bit 11 (names in UTF-8) only.
    private static func oddity(_ entry: ZipDirectory.Entry, hasComment: Bool, disk: Int, habit: ZipDirectory.Habit) -> String? {
        // Encrypted, strongly encrypted, or with its names hidden.
        if entry.flags & (1 | 0x40 | 0x2000) != 0 { return "an entry is encrypted" }
        if habit == .any { return disk == 0 ? nil : "an entry lies in another file" }
        if entry.flags & ~(8 | 0x800) != 0 { return "an entry has flags that PyTorch does not set" }
        if entry.method != 0 || entry.compressedSize != entry.size { return "an entry is compressed" }
        if hasComment { return "an entry has a comment" }
        return disk == 0 ? nil : "an entry lies in another file"
    }
}

/// What an entry's own header says again.
struct LocalRecord {
    private let flags: UInt16?
    private let method: UInt16?
    private let checksum: UInt32?
    private let sizes: [Int64]?

    init(_ header: [UInt8], extra: ArraySlice<UInt8>) {
        flags = header.littleEndian(UInt16.self, at: 6)
        method = header.littleEndian(UInt16.self, at: 8)
        checksum = header.littleEndian(UInt32.self, at: 14)
        do throws(FormatFault) {
            var extra = try ZipExtra(extra)
            let size = try extra.resolve(header.littleEndian(UInt32.self, at: 22) ?? 0)
            sizes = [try extra.resolve(header.littleEndian(UInt32.self, at: 18) ?? 0), size]
        } catch {
            // A malformed extra field agrees with nothing.
            sizes = nil
        }
    }

    /// Where sizes follow the data (bit 3) they may be zero here.
    func agrees(with entry: ZipDirectory.Entry) -> Bool {
        let follow = entry.flags & 8 != 0
        return flags == entry.flags && method == entry.method && (checksum == entry.checksum || follow && checksum == 0)
            && (sizes == [entry.compressedSize, entry.size] || follow && sizes == [0, 0])
    }
}

/// The ZIP64 field among an entry's extra ones: figures that did not fit 32 bits, in a fixed order.
struct ZipExtra {
    private var figures: ArraySlice<UInt8> = []

    init(_ extra: ArraySlice<UInt8>) throws(FormatFault) {
        var rest = extra
        var isKnown = false
        while !rest.isEmpty {
            guard let kind = rest.littleEndian(UInt16.self, at: 0), let count = rest.littleEndian(UInt16.self, at: 2),
                rest.count >= 4 + Int(count)
            else { throw .truncated("zip extra field", "it does not end") }
            if kind == 1 {
                guard !isKnown else { throw FormatFault(.duplicate, "zip extra field", "long sizes stand there twice") }
                (figures, isKnown) = (rest.dropFirst(4).prefix(Int(count)), true)
            }
            rest = rest.dropFirst(4 + Int(count))
        }
    }

    /// - Returns: the figure, or the next long one where it did not fit.
    mutating func resolve(_ short: UInt32) throws(FormatFault) -> Int64 {
        guard short == .max else { return Int64(short) }
        guard let long = figures.littleEndian(Int64.self, at: 0), long >= 0 else {
            throw .truncated("zip extra field", "a long size is missing")
        }
        figures = figures.dropFirst(8)
        return long
    }
}
