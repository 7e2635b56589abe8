// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// What the removal of a model does, or would do.
package struct Removal: Sendable, Equatable, Encodable {
    package var key: String
    /// Bytes that are free afterwards.
    package var frees: Int64 = 0
    /// Bytes that other models need too, and that stay.
    package var shared: Int64 = 0
    /// Bytes that lie outside the store and stay where they are.
    package var adopted: Int64 = 0
}

extension ModelStore {
    /// Removes a model: its names at once, and then the bytes that nothing else needs.
    ///
    /// - Parameters:
    ///   - isKeepingFiles: leaves the bytes for a later fetch; until then they are orphans.
    ///   - isTrial: changes nothing and tells what would happen.
    /// - Throws: `Failure.inUse` when somebody runs, fetches or copies it; `Failure.unknownModel`.
    package func remove(name: String, tag: String, isKeepingFiles: Bool = false, isTrial: Bool = false) throws -> Removal {
        try root.check()
        var doomed: [(Digest, SoleHold)] = []
        let removal = try writeShown { database in
            let (removal, digests) = try weigh(name: name, tag: tag, isKeepingFiles, in: database)
            for digest in digests {
                switch try soleHold(on: digest, in: database) {
                case .success(let hold): doomed.append((digest, hold))
                case .failure(let users): throw Failure.inUse("\(name):\(tag)", by: users.sentence)
                }
            }
            guard !isTrial else { return removal }
            // The side file first: a model that is still listed without it is whole; one without rows would come back with it.
            // A row whose name is no name has nothing beside the inventory.
            if let name = try? SafePath(untrusted: name), let tag = try? SafePath(untrusted: tag) {
                try hide(ModelLabel(name: name, tag: tag, source: ""))
            }
            try Inventory.delete(name: name, tag: tag, in: database)
            if !isKeepingFiles { for (digest, _) in doomed { try Inventory.forget(blob: digest, in: database) } }
            return removal
        }
        guard !isTrial, !isKeepingFiles else { return removal }
        try unlinkBlobs(doomed.map(\.0))
        withExtendedLifetime(doomed) {}
        return removal
    }

    /// What only this model and its own older versions need, and the sums.
    private func weigh(name: String, tag: String, _ isKeepingFiles: Bool, in database: Database) throws -> (Removal, [Digest]) {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT digest FROM model_file WHERE name = ? AND tag = ? UNION SELECT digest FROM model WHERE name = ? AND tag = ?",
            arguments: [name, tag, name, tag])
        guard !rows.isEmpty else { throw Failure.modelGone("\(name):\(tag)") }
        let superseded = try Inventory.superseded(in: database)
        func isOwn(_ label: ModelLabel) -> Bool { label.name.value == name && label.tag.value == tag }
        var mine = Set(rows.compactMap { Inventory.digest($0) })
        for old in superseded where isOwn(old.manifest.label) { mine.formUnion(old.manifest.digests) }
        var others = Set(
            // Both tables, as `Inventory.referenced` has it: of a model whose files cannot be read one row still names a blob.
            try Row.fetchAll(
                database,
                sql: """
                    SELECT digest FROM model_file WHERE NOT (name = ? AND tag = ?)
                        UNION SELECT digest FROM model WHERE NOT (name = ? AND tag = ?)
                    """, arguments: [name, tag, name, tag]
            ).compactMap { Inventory.digest($0) })
        for old in superseded where !isOwn(old.manifest.label) { others.formUnion(old.manifest.digests) }
        var removal = Removal(key: "\(name):\(tag)")
        for digest in mine {
            let own = FilePrint(path: layout.blob(digest), followingLinks: false)?.size
            if others.contains(digest) {
                removal.shared += own ?? 0
            }
            if own == nil { removal.adopted += try Inventory.size(of: digest, in: database) ?? 0 }
        }
        if !isKeepingFiles { removal.frees = try bytesFreed(without: mine.subtracting(others)) }
        return (removal, mine.subtracting(others).sorted { $0.hex < $1.hex })
    }

    /// Unlinks blobs that no row names, under the database's own lock: whoever takes one in again does so in a transaction.
    func unlinkBlobs(_ digests: [Digest]) throws {
        guard !digests.isEmpty else { return }
        try inventory.write { database in
            for digest in digests where try Inventory.size(of: digest, in: database) == nil {
                try root.folder(Layout.folder(of: digest))?.remove(digest.hex)
            }
        }
    }
}
