// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure.Code {
    /// Symbolic and hard links, which are never made from archives.
    public static let archiveLinkForbidden = Self(rawValue: "archive_link_forbidden")
    /// Devices, pipes, sparse files: whatever is neither a plain file nor a folder.
    public static let archiveEntryForbidden = Self(rawValue: "archive_entry_forbidden")
    /// More than was announced, than the packed size can honestly hold, or more entries than any model has.
    public static let archiveTooLarge = Self(rawValue: "archive_too_large")
}

extension Failure {
    public static func archiveLink(_ archive: String, entry: String) -> Failure {
        Failure(
            .archiveLinkForbidden, "\(archive) holds a link (“\(UntrustedName.printable(entry))”), and links are never unpacked.",
            remedy: archiveRemedy, detail: ["archive": archive])
    }

    public static func archiveEntry(_ archive: String, entry: String, kind: String) -> Failure {
        Failure(
            .archiveEntryForbidden, "\(archive) holds \(kind) (“\(UntrustedName.printable(entry))”), which is never unpacked.",
            remedy: archiveRemedy, detail: ["archive": archive])
    }

    public static func archiveTooLarge(_ archive: String, _ reason: String) -> Failure {
        Failure(.archiveTooLarge, "\(archive) is not unpacked: \(reason).", remedy: archiveRemedy, detail: ["archive": archive])
    }

    /// - Parameter reason: why the name is no good, as the end of a sentence.
    public static func archiveName(_ archive: String, entry: String, _ reason: String) -> Failure {
        Failure(
            .unsafePath, "\(archive) holds “\(UntrustedName.printable(entry))”, \(reason).", remedy: archiveRemedy,
            detail: ["archive": archive])
    }

    private static var archiveRemedy: String { "Nothing of it was kept. The file is faulty or hostile; get it from another source." }
}
