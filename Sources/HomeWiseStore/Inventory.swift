// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
import HomeWiseDomain

/// What HomeWise knows of its own things. Opening it migrates it; migrations speak strings and are never edited.
package struct Inventory: Sendable {
    let database: any DatabaseWriter
    /// Tells others that the file is in use, for as long as it is.
    var presence: Presence?

    init(_ database: any DatabaseWriter) throws {
        self.database = database
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: blobs, models, transfers, engines", migrate: Self.first)
        migrator.registerMigration("2: notes", migrate: Self.second)
        migrator.registerMigration("3: models of several files", migrate: Self.third)
        migrator.registerMigration("4: chains of pieces", migrate: Self.chains)
        migrator.registerMigration("5: places that go bad", migrate: Self.placesThatGoBad)
        try migrator.migrate(database)
        if try database.read(migrator.hasBeenSuperseded) {
            throw Failure.unreadable(path: "the inventory", reason: "a newer HomeWise wrote it")
        }
    }

    static func first(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE blob (digest TEXT PRIMARY KEY NOT NULL CHECK (length(digest) = 64), size INTEGER NOT NULL,
                    verified_at REAL NOT NULL) STRICT;
                CREATE TABLE model (name TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL REFERENCES blob (digest),
                    file TEXT NOT NULL, source TEXT NOT NULL, installed_at REAL NOT NULL, PRIMARY KEY (name, tag)) STRICT;
                CREATE TABLE transfer (key TEXT PRIMARY KEY NOT NULL CHECK (length(key) = 64), name TEXT NOT NULL,
                    model TEXT NOT NULL, size INTEGER NOT NULL, piece INTEGER NOT NULL) STRICT;
                CREATE TABLE piece (transfer TEXT NOT NULL REFERENCES transfer (key) ON DELETE CASCADE,
                    number INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (transfer, number)) STRICT;
                CREATE TABLE avoided_host (host TEXT PRIMARY KEY NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL) STRICT;
                CREATE TABLE accepted_terms (name TEXT PRIMARY KEY NOT NULL, accepted_at REAL NOT NULL) STRICT;
                CREATE TABLE measurement (model TEXT PRIMARY KEY NOT NULL, tokens_per_second REAL NOT NULL,
                    measured_at REAL NOT NULL) STRICT;
                CREATE TABLE engine (engine TEXT PRIMARY KEY NOT NULL, version TEXT NOT NULL) STRICT;
                """)
    }

    static func second(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE note (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, written_at REAL NOT NULL,
                    PRIMARY KEY (kind, key)) STRICT;
                """)
    }

    /// Runs a change in one transaction. A full disk and a damaged file get their own words.
    func write<Value>(_ change: (Database) throws -> Value) throws -> Value {
        do { return try database.write(change) } catch let error as DatabaseError { throw Self.failure(error) }
    }

    /// A change whose loss at a power cut costs a piece of a transfer and nothing else: its commit does not wait for the disk.
    func writeRelaxed(_ change: (Database) throws -> Void) throws {
        do {
            try database.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
                let outcome = Result {
                    try database.inTransaction {
                        try change(database)
                        return .commit
                    }
                }
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try outcome.get()
            }
        } catch let error as DatabaseError { throw Self.failure(error) }
    }

    func read<Value>(_ query: (Database) throws -> Value) throws -> Value {
        do { return try database.read(query) } catch let error as DatabaseError { throw Self.failure(error) }
    }

    private static func failure(_ error: DatabaseError) -> Failure {
        error.resultCode == .SQLITE_FULL
            ? .diskFilled(path: "the inventory")
            : .unreadable(path: "the inventory", reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
    }
}

extension Inventory {
    /// Hosts that did not answer lately, with the reason; they are asked again after `until`.
    package func avoidedHosts(at now: Date) throws -> [String: String] {
        try read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT host, reason FROM avoided_host WHERE until > ?", arguments: [now.timeIntervalSince1970])
            return Dictionary(rows.map { ($0["host"], $0["reason"]) }) { first, _ in first }
        }
    }

    package func avoid(host: String, until: Date, reason: String) throws {
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO avoided_host (host, until, reason) VALUES (?, ?, ?)",
                arguments: [host, until.timeIntervalSince1970, reason])
        }
    }

    package func acceptedTerms() throws -> Set<String> {
        try read { try String.fetchSet($0, sql: "SELECT name FROM accepted_terms") }
    }

    package func accept(terms: String, at now: Date) throws {
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO accepted_terms (name, accepted_at) VALUES (?, ?)",
                arguments: [terms, now.timeIntervalSince1970])
        }
    }

    /// Tokens per second that models reached here.
    package func measurements() throws -> [String: Double] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT model, tokens_per_second FROM measurement")
            return Dictionary(rows.map { ($0["model"], $0["tokens_per_second"]) }) { first, _ in first }
        }
    }

    /// Halfway between what was known and what was seen, so that one odd run does not decide.
    package func record(model: String, tokensPerSecond: Double, at now: Date) throws {
        try write {
            try $0.execute(
                sql: """
                    INSERT INTO measurement (model, tokens_per_second, measured_at) VALUES (?, ?, ?)
                    ON CONFLICT (model) DO UPDATE SET measured_at = excluded.measured_at,
                        tokens_per_second = (tokens_per_second + excluded.tokens_per_second) / 2
                    """,
                arguments: [model, tokensPerSecond, now.timeIntervalSince1970])
        }
    }

    package func currentEngine(_ engine: String) throws -> String? {
        try read { try String.fetchOne($0, sql: "SELECT version FROM engine WHERE engine = ?", arguments: [engine]) }
    }

    package func use(engine: String, version: String?) throws {
        try write {
            if let version {
                try $0.execute(sql: "INSERT OR REPLACE INTO engine (engine, version) VALUES (?, ?)", arguments: [engine, version])
            } else {
                try $0.execute(sql: "DELETE FROM engine WHERE engine = ?", arguments: [engine])
            }
        }
    }
}
