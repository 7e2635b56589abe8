// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
package import HomeWiseDomain

/// A version of a model that a newer one replaced.
package struct OlderVersion: Sendable, Equatable {
    package var revision: String?
    package var installedAt: Date
    package var replacedAt: Date
    /// Whether all of its bytes are still here.
    package var isWhole: Bool
    /// Of its weights.
    package var weights: Set<Digest>
}

extension ModelStore {
    /// Versions that can be gone back to, the latest first.
    package func olderVersions(name: String, tag: String) throws -> [OlderVersion] {
        let notes = try inventory.blobNotes()
        return try inventory.read { try Self.versions(name, tag, in: $0) }.map { old in
            OlderVersion(
                revision: old.manifest.label.revision, installedAt: old.manifest.installedAt, replacedAt: old.replacedAt,
                isWhole: look(at: old.manifest, notes, lastUsed: nil).state == .sound,
                weights: Set(old.manifest.files.filter { $0.role == .weights }.map(\.digest)))
        }
    }

    /// Gives a model's name back to an older version; the one that had it is kept in its turn.
    ///
    /// - Parameter installedAt: which version; the latest without it.
    /// - Throws: `Failure.noOlderVersion`; the model is then as it was.
    package func goBack(name: String, tag: String, to installedAt: Date? = nil, at now: Date) throws -> InstalledModel {
        try root.check()
        let notes = try inventory.blobNotes()
        try writeShown { database in
            let versions = try Self.versions(name, tag, in: database).map(\.manifest)
            guard let old = versions.first(where: { installedAt == nil || $0.installedAt == installedAt }),
                look(at: old, notes, lastUsed: nil).state == .sound
            else { throw Failure.noOlderVersion("\(name):\(tag)") }
            try settle(old, at: now, in: database)
            try Inventory.forget(superseded: old, in: database)
        }
        guard let model = try model(name, tag: tag) else { throw Failure.noOlderVersion("\(name):\(tag)") }
        return model
    }

    private static func versions(_ name: String, _ tag: String, in database: Database) throws -> [Inventory.Superseded] {
        try Inventory.superseded(in: database).filter { $0.manifest.label.name.value == name && $0.manifest.label.tag.value == tag }
    }
}
