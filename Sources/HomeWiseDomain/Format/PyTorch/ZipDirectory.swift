// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The directory of a ZIP archive: entries one after the other from the first byte to the last; in PyTorch's, stored ones.
///
/// ZIP tells everything twice, and readers differ in which half they believe. So whatever is told twice must agree, and every
/// byte must belong to something; what does not is kept as a `doubt`, never guessed at. Data is not read.
struct ZipDirectory: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        let name: String
        let flags: UInt16
        let method: UInt16
        let checksum: UInt32
        let compressedSize: Int64
        let size: Int64
        /// Bytes from the start of the file to the entry's own header.
        let headerStart: Int64
        /// Bytes from the start of the file to its data.
        var dataStart: Int64 = 0
        /// The system that it was made on, and its rights there.
        var system: UInt8 = 0
        var attributes: UInt32 = 0

        var dataEnd: Int64 { dataStart + compressedSize }
    }

    /// Whose habits the archive must keep.
    enum Habit: Sendable {
        /// PyTorch's: no compression, no comments.
        case pytorch
        /// Those of any honest writer.
        case any
    }

    static let mostEntries = 100_000
    static let longestDirectory: Int64 = 64 << 20

    private(set) var entries: [Entry] = []
    /// Why this archive could mean something else to another reader; `nil` where it cannot.
    private(set) var doubt: String?

    /// - Throws: `FormatFault` where there is no directory at the very end, or it cannot be read; what the source throws.
    init(source: some ByteSource, habit: Habit = .pytorch) throws {
        let end = try ZipEnd(source: source, mayHaveComment: habit == .any)
        let bytes = try source.copyBytes(at: end.directoryStart, count: end.directorySize)
        var offset = 0
        for _ in 0..<end.entryCount {
            let record = try CentralRecord(bytes, at: offset, habit: habit)
            offset += record.length
            if let oddity = record.oddity { doubt(oddity) }
            var entry = record.entry
            try readLocalHeader(of: &entry, source)
            entries.append(entry)
        }
        guard offset == bytes.count else { throw FormatFault.badValue("zip directory", "\(bytes.count - offset) bytes belong to no entry") }
        if Set(entries.map { Array($0.name.utf8) }).count < entries.count { doubt("two entries have the same name") }
        try proveCoverage(until: end.directoryStart, source)
    }

    /// The first doubt is the one that is told.
    private mutating func doubt(_ reason: String) { doubt = doubt ?? reason }

    // MARK: Local headers

    private mutating func readLocalHeader(of entry: inout Entry, _ source: some ByteSource) throws {
        let header = try source.copyBytes(at: entry.headerStart, count: 30)
        guard header.littleEndian(UInt32.self, at: 0) == 0x0403_4B50, let nameLength = header.littleEndian(UInt16.self, at: 26),
            let extraLength = header.littleEndian(UInt16.self, at: 28)
        else { throw FormatFault.badValue("zip entry \(entry.name)", "no entry begins at \(entry.headerStart)") }
        let rest = try source.copyBytes(at: entry.headerStart + 30, count: Int64(nameLength) + Int64(extraLength))
        entry.dataStart = entry.headerStart + 30 + Int64(rest.count)
        _ = try source.range(at: entry.dataStart, count: entry.compressedSize)
        guard rest.prefix(Int(nameLength)).elementsEqual(entry.name.utf8) else { return doubt("an entry has two names") }
        let local = LocalRecord(header, extra: rest.dropFirst(Int(nameLength)))
        if !local.agrees(with: entry) { doubt("an entry's two headers differ") }
    }

    // MARK: Coverage

    /// Every byte before the directory is a header, its data, or the few bytes that repeat its checksum and sizes.
    private mutating func proveCoverage(until end: Int64, _ source: some ByteSource) throws {
        var covered: Int64 = 0
        var last: Entry?
        for entry in entries.sorted(by: { $0.headerStart < $1.headerStart }) {
            guard entry.headerStart >= covered else { return doubt("two entries share bytes") }
            guard try Self.isExplained(covered..<entry.headerStart, after: last, source) else {
                return doubt("bytes lie between the entries")
            }
            last = entry
            covered = entry.dataEnd
        }
        guard covered <= end, try Self.isExplained(covered..<end, after: last, source) else {
            return doubt("bytes lie between entries and directory")
        }
    }

    /// Whether the bytes between two entries are what may follow the first one's data (APPNOTE 6.3.10, section 4.3.9).
    private static func isExplained(_ gap: Range<Int64>, after last: Entry?, _ source: some ByteSource) throws -> Bool {
        if gap.isEmpty { return true }
        guard let last, last.flags & 8 != 0, [12, 16, 20, 24].contains(gap.count) else { return false }
        var bytes = try source.copyBytes(at: gap.lowerBound, count: Int64(gap.count))[...]
        if bytes.count % 8 == 0, bytes.littleEndian(UInt32.self, at: 0) == 0x0807_4B50 { bytes = bytes.dropFirst(4) }
        guard bytes.littleEndian(UInt32.self, at: 0) == last.checksum else { return false }
        let sizes = bytes.dropFirst(4)
        switch sizes.count {
        case 8:
            return sizes.littleEndian(UInt32.self, at: 0).map(Int64.init) == last.compressedSize
                && sizes.littleEndian(UInt32.self, at: 4).map(Int64.init) == last.size
        case 16:
            return sizes.littleEndian(Int64.self, at: 0) == last.compressedSize && sizes.littleEndian(Int64.self, at: 8) == last.size
        default: return false
        }
    }
}
