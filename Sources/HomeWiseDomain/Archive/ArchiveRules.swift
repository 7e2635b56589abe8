// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What may be unpacked: decided over the whole list, before the first byte is written.
///
/// Names must mean the same on every disk, also on those that do not tell case or forms of Unicode apart, or on which
/// `CON` is a device. So what differs only in that counts as the same name, and the same name twice is refused.
public struct ArchiveRules: Sendable {
    public static let mostEntries = 100_000
    /// Folders inside one another.
    static let mostDepth = 64
    /// Bytes of all names together.
    static let mostNameBytes = 64 << 20

    /// One entry that may come out.
    public struct Member: Sendable, Equatable {
        public var path: SafePath
        public var entry: ArchiveEntry
        /// Place in the list, and in the archive.
        public var index: Int
    }

    private let archive: String
    /// Spelling and kind by what a careless disk would make of the name. Swift compares strings by canonical equivalence,
    /// so the forms of Unicode are one already.
    private var seen: [String: (spelling: [UInt8], isFolder: Bool, isListed: Bool)] = [:]
    private var nameBytes = 0

    private init(archive: String) { self.archive = archive }

    /// Everything that an archive holds.
    ///
    /// - Parameter archive: its name, for messages.
    /// - Throws: `Failure` for any link, device, unsafe or ambiguous name, or too many entries: then nothing is taken.
    public static func members(_ entries: [ArchiveEntry], of archive: String) throws -> [Member] {
        guard entries.count <= mostEntries else {
            throw Failure.archiveTooLarge(archive, "it has more than \(mostEntries) entries")
        }
        var rules = ArchiveRules(archive: archive)
        return try entries.enumerated().compactMap { index, entry in
            try checkKind(entry, of: archive)
            // “.” stands for the folder that is unpacked into.
            guard !entry.trimmedName.isEmpty || entry.kind != .folder else { return nil }
            let path = try checkedPath(entry, of: archive)
            try rules.add(path, entry)
            return Member(path: path, entry: entry, index: index)
        }
    }

    /// One file of an archive that is taken for that file alone; what else is in there stays in there.
    ///
    /// - Throws: `Failure` where it is missing, there twice, or no plain file.
    public static func member(_ wanted: SafePath, in entries: [ArchiveEntry], of archive: String) throws -> Member {
        let matches = entries.enumerated().filter { $0.element.trimmedName.utf8.elementsEqual(wanted.value.utf8) }
        guard let match = matches.first else { throw Failure.damagedArchive(archive, "it has no member \(wanted)") }
        guard matches.count == 1 else { throw Failure.damagedArchive(archive, "it has the member \(wanted) twice") }
        try checkKind(match.element, of: archive)
        guard match.element.kind == .file else { throw Failure.archiveEntry(archive, entry: wanted.value, kind: "a folder") }
        return Member(path: wanted, entry: match.element, index: match.offset)
    }

    private static func checkKind(_ entry: ArchiveEntry, of archive: String) throws {
        switch entry.kind {
        case .file, .folder: return
        case .link: throw Failure.archiveLink(archive, entry: entry.name)
        case .other(let kind): throw Failure.archiveEntry(archive, entry: entry.name, kind: kind)
        }
    }

    private static func checkedPath(_ entry: ArchiveEntry, of archive: String) throws -> SafePath {
        let name = entry.trimmedName
        guard let path = try? SafePath(untrusted: name) else {
            throw Failure.archiveName(archive, entry: entry.name, "which is no path inside a folder")
        }
        let parts = name.split(separator: "/")
        guard parts.count <= mostDepth else { throw Failure.archiveName(archive, entry: entry.name, "which lies too deep") }
        for part in parts {
            if let reason = PortableName.fault(in: part) { throw Failure.archiveName(archive, entry: entry.name, reason) }
        }
        return path
    }

    // MARK: One name, one file

    private mutating func add(_ path: SafePath, _ entry: ArchiveEntry) throws {
        nameBytes += path.value.utf8.count
        guard nameBytes <= Self.mostNameBytes else { throw Failure.archiveTooLarge(archive, "its names alone are too long") }
        try note(path.value, isFolder: entry.kind == .folder, isListed: true)
        var parent = Substring(path.value)
        while let slash = parent.lastIndex(of: "/") {
            parent = parent[..<slash]
            if try !note(String(parent), isFolder: true, isListed: false) { return }
        }
    }

    /// - Returns: whether the name is new; then its parents may be too.
    @discardableResult
    private mutating func note(_ name: String, isFolder: Bool, isListed: Bool) throws -> Bool {
        let key = PortableName.folded(name)
        guard let known = seen[key] else {
            guard seen.count < 2 * Self.mostEntries else { throw Failure.archiveTooLarge(archive, "it has too many folders") }
            seen[key] = (Array(name.utf8), isFolder, isListed)
            return true
        }
        guard known.spelling.elementsEqual(name.utf8), known.isFolder == isFolder, !(known.isListed && isListed) else {
            throw Failure.archiveName(archive, entry: name, "which would be one file with another of its entries")
        }
        if isListed { seen[key]?.isListed = true }
        return false
    }
}

/// Names that mean the same on every disk.
public enum PortableName {
    private static let devices: Set<String> = Set(
        ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"] + (0...9).flatMap { ["com\($0)", "lpt\($0)"] })

    /// - Parameter part: one part of a path.
    /// - Returns: the end of a sentence: “which …”; `nil` where nothing is wrong.
    public static func fault(in part: some StringProtocol) -> String? {
        if part.hasSuffix(".") || part.hasSuffix(" ") { return "which ends with a dot or a space" }
        if part.hasPrefix(" ") { return "which begins with a space" }
        if part.unicodeScalars.contains(where: { "<>:\"|?*".unicodeScalars.contains($0) || isInvisible($0) }) {
            return "which has signs that no file name should have"
        }
        let stem = part.prefix { $0 != "." }.lowercased()
        return devices.contains(stem) ? "which is a device on some systems" : nil
    }

    /// Signs that show as nothing or turn the text around, and what stands for bytes that are no text.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: scalar.value == 0xFFFD
        }
    }

    /// What a disk that does not tell case apart makes of a name. Upper first, because some letters have two lower forms.
    public static func folded(_ name: String) -> String { name.uppercased().lowercased() }
}
