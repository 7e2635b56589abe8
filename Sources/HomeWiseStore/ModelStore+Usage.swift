// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// An unfinished transfer.
package struct Unfinished: Sendable, Equatable {
    package var name: String
    package var model: String
    package var received: Int64
    package var size: Int64
    /// Whether a process is at it now.
    package var isUnderWay: Bool
}

/// Bytes on the disk, each counted once.
package struct StoreUsage: Sendable, Equatable {
    package var blobs: Int64 = 0
    package var blobCount = 0
    /// What models would take more if each had its own copy.
    package var shared: Int64 = 0
    /// Of the blobs: archives that are kept beside what came out of them.
    package var archives: Int64 = 0
    package var orphans: Int64 = 0
    package var superseded: Int64 = 0
    package var partials: Int64 = 0
    package var engines: Int64 = 0
    package var logs: Int64 = 0
    /// Inventory, manifests, registries and the like.
    package var rest: Int64 = 0
    /// Of files that lie outside the store.
    package var adopted: Int64 = 0
}

extension ModelStore {
    package func unfinished() throws -> [Unfinished] {
        let joined = try joinNotes().map { key, note in
            try Unfinished(name: note.name, model: note.model, received: note.size, size: note.total, isUnderWay: isHeld(key))
        }
        let transfers = try inventory.transfers().map { row in
            try Unfinished(
                name: row.name, model: row.model, received: inventory.bytesHere(of: row), size: row.size, isUnderWay: isHeld(row.key))
        }
        return joined.sorted { $0.name < $1.name } + transfers.sorted { $0.name < $1.name }
    }

    private func isHeld(_ key: Digest) throws -> Bool {
        try FileLock.isHeld("\(layout.run)/\(key.hex).lock")
    }

    package func usage() throws -> StoreUsage {
        var usage = StoreUsage()
        let (models, _) = try everything()
        let files = try blobFiles()
        usage.blobs = files.reduce(0) { $0 + Self.allocated($1.status) }
        usage.blobCount = files.count
        let owned = models.flatMap(\.files).filter { !$0.isAdopted }
        let unique = Dictionary(owned.map { ($0.digest, $0.size.bytes) }) { first, _ in first }
        usage.shared = owned.reduce(0) { $0 + $1.size.bytes } - unique.values.reduce(0, +)
        let archives = models.flatMap(\.archives)
        usage.archives = Dictionary(archives.filter { !$0.isAdopted }.map { ($0.digest, $0.size.bytes) }) { first, _ in first }
            .values.reduce(0, +)
        let adopted = Dictionary((models.flatMap(\.files) + archives).filter(\.isAdopted).map { ($0.place, $0.size.bytes) }) { first, _ in
            first
        }
        usage.adopted = adopted.values.reduce(0, +)
        for leftover in try leftovers() {
            if leftover.kind == .orphan { usage.orphans += leftover.bytes }
            if leftover.kind == .superseded { usage.superseded += leftover.bytes }
        }
        usage.partials = Self.bytes(below: layout.partial)
        usage.engines = Self.bytes(below: layout.engines)
        usage.logs = Self.bytes(below: layout.logs)
        usage.rest = Self.bytes(below: layout.registries) + Self.bytes(below: "\(layout.home)/\(Layout.manifestFolder)")
        for name in try root.names() {
            if let status = root.status(name), status.st_mode & S_IFMT == S_IFREG { usage.rest += Self.allocated(status) }
        }
        return usage
    }

    /// Bytes of all plain files below a folder, each counted once; links are not followed, and what cannot be looked at is not counted.
    package static func bytes(below folder: String) -> Int64 {
        guard let names = FileManager.default.enumerator(atPath: folder) else { return 0 }
        var (sum, seen) = (Int64(0), Set<UInt64>())
        for case let name as String in names {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if status.st_nlink > 1, !seen.insert(UInt64(status.st_ino)).inserted { continue }
            sum += allocated(status)
        }
        return sum
    }
}
