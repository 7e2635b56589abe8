// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// A file outside the store that was proven to be a blob, and what it looked like then.
struct Place: Equatable {
    var path: String
    var digest: Digest
    var print: FilePrint
    /// The mount point that held it: where that is gone the file is away, not lost.
    var mount: String
    /// Whether its bytes were last found to be others, though it looks as it did: another place may have the right ones.
    var isDamaged = false
}

/// What tells cheaply that a file was not touched.
struct FilePrint: Equatable {
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var inode: UInt64

    init(size: Int64, modified: Int64, inode: UInt64) {
        self.size = size
        self.modified = modified
        self.inode = inode
    }

    init(_ status: stat) {
        size = Int64(status.st_size)
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        modified = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        inode = UInt64(status.st_ino)
    }

    /// Whether another look at the same path shows the same file. FAT and its like number files anew whenever they are mounted:
    /// there size and time must do.
    ///
    /// - Parameter kind: as the system names kinds of disks; `nil` where it is unknown. Asked only where it matters.
    func isSame(as other: FilePrint, onDiskOfKind kind: @autoclosure () -> String?) -> Bool {
        size == other.size && modified == other.modified && (inode == other.inode || DiskTraits.numbersAnew(kind()))
    }

    /// - Parameter followingLinks: for files of other tools, which link to them as they like.
    /// - Returns: `nil` where there is no plain file.
    init?(path: String, followingLinks: Bool) {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(status)
    }
}

/// What the inventory knows of blobs, read once for a look at many.
struct BlobNotes {
    var damaged: Set<Digest> = []
    var modified: [Digest: Int64] = [:]
    var places: [Digest: [Place]] = [:]
}

extension Inventory {
    static func placesThatGoBad(_ database: Database) throws {
        try database.execute(sql: "ALTER TABLE place ADD COLUMN damaged_at REAL;")
    }

    func blobNotes() throws -> BlobNotes { try read { try Self.blobNotes(in: $0) } }

    static func blobNotes(in database: Database) throws -> BlobNotes {
        var notes = BlobNotes()
        for row in try Row.fetchAll(database, sql: "SELECT digest, modified, damaged_at FROM blob") {
            // A row that cannot be read knows nothing of its blob.
            guard let digest = digest(row) else { continue }
            if date(row, "damaged_at") != nil { notes.damaged.insert(digest) }
            notes.modified[digest] = integer(row, "modified")
        }
        for row in try Row.fetchAll(database, sql: "SELECT * FROM place ORDER BY adopted_at") {
            if let place = place(row) { notes.places[place.digest, default: []].append(place) }
        }
        return notes
    }

    static func digest(_ row: Row) -> Digest? { text(row, "digest").flatMap { try? Digest(sha256: $0) } }

    private static func place(_ row: Row) -> Place? {
        guard let digest = digest(row), let path = text(row, "path"), path.hasPrefix("/"), let size = bytes(row, "size"),
            let modified = integer(row, "modified"), let inode = integer(row, "inode"), let mount = text(row, "mount")
        else { return nil }
        return Place(
            path: path, digest: digest, print: FilePrint(size: size, modified: modified, inode: UInt64(bitPattern: inode)), mount: mount,
            isDamaged: date(row, "damaged_at") != nil)
    }

    static func insert(_ place: Place, at now: Date, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO place (path, digest, size, modified, inode, mount, adopted_at) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                place.path, place.digest.hex, place.print.size, place.print.modified, Int64(bitPattern: place.print.inode), place.mount,
                now.timeIntervalSince1970,
            ])
    }

    static func places(of digest: Digest, in database: Database) throws -> [Place] {
        try Row.fetchAll(database, sql: "SELECT * FROM place WHERE digest = ? ORDER BY adopted_at, path", arguments: [digest.hex])
            .compactMap(place)
    }
}
