// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One entry of an archive, as its headers tell. Nothing is believed of it but what the rules let through.
public struct ArchiveEntry: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case file
        case folder
        case link
        /// What it is, as a message names it: “a device”.
        case other(String)
    }

    /// As it stands in the archive.
    public var name: String
    public var kind: Kind
    /// Bytes of a file; `nil` for a single packed file, whose length only unpacking tells.
    public var size: Int64?
    /// Whether its owner may run it: the only right that is taken over.
    public var isExecutable: Bool

    public init(name: String, kind: Kind = .file, size: Int64? = 0, isExecutable: Bool = false) {
        self.name = name
        self.kind = kind
        self.size = size
        self.isExecutable = isExecutable
    }

    /// The name without what writers put around it: “./” in front, and “/” behind a folder's.
    public var trimmedName: String {
        var name = Substring(name)
        while name.hasPrefix("./") { name = name.dropFirst(2) }
        if kind == .folder, name.hasSuffix("/") { name = name.dropLast() }
        return name == "." ? "" : String(name)
    }
}

/// How much may come out of an archive: the least of what was announced, what the packed size can honestly hold, and
/// what the disk has left.
public struct ArchiveBudget: Sendable, Equatable {
    /// Real models shrink by a third; only zeros shrink to a two hundredth.
    public static let mostRatio: Int64 = 200
    /// A tiny archive may be mostly padding, so so much may always come out.
    public static let floor: Int64 = 1 << 20

    /// Bytes.
    public let limit: Int64
    /// The end of a sentence: “it unpacks to more than …”.
    public let reason: String
    /// Whether it is this machine's disk that sets the limit.
    public let isDisk: Bool

    /// - Parameters:
    ///   - announced: bytes that the source or registry says it has.
    ///   - packed: bytes of the archive.
    ///   - free: bytes of the disk that are free; `nil` where nothing is written to a disk.
    ///   - reserve: bytes of the disk that stay free.
    public init(announced: Int64, packed: Int64, free: Int64?, reserve: Int64 = Planner.diskReserve.bytes) {
        let (product, overflows) = packed.multipliedReportingOverflow(by: Self.mostRatio)
        let honest = max(overflows ? .max : product, Self.floor)
        let room = free.map { max(0, $0 - reserve) } ?? .max
        limit = max(0, min(announced, honest, room))
        isDisk = limit == room && room < min(announced, honest)
        reason =
            if isDisk { "it unpacks to more than the disk has room for" } else if honest < announced {
                "it unpacks to more than \(Self.mostRatio) times its size"
            } else { "it unpacks to more than was announced" }
    }

    /// - Throws: `Failure` unless so many bytes may come out.
    public func check(_ bytes: Int64, of archive: String) throws {
        guard bytes > limit else { return }
        if isDisk {
            throw Failure.diskTooSmall(path: archive, needed: ByteCount(bytes), free: ByteCount(limit))
        }
        throw Failure.archiveTooLarge(archive, reason)
    }
}
