// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The entries of a ZIP archive, by the directory at its end and the headers in front of the data, which must agree.
public enum ZipListing {
    /// - Parameter archive: its name, for messages.
    /// - Returns: the entries in the order of their data.
    /// - Throws: `Failure` for an archive that two readers could read differently, and for what is encrypted.
    public static func entries(of source: some ByteSource, archive: String) throws -> [ArchiveEntry] {
        do {
            let directory = try ZipDirectory(source: source, habit: .any)
            if let doubt = directory.doubt { throw Failure.damagedArchive(archive, doubt) }
            return try directory.entries.sorted { $0.headerStart < $1.headerStart }.map { try entry($0, archive) }
        } catch let fault as FormatFault {
            throw Failure.damagedArchive(archive, "\(fault.field): \(fault.reason)")
        }
    }

    private static let unix: Set<UInt8> = [3, 19]

    private static func entry(_ entry: ZipDirectory.Entry, _ archive: String) throws -> ArchiveEntry {
        let mode = entry.attributes >> 16
        let isFolder = entry.name.hasSuffix("/")
        guard !isFolder || entry.size == 0 else { throw Failure.damagedArchive(archive, "a folder has content") }
        var listed = ArchiveEntry(name: entry.name, kind: isFolder ? .folder : .file, size: entry.size)
        listed.isExecutable = unix.contains(entry.system) && mode & 0o100 != 0
        switch mode & 0o170000 {
        case 0o120000: listed.kind = .link
        case 0: break
        case 0o100000, 0o040000:
            guard isFolder == (mode & 0o170000 == 0o040000) else {
                throw Failure.damagedArchive(archive, "an entry is a file by its type and a folder by its name, or the reverse")
            }
        case 0o010000: listed.kind = .other("a pipe")
        default: listed.kind = .other("a device")
        }
        return listed
    }
}
