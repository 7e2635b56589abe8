// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
import HomeWiseDomain

extension Inventory {
    /// Changes what is noted in one transaction: two programs that do so at once do not undo one another.
    ///
    /// - Parameter change: given what is noted; where it leaves `nil`, the note is forgotten.
    package func changeNote<Value: Codable, Outcome>(
        _ kind: NoteKind, key: String, at now: Date, _ change: (inout Value?) throws -> Outcome
    ) throws -> Outcome {
        try write { database in
            let old = try String.fetchOne(
                database, sql: "SELECT value FROM note WHERE kind = ? AND key = ?", arguments: [kind.rawValue, key])
            // As with every note: one of another version is none.
            var value = old.flatMap { try? JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
            let outcome = try change(&value)
            guard let value else {
                try database.execute(sql: "DELETE FROM note WHERE kind = ? AND key = ?", arguments: [kind.rawValue, key])
                return outcome
            }
            let text = try String(decoding: JSONEncoder().encode(value), as: UTF8.self)
            try database.execute(
                sql: "INSERT OR REPLACE INTO note (kind, key, value, written_at) VALUES (?, ?, ?, ?)",
                arguments: [kind.rawValue, key, text, now.timeIntervalSince1970])
            return outcome
        }
    }
}
