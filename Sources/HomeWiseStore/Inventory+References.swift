// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
import HomeWiseDomain

/// What points to which blob.
extension Inventory {
    /// A version that a newer one replaced.
    struct Superseded {
        var manifest: ModelManifest
        var replacedAt: Date
    }

    /// What cannot be read is none: nobody can go back to it, and its blobs belong to nobody.
    static func superseded(in database: Database) throws -> [Superseded] {
        try Row.fetchAll(database, sql: "SELECT replaced_at, manifest FROM superseded ORDER BY replaced_at DESC").compactMap { row in
            guard let json = text(row, "manifest"), let replacedAt = date(row, "replaced_at"),
                let manifest = try? ModelManifest(json: Data(json.utf8))
            else { return nil }
            return Superseded(manifest: manifest, replacedAt: replacedAt)
        }
    }

    static func forget(superseded manifest: ModelManifest, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM superseded WHERE name = ? AND tag = ? AND installed_at = ?",
            arguments: [manifest.label.name.value, manifest.label.tag.value, manifest.installedAt.timeIntervalSince1970])
    }

    /// Everything that a model or an older version of one needs.
    static func referenced(in database: Database) throws -> Set<Digest> {
        var digests = Set(
            try Row.fetchAll(database, sql: "SELECT digest FROM model_file UNION SELECT digest FROM model").compactMap { digest($0) })
        for old in try superseded(in: database) { digests.formUnion(old.manifest.digests) }
        return digests
    }

    /// Forgets a blob that nothing points to, with what was noted of it.
    static func forget(blob digest: Digest, in database: Database) throws {
        try database.execute(sql: "DELETE FROM place WHERE digest = ?", arguments: [digest.hex])
        try database.execute(sql: "DELETE FROM blob WHERE digest = ?", arguments: [digest.hex])
        try database.execute(sql: "DELETE FROM note WHERE kind = 'facts' AND key = ?", arguments: [digest.hex])
    }

    static func delete(name: String, tag: String, in database: Database) throws {
        for table in ["superseded", "model_file", "model"] {
            try database.execute(sql: "DELETE FROM \(table) WHERE name = ? AND tag = ?", arguments: [name, tag])
        }
    }

    /// When a model was used last.
    package func touch(name: String, tag: String, at now: Date) throws {
        try write {
            try $0.execute(
                sql: "UPDATE model SET used_at = ? WHERE name = ? AND tag = ?", arguments: [now.timeIntervalSince1970, name, tag])
        }
    }

    /// What a look at a blob's bytes found.
    func mark(_ digest: Digest, isSound: Bool, modified: Int64?, at now: Date) throws {
        try write { database in
            if isSound {
                try database.execute(
                    sql: "UPDATE blob SET verified_at = ?, damaged_at = NULL, modified = coalesce(?, modified) WHERE digest = ?",
                    arguments: [now.timeIntervalSince1970, modified, digest.hex])
            } else {
                try database.execute(
                    sql: "UPDATE blob SET damaged_at = ? WHERE digest = ?", arguments: [now.timeIntervalSince1970, digest.hex])
            }
        }
    }

    /// What a look at the bytes in one of several places found.
    ///
    /// - Parameter damagedAt: `nil` where they are right.
    func mark(_ place: Place, as print: FilePrint, damagedAt: Date?) throws {
        try write {
            try $0.execute(
                sql: "UPDATE place SET size = ?, modified = ?, inode = ?, damaged_at = ? WHERE path = ? AND digest = ?",
                arguments: [
                    print.size, print.modified, Int64(bitPattern: print.inode), damagedAt?.timeIntervalSince1970, place.path,
                    place.digest.hex,
                ])
        }
    }

    /// When blobs were proven last, and when they were found damaged since; those that were never proven come first, and those
    /// that are known to be damaged last.
    func proofs() throws -> [(digest: Digest, size: Int64, provenAt: Date, damagedAt: Date?)] {
        let sql = "SELECT digest, size, verified_at, damaged_at FROM blob ORDER BY damaged_at IS NOT NULL, verified_at, digest"
        return try read { database in
            try Row.fetchAll(database, sql: sql).compactMap { row in
                guard let digest = Self.digest(row), let size = Self.bytes(row, "size") else { return nil }
                return (digest, size, Self.date(row, "verified_at") ?? .distantPast, Self.date(row, "damaged_at"))
            }
        }
    }
}
