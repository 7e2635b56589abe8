// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
import HomeWiseDomain

/// Things that were found out and can be found out again: what a header says, what an engine said of it, what was measured.
extension Inventory {
    /// - Returns: `nil` where nothing was noted, or where what was noted is of another form than this version reads.
    package func note<Value: Decodable>(_ kind: NoteKind, key: String, as type: Value.Type = Value.self) throws -> Value? {
        let text = try read {
            try String.fetchOne($0, sql: "SELECT value FROM note WHERE kind = ? AND key = ?", arguments: [kind.rawValue, key])
        }
        // A note of another version is as good as none: it is found out anew.
        return text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }

    package func note(_ value: some Encodable, _ kind: NoteKind, key: String, at now: Date) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = try String(decoding: encoder.encode(value), as: UTF8.self)
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO note (kind, key, value, written_at) VALUES (?, ?, ?, ?)",
                arguments: [kind.rawValue, key, text, now.timeIntervalSince1970])
        }
    }

    package func forget(_ kind: NoteKind, key: String) throws {
        try write { try $0.execute(sql: "DELETE FROM note WHERE kind = ? AND key = ?", arguments: [kind.rawValue, key]) }
    }

    /// What models are called that no registry names, as it is written.
    static func names(in database: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(database, sql: "SELECT key, value FROM note WHERE kind = ?", arguments: [NoteKind.selection.rawValue])
        let pairs = rows.compactMap { row -> (String, String)? in
            text(row, "key").flatMap { key in text(row, "value").map { (key, $0) } }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    static func restore(name value: String, key: String, at now: Date, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO note (kind, key, value, written_at) VALUES (?, ?, ?, ?)",
            arguments: [NoteKind.selection.rawValue, key, value, now.timeIntervalSince1970])
    }

    /// All notes of a kind, by key.
    package func notes<Value: Decodable>(_ kind: NoteKind, as type: Value.Type = Value.self) throws -> [String: Value] {
        let rows = try read { try Row.fetchAll($0, sql: "SELECT key, value FROM note WHERE kind = ?", arguments: [kind.rawValue]) }
        let pairs = rows.compactMap { row -> (String, Value)? in
            let (key, text): (String, String) = (row["key"], row["value"])
            // As above: one of another form is none.
            return (try? JSONDecoder().decode(type, from: Data(text.utf8))).map { (key, $0) }
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

package enum NoteKind: String, Sendable {
    /// What a file's header says, by the file's digest or address.
    case facts
    /// What the engine would take, by digest, options and engine.
    case layout
    /// What the engine's kernels reach here, by engine and processor.
    case calibration
    /// What a running engine took, beside the plan, by model and options.
    case memory
    /// What a model needed before it ran (`RecoveryMemory`), by model.
    case recovery
    /// How a model is to be run, as a person saved it (`ModelOptions`), by model.
    case options
    /// How often an engine died with a model lately (`CrashLoop`), by model.
    case crashes
    /// Whether an engine heeds the governor, by engine and version of the governor.
    case governor
    /// A registry that a person added, by name.
    case registry
    /// A model that no registry names, by the source that a person typed.
    case selection
    /// The digest of the older version that a person went back to, by model.
    case wentBack
    /// How far archives were joined into one file, by the file's digest.
    case joining
    /// Which transfers have one file between them, by the first one's key.
    case parts
    /// How far a scrub came in a file, by its digest.
    case scrub
    /// An update that was tried and failed, by model.
    case heldUpdate
    /// A key that a person made for a program (`AccessKey`), by its name.
    case accessKey
}
