// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Lists a tar archive while its bytes flow past, and refuses what two readers could read differently: the library that
/// writes the files later must come to the very same list (THREATS D3).
///
/// Feed it all bytes in order with `consume`, then ask `finish`. It keeps headers and names, never data.
public struct TarScreen: Sendable {
    private enum Extra { case pax, globalPax, longName }

    private let archive: String
    public private(set) var entries: [ArchiveEntry] = []
    /// Bytes of all files together, as their headers say.
    public private(set) var total: Int64 = 0

    /// Bytes of a header or of what stands in front of one, until it is whole.
    private var gathered: [UInt8] = []
    private var wanted = TarHeader.block
    private var extra: Extra?
    /// Bytes of data and padding that are still to pass.
    private var passing: Int64 = 0
    private var emptyBlocks = 0

    private var pax: PaxRecords?
    private var longName: String?

    /// What names and attributes may take in front of one entry; real ones take a few hundred bytes.
    private static let longestExtra: Int64 = 256 << 10

    public init(archive: String) { self.archive = archive }

    /// - Throws: `Failure` at the first thing that is wrong.
    public mutating func consume(_ bytes: UnsafeRawBufferPointer) throws {
        do { try take(bytes) } catch let fault as TarFault { throw Failure.damagedArchive(archive, fault.reason) }
    }

    /// Bytes of data that come next and tell nothing: whoever can may pass over them.
    public var skippable: Int64 { passing }

    /// Passes over data without looking at it.
    ///
    /// - Parameter count: bytes, at most those that are skippable.
    public mutating func skip(_ count: Int64) { passing -= min(max(0, count), passing) }

    /// - Throws: `Failure` where the archive does not end as it should.
    public func finish() throws -> [ArchiveEntry] {
        guard emptyBlocks >= 2, gathered.isEmpty, passing == 0 else { throw Failure.damagedArchive(archive, "it ends too early") }
        return entries
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if passing > 0 {
                let count = Int(min(passing, Int64(rest.count)))
                passing -= Int64(count)
                rest = rest.dropFirst(count)
                continue
            }
            let part = rest.prefix(wanted - gathered.count)
            gathered.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if gathered.count == wanted { try handle() }
        }
    }

    private mutating func handle() throws {
        let bytes = gathered
        gathered = []
        wanted = TarHeader.block
        if let kind = extra {
            extra = nil
            return try handleExtra(kind, bytes)
        }
        if bytes.allSatisfy({ $0 == 0 }) { return emptyBlocks += 1 }
        guard emptyBlocks == 0 else { throw TarFault("something lies behind its end") }
        try handleHeader(TarHeader(bytes[...]))
    }

    // MARK: What stands in front of an entry

    private mutating func expect(_ kind: Extra, _ header: TarHeader) throws {
        guard !header.isBinarySize, (1...Self.longestExtra).contains(header.size) else { throw TarFault("a header is longer than any") }
        extra = kind
        // With its padding, so that the next header follows.
        wanted = Int(Self.padded(header.size))
        length = Int(header.size)
    }

    /// Bytes of the extra header without its padding.
    private var length = 0

    private mutating func handleExtra(_ kind: Extra, _ bytes: [UInt8]) throws {
        let text = Array(bytes.prefix(length))
        switch kind {
        case .pax:
            guard pax == nil else { throw TarFault("an entry has two PAX headers") }
            pax = try PaxRecords(text)
        case .globalPax:
            // What holds for all entries at once may be a comment or a time, never a name or a size.
            let records = try PaxRecords(text)
            guard try records.size() == nil, try records.path() == nil, !records.hasLink else {
                throw TarFault("one name or size is given for all entries")
            }
        case .longName:
            guard longName == nil else { throw TarFault("an entry has two long names") }
            longName = try TarFault.name(Array(text.prefix { $0 != 0 }))
        }
    }

    // MARK: Entries

    private mutating func handleHeader(_ header: TarHeader) throws {
        switch header.type {
        case UInt8(ascii: "x"): return try expect(.pax, header)
        case UInt8(ascii: "g"): return try expect(.globalPax, header)
        case UInt8(ascii: "L"): return try expect(.longName, header)
        default: break
        }
        guard entries.count < ArchiveRules.mostEntries else {
            throw Failure.archiveTooLarge(archive, "it has more than \(ArchiveRules.mostEntries) entries")
        }
        let entry = try entry(of: header)
        entries.append(entry)
        pax = nil
        longName = nil
        let size = entry.size ?? 0
        let (sum, overflows) = total.addingReportingOverflow(size)
        guard !overflows, sum <= RemoteFile.plausibleSizes.upperBound else { throw TarFault("the size of an entry cannot be") }
        total = sum
        passing = Self.padded(size)
    }

    private func entry(of header: TarHeader) throws -> ArchiveEntry {
        let path = try pax?.path()
        guard longName == nil || path == nil else { throw TarFault("an entry has two names") }
        var entry = ArchiveEntry(name: path ?? longName ?? header.name, size: try size(of: header), isExecutable: header.isExecutable)
        entry.kind = pax?.hasLink == true ? .link : Self.kind(header.type)
        // Old writers mark folders by their name alone, and readers differ in whether they see it.
        if entry.kind == .file, entry.name.hasSuffix("/") { throw TarFault("an entry is a file by its type and a folder by its name") }
        guard entry.size != 0 else { return entry }
        switch entry.kind {
        case .file: return entry
        case .folder: throw TarFault("a folder has content")
        case .link: throw Failure.archiveLink(archive, entry: entry.name)
        // What follows such a header is for its own kind to say.
        case .other(let kind): throw Failure.archiveEntry(archive, entry: entry.name, kind: kind)
        }
    }

    /// The one size: where two are told they must agree, but for what octal digits cannot hold.
    private func size(of header: TarHeader) throws -> Int64 {
        guard let long = try pax?.size() else { return header.size }
        if long == header.size { return long }
        let isPlaceholder = !header.isBinarySize && [0, TarHeader.octalEnd - 1].contains(header.size)
        guard long >= TarHeader.octalEnd, isPlaceholder else { throw TarFault("an entry has two sizes") }
        return long
    }

    private static func kind(_ type: UInt8) -> ArchiveEntry.Kind {
        switch type {
        case UInt8(ascii: "0"), 0: .file
        case UInt8(ascii: "5"): .folder
        case UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "K"): .link
        case UInt8(ascii: "3"), UInt8(ascii: "4"): .other("a device")
        case UInt8(ascii: "6"): .other("a pipe")
        case UInt8(ascii: "S"): .other("a sparse file")
        case let type: .other("an entry of type \(UntrustedName.printable(String(UnicodeScalar(type))))")
        }
    }

    private static func padded(_ size: Int64) -> Int64 { size > Int64.max - 511 ? .max : (size + 511) / 512 * 512 }
}
