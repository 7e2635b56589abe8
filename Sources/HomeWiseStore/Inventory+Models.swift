// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// The tables of models, their files, and where bytes lie that are not under `blobs/`.
extension Inventory {
    static func third(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE blob ADD COLUMN damaged_at REAL;
                ALTER TABLE blob ADD COLUMN modified INTEGER;
                ALTER TABLE model ADD COLUMN format TEXT;
                ALTER TABLE model ADD COLUMN revision TEXT;
                ALTER TABLE model ADD COLUMN owner TEXT;
                ALTER TABLE model ADD COLUMN license TEXT;
                ALTER TABLE model ADD COLUMN used_at REAL;
                CREATE TABLE model_file (name TEXT NOT NULL, tag TEXT NOT NULL, path TEXT NOT NULL,
                    digest TEXT NOT NULL REFERENCES blob (digest), role TEXT NOT NULL, position INTEGER NOT NULL,
                    PRIMARY KEY (name, tag, path), FOREIGN KEY (name, tag) REFERENCES model (name, tag) ON DELETE CASCADE) STRICT;
                CREATE INDEX model_file_digest ON model_file (digest);
                INSERT INTO model_file (name, tag, path, digest, role, position)
                    SELECT name, tag, file, digest, 'weights', 0 FROM model;
                CREATE TABLE place (path TEXT PRIMARY KEY NOT NULL, digest TEXT NOT NULL REFERENCES blob (digest) ON DELETE CASCADE,
                    size INTEGER NOT NULL, modified INTEGER NOT NULL, inode INTEGER NOT NULL, mount TEXT NOT NULL,
                    adopted_at REAL NOT NULL) STRICT;
                CREATE INDEX place_digest ON place (digest);
                CREATE TABLE superseded (name TEXT NOT NULL, tag TEXT NOT NULL, installed_at REAL NOT NULL, replaced_at REAL NOT NULL,
                    manifest TEXT NOT NULL, PRIMARY KEY (name, tag, installed_at)) STRICT;
                CREATE TABLE lease (id TEXT NOT NULL, digest TEXT NOT NULL, label TEXT NOT NULL, purpose TEXT NOT NULL,
                    owner TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (id, digest)) STRICT;
                """)
    }
}

/// What stands in the inventory of one model, as text that nobody has looked at yet.
struct ModelRow {
    var name: String
    var tag: String
    /// Reading is put off: one row that cannot be read harms no other.
    var read: () throws -> (manifest: ModelManifest, lastUsed: Date?)
}

extension Inventory {
    /// All models, newest first.
    func modelRows() throws -> [ModelRow] { try read { try Self.modelRows(in: $0) } }

    static func modelRows(in database: Database) throws -> [ModelRow] {
        let files = try Dictionary(grouping: Row.fetchAll(database, sql: fileQuery)) { key(of: $0) }
        return try Row.fetchAll(database, sql: "SELECT * FROM model ORDER BY installed_at DESC, name, tag").map { row in
            let key = key(of: row)
            return ModelRow(name: text(row, "name") ?? "?", tag: text(row, "tag") ?? "?") {
                try (manifest(row, files: files[key] ?? []), date(row, "used_at"))
            }
        }
    }

    private static let fileQuery = """
        SELECT name, tag, path, model_file.digest AS digest, role, size FROM model_file LEFT JOIN blob ON blob.digest = model_file.digest
            ORDER BY name, tag, position, path
        """

    private static func key(of row: Row) -> String { "\(text(row, "name") ?? "?"):\(text(row, "tag") ?? "?")" }

    static func manifest(_ row: Row, files: [Row]) throws -> ModelManifest {
        guard let name = text(row, "name"), let tag = text(row, "tag"), let installedAt = date(row, "installed_at"), !files.isEmpty else {
            throw Failure.damagedRow(key(of: row))
        }
        let label = try ModelLabel(
            name: SafePath(untrusted: name), tag: SafePath(untrusted: tag), source: text(row, "source") ?? "",
            format: text(row, "format").flatMap(ModelFormat.init), revision: text(row, "revision"), owner: text(row, "owner"),
            license: text(row, "license"))
        let manifest = try ModelManifest(label: label, installedAt: installedAt, files: files.map { try file($0, of: label) })
        guard manifest.files[0].role != .archive else { throw Failure.damagedRow(label.key) }
        return manifest
    }

    private static func file(_ row: Row, of label: ModelLabel) throws -> ModelManifest.File {
        guard let path = text(row, "path"), let digest = text(row, "digest"),
            let role = text(row, "role").flatMap(ModelFileRole.init), let size = bytes(row, "size")
        else { throw Failure.damagedRow(label.key) }
        return try .init(path: SafePath(untrusted: path), role: role, digest: Digest(sha256: digest), size: size)
    }

    // What a row holds is asked for by its kind: a wrong one is nothing, and never a trap.
    static func text(_ row: Row, _ column: String) -> String? {
        if case .string(let text) = (row[column] as DatabaseValue).storage { text } else { nil }
    }

    static func integer(_ row: Row, _ column: String) -> Int64? {
        if case .int64(let number) = (row[column] as DatabaseValue).storage { number } else { nil }
    }

    /// A length that a file can have: what it cannot have is damage, and sums of it would be none.
    static func bytes(_ row: Row, _ column: String) -> Int64? {
        integer(row, column).flatMap { 0...ModelManifest.largestFile ~= $0 ? $0 : nil }
    }

    static func date(_ row: Row, _ column: String) -> Date? {
        switch (row[column] as DatabaseValue).storage {
        case .double(let seconds) where seconds.isFinite: Date(timeIntervalSince1970: seconds)
        case .int64(let seconds): Date(timeIntervalSince1970: Double(seconds))
        default: nil
        }
    }
}

extension Inventory {
    /// Writes a model down in the caller's transaction, over what had its name. Its blobs stand there already.
    static func insert(_ manifest: ModelManifest, in database: Database) throws {
        let label = manifest.label
        try database.execute(
            sql: """
                INSERT INTO model (name, tag, digest, file, source, installed_at, format, revision, owner, license)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (name, tag) DO UPDATE SET digest = excluded.digest, file = excluded.file, source = excluded.source,
                    installed_at = excluded.installed_at, format = excluded.format, revision = excluded.revision,
                    owner = excluded.owner, license = excluded.license
                """,
            arguments: [
                label.name.value, label.tag.value, manifest.files[0].digest.hex, manifest.files[0].path.value, label.source,
                manifest.installedAt.timeIntervalSince1970, label.format?.rawValue, label.revision, label.owner, label.license,
            ])
        try database.execute(sql: "DELETE FROM model_file WHERE name = ? AND tag = ?", arguments: [label.name.value, label.tag.value])
        for (position, file) in manifest.files.enumerated() {
            try database.execute(
                sql: "INSERT INTO model_file (name, tag, path, digest, role, position) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [label.name.value, label.tag.value, file.path.value, file.digest.hex, file.role.rawValue, position])
        }
    }

    /// Writes down bytes that were just hashed.
    ///
    /// - Parameter modified: of the file under `blobs/`, in nanoseconds; `nil` where there is none.
    static func insert(blob digest: Digest, size: Int64, modified: Int64?, provenAt now: Date, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO blob (digest, size, modified, verified_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (digest) DO UPDATE SET size = excluded.size, modified = coalesce(excluded.modified, modified),
                    verified_at = excluded.verified_at, damaged_at = NULL
                """,
            arguments: [digest.hex, size, modified, now.timeIntervalSince1970])
    }

    static func model(name: SafePath, tag: SafePath, in database: Database) throws -> ModelManifest? {
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM model WHERE name = ? AND tag = ?", arguments: [name.value, tag.value])
        else { return nil }
        let files = try Row.fetchAll(
            database,
            sql: """
                SELECT path, model_file.digest AS digest, role, size FROM model_file LEFT JOIN blob ON blob.digest = model_file.digest
                    WHERE name = ? AND tag = ? ORDER BY position, path
                """, arguments: [name.value, tag.value])
        var found = try manifest(row, files: files)
        found.places = try found.digests.flatMap { try places(of: $0, in: database) }
        return found
    }

    /// Keeps what a newer version replaces, so that it can be gone back to.
    static func keep(superseded manifest: ModelManifest, at now: Date, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO superseded (name, tag, installed_at, replaced_at, manifest) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                manifest.label.name.value, manifest.label.tag.value, manifest.installedAt.timeIntervalSince1970,
                now.timeIntervalSince1970, String(decoding: manifest.json(), as: UTF8.self),
            ])
    }

    func size(of digest: Digest) throws -> Int64? { try read { try Self.size(of: digest, in: $0) } }

    static func size(of digest: Digest, in database: Database) throws -> Int64? {
        try Row.fetchOne(database, sql: "SELECT size FROM blob WHERE digest = ?", arguments: [digest.hex]).flatMap { bytes($0, "size") }
    }

    /// Whether a blob of our own stands as it was proven.
    static func isSound(_ digest: Digest, modified: Int64, in database: Database) throws -> Bool {
        let row = try Row.fetchOne(database, sql: "SELECT modified, damaged_at FROM blob WHERE digest = ?", arguments: [digest.hex])
        return row.map { integer($0, "modified") == modified && date($0, "damaged_at") == nil } ?? false
    }

    /// Models that have a blob among their files. One whose rows cannot be read is none here.
    static func models(with digest: Digest, in database: Database) throws -> [ModelManifest] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT DISTINCT name, tag FROM model_file WHERE digest = ?", arguments: [digest.hex])
        return try rows.compactMap { row in
            guard let name = text(row, "name").flatMap({ try? SafePath(untrusted: $0) }),
                let tag = text(row, "tag").flatMap({ try? SafePath(untrusted: $0) })
            else { return nil }
            do { return try model(name: name, tag: tag, in: database) } catch is Failure { return nil }
        }
    }
}
