// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// How far one file was joined from members of archives: what these brought need not be had again.
package struct JoinNote: Codable, Sendable, Equatable {
    /// The file's name, for people.
    package var name: String
    /// What it is for, as the planner names it.
    package var model: String
    /// Members that are in the file.
    package var members: Int
    /// Bytes that they have.
    package var size: Int64
    /// SHA-256 of these.
    package var digest: Digest
    /// Bytes that the whole will have, as far as is known.
    package var total: Int64
    /// Stands for the archives and members that these came out of.
    package var parts: Digest?

    package init(name: String, model: String, members: Int, size: Int64, digest: Digest, total: Int64, parts: Digest) {
        (self.name, self.model, self.members) = (name, model, members)
        (self.size, self.digest, self.total, self.parts) = (size, digest, total, parts)
    }
}

extension ModelStore {
    /// - Parameter key: the joined file's digest, or what stands for it.
    package func joinNote(_ key: Digest) throws -> JoinNote? { try inventory.note(.joining, key: key.hex) }

    package func keep(_ note: JoinNote, of key: Digest, at now: Date) throws { try inventory.note(note, .joining, key: key.hex, at: now) }

    package func forgetJoin(_ key: Digest) throws { try inventory.forget(.joining, key: key.hex) }

    /// Files that were begun and are still there, by their keys.
    func joinNotes() throws -> [Digest: JoinNote] {
        var notes: [Digest: JoinNote] = [:]
        for (key, note) in try inventory.notes(.joining, as: JoinNote.self) {
            guard let key = try? Digest(sha256: key), FilePrint(path: layout.joined(key), followingLinks: false) != nil else { continue }
            notes[key] = note
        }
        return notes
    }
}
