// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import GRDB
package import HomeWiseDomain

/// A transfer as the inventory knows it.
package struct TransferRow: Sendable, Equatable {
    package var key: Digest
    /// The file's name, for people.
    package var name: String
    /// What it is fetched for, as the planner names it.
    package var model: String
    /// Bytes of the whole.
    package var size: Int64
    /// Bytes of a piece.
    package var piece: Int64
    /// The server's name for this version of the file (ETag).
    package var version: String?
}

/// Which pieces of which unfinished files are here.
///
/// A row of a piece is worth a piece: after a power cut it may be missing, and then the piece is fetched again. So these
/// commits do not wait for the disk, as those do that make a model visible.
extension Inventory {
    static func chains(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE transfer ADD COLUMN version TEXT;
                ALTER TABLE transfer ADD COLUMN boot TEXT;
                ALTER TABLE piece RENAME TO old_piece;
                CREATE TABLE piece (transfer TEXT NOT NULL REFERENCES transfer (key) ON DELETE CASCADE, number INTEGER NOT NULL,
                    chain TEXT, PRIMARY KEY (transfer, number)) STRICT;
                INSERT INTO piece (transfer, number) SELECT transfer, number FROM old_piece;
                DROP TABLE old_piece;
                CREATE TABLE chain (digest TEXT NOT NULL, number INTEGER NOT NULL, chain TEXT NOT NULL,
                    PRIMARY KEY (digest, number)) STRICT, WITHOUT ROWID;
                """)
    }

    /// Begins a transfer or goes on with one; pieces of another size or version of the file are forgotten, and so are those that
    /// no hash had seen yet when the machine went down: their bytes may never have reached the disk.
    ///
    /// - Parameter boot: tells one run of this machine from another.
    func begin(transfer row: TransferRow, boot: String) throws {
        try write { database in
            let known = try Row.fetchOne(
                database, sql: "SELECT size, piece, version, boot FROM transfer WHERE key = ?", arguments: [row.key.hex])
            if let known, known["size"] == row.size, known["piece"] == row.piece, known["version"] as String? == row.version {
                // Nobody wrote down the boot before: such pieces were hashed one by one, and the whole is hashed again.
                guard let last = known["boot"] as String?, last != boot else {
                    return try database.execute(sql: "UPDATE transfer SET boot = ? WHERE key = ?", arguments: [boot, row.key.hex])
                }
                try database.execute(sql: "DELETE FROM piece WHERE transfer = ? AND chain IS NULL", arguments: [row.key.hex])
                return try database.execute(sql: "UPDATE transfer SET boot = ? WHERE key = ?", arguments: [boot, row.key.hex])
            }
            try database.execute(sql: "DELETE FROM piece WHERE transfer = ?", arguments: [row.key.hex])
            try database.execute(
                sql: "INSERT OR REPLACE INTO transfer (key, name, model, size, piece, version, boot) VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [row.key.hex, row.name, row.model, row.size, row.piece, row.version, boot])
        }
    }

    func record(piece index: Int, chain: Digest?, of key: Digest) throws {
        try writeRelaxed {
            try $0.execute(
                sql: """
                    INSERT INTO piece (transfer, number, chain) VALUES (?, ?, ?)
                    ON CONFLICT (transfer, number) DO UPDATE SET chain = excluded.chain
                    """,
                arguments: [key.hex, index, chain?.hex])
        }
    }

    func forget(pieces: [Int], of key: Digest) throws {
        guard !pieces.isEmpty else { return }
        try write { database in
            for index in pieces {
                try database.execute(sql: "DELETE FROM piece WHERE transfer = ? AND number = ?", arguments: [key.hex, index])
            }
        }
    }

    /// A chain digest that cannot be read counts as none: the piece is here and not proven.
    func pieces(of key: Digest) throws -> [Int: Digest?] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT number, chain FROM piece WHERE transfer = ?", arguments: [key.hex])
            let pairs = rows.compactMap { row -> (Int, Digest?)? in
                guard let number = Self.integer(row, "number").flatMap(Int.init(exactly:)) else { return nil }
                return (number, Self.text(row, "chain").flatMap { try? Digest(sha256: $0) })
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    /// Unfinished transfers. A row that cannot be read is left out: it blocks nothing.
    package func transfers() throws -> [TransferRow] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT key, name, model, size, piece, version FROM transfer").compactMap { row in
                guard let key = Self.text(row, "key").flatMap({ try? Digest(sha256: $0) }), let name = Self.text(row, "name"),
                    let model = Self.text(row, "model"), let size = Self.bytes(row, "size"), let piece = Self.bytes(row, "piece"), piece > 0
                else { return nil }
                return TransferRow(key: key, name: name, model: model, size: size, piece: piece, version: Self.text(row, "version"))
            }
        }
    }

    /// Bytes of a transfer in pieces that are here: another process may be at it.
    package func bytesHere(of row: TransferRow) throws -> Int64 {
        guard row.size >= 0, row.piece > 0 else { return 0 }
        let grid = PieceGrid(size: row.size, piece: row.piece)
        return try pieces(of: row.key).keys.filter { 0..<grid.count ~= $0 }.reduce(0) { $0 + grid.length(of: $1) }
    }

    /// Which transfers have one file between them, in order, by the first one's key.
    func parts() throws -> [Digest: [Digest]] {
        try notes(.parts, as: [Digest].self).reduce(into: [:]) { parts, note in
            if let key = try? Digest(sha256: note.key), note.value.first == key { parts[key] = note.value }
        }
    }

    /// Forgets that transfers have one file once the last of them is gone.
    func forgetParts(of key: Digest) throws {
        for (first, keys) in try parts() where keys.contains(key) {
            let left = try read { database in
                try keys.contains { try Row.fetchOne(database, sql: "SELECT key FROM transfer WHERE key = ?", arguments: [$0.hex]) != nil }
            }
            if !left { try forget(.parts, key: first.hex) }
        }
    }

    func forget(transfer key: Digest) throws {
        try write { try $0.execute(sql: "DELETE FROM transfer WHERE key = ?", arguments: [key.hex]) }
    }
}

/// What is known of a published file piece by piece, so that a damaged place can be found and mended alone.
extension Inventory {
    /// The pieces of a finished transfer become those of the file that it brought.
    package func keepChain(ofTransfer key: Digest, as digest: Digest) throws {
        try write {
            try $0.execute(
                sql:
                    "INSERT OR REPLACE INTO chain (digest, number, chain) SELECT ?, number, chain FROM piece WHERE transfer = ? AND chain IS NOT NULL",
                arguments: [digest.hex, key.hex])
        }
    }

    /// SHA-256 of a file from its start to the end of each piece, by the piece's number; empty where nothing is known.
    package func chain(of digest: Digest) throws -> [Int: Digest] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT number, chain FROM chain WHERE digest = ?", arguments: [digest.hex])
            // A piece whose digest cannot be read is one of which nothing is known: it is fetched, should the blob be mended.
            let pairs = rows.compactMap { row -> (Int, Digest)? in
                guard let number = Self.integer(row, "number").flatMap(Int.init(exactly:)) else { return nil }
                return Self.text(row, "chain").flatMap { try? Digest(sha256: $0) }.map { (number, $0) }
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    package func record(chain: [Int: Digest], of digest: Digest) throws {
        try write { database in
            try database.execute(sql: "DELETE FROM chain WHERE digest = ?", arguments: [digest.hex])
            for (number, chain) in chain {
                try database.execute(
                    sql: "INSERT INTO chain (digest, number, chain) VALUES (?, ?, ?)", arguments: [digest.hex, number, chain.hex])
            }
        }
    }
}
