// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// Finding what no model needs. Whether somebody is at it is asked of locks and processes; a clock decides nothing.
extension ModelStore {
    /// - Throws: `Failure` when the store cannot be read.
    package func leftovers() throws -> [Leftover] { try partials() + orphans() + superseded() + staging() + locks() + damagedInventories() }

    private func partials() throws -> [Leftover] {
        guard let folder = try root.folder(Layout.partialFolder) else { return [] }
        let known = try inventory.transferNames().merging(joinNotes().mapValues { "\($0.name), for \($0.model)" }) { first, _ in first }
        var names: [Digest: [String]] = [:]
        for name in try folder.names() {
            // Anything else in there is no transfer's: `staging` knows it, or nobody.
            if let key = try? Digest(sha256: name.prefix(64)) { names[key, default: []].append(name) }
        }
        for key in known.keys where names[key] == nil { names[key] = [] }
        // All bytes of parts lie in the file that is named after the first one: they are as old as it, and gone with it alone.
        let wholes = try inventory.parts()
        for others in wholes.values { for key in others.dropFirst() where names[key]?.isEmpty ?? false { names[key] = nil } }
        for (key, others) in wholes where names[key] == nil && others.contains(where: { known[$0] != nil }) { names[key] = [] }
        return try names.sorted { $0.key.hex < $1.key.hex }.compactMap { key, names in
            let others = wholes[key, default: []].filter { $0 != key }
            guard try ![[key], others].joined().contains(where: { try isHeld($0) }) else { return nil }
            let stats = names.compactMap { folder.status($0) }
            return Leftover(
                kind: .partial, name: known[key] ?? others.lazy.compactMap { known[$0] }.first ?? names.first ?? key.short,
                bytes: stats.reduce(0) { $0 + Self.allocated($1) }, modified: stats.map { Self.modified($0) }.max() ?? .distantPast,
                target: .transfer(key, names: names.sorted(), others: others))
        }
    }

    /// Whether somebody is at a transfer.
    private func isHeld(_ key: Digest) throws -> Bool { try FileLock.isHeld("\(layout.run)/\(key.hex).lock") }

    /// Blobs on the disk that nothing points to, and rows of blobs that nothing points to.
    private func orphans() throws -> [Leftover] {
        let referenced = try inventory.read { try Inventory.referenced(in: $0) }
        var found: [Leftover] = []
        for (digest, status) in try blobFiles() where !referenced.contains(digest) {
            found.append(
                Leftover(
                    kind: .orphan, name: "blob \(digest.short)", bytes: status.st_nlink > 1 ? 0 : Self.allocated(status),
                    modified: Self.modified(status), target: .blob(digest)))
        }
        return found
    }

    func blobFiles() throws -> [(digest: Digest, status: stat)] {
        guard let folder = try root.folder(Layout.blobFolder) else { return [] }
        return try folder.names().sorted().flatMap { part -> [(Digest, stat)] in
            guard part.utf8.count == 2, folder.status(part).map({ $0.st_mode & S_IFMT == S_IFDIR }) ?? false,
                let inner = try folder.folder(part)
            else { return [] }
            return try inner.names().sorted().compactMap { name in
                guard let digest = try? Digest(sha256: name), name.hasPrefix(part), let status = inner.status(name),
                    status.st_mode & S_IFMT == S_IFREG
                else { return nil }
                return (digest, status)
            }
        }
    }

    private func superseded() throws -> [Leftover] {
        try inventory.read { database in
            let needed = Set(try Row.fetchAll(database, sql: "SELECT digest FROM model_file").compactMap { Inventory.digest($0) })
            var counted: Set<Digest> = []
            return try Inventory.superseded(in: database).map { old in
                // What several older versions have is free with the last of them, and counted once.
                let bytes = try bytesFreed(without: old.manifest.digests.subtracting(needed).subtracting(counted))
                counted.formUnion(old.manifest.digests)
                let revision = old.manifest.label.revision.map { " at \($0.prefix(12))" } ?? ""
                return Leftover(
                    kind: .superseded, name: "\(old.manifest.label.key)\(revision)", bytes: bytes, modified: old.replacedAt,
                    target: .version(old.manifest))
            }
        }
    }

    /// Files and folders of runs that ended in the middle: their names hold the number of the process.
    private func staging() throws -> [Leftover] {
        var found = try staging(in: Layout.partialFolder) { name in
            [Self.adoptionPrefix, Self.probePrefix, "."].contains { name.hasPrefix($0) }
        }
        if let models = try root.folder(Layout.modelFolder) {
            for name in try models.names().sorted() where models.status(name).map({ $0.st_mode & S_IFMT == S_IFDIR }) ?? false {
                found += try staging(in: "\(Layout.modelFolder)/\(name)") { $0.hasPrefix(Self.stagingPrefix) }
            }
        }
        return found
    }

    private func staging(in path: String, where isOne: (String) -> Bool) throws -> [Leftover] {
        guard let folder = try root.folder(path) else { return [] }
        return try folder.names().sorted().filter(isOne).compactMap { name in
            let numbers = name.split { $0 == "." || $0 == "-" }.compactMap { Int32($0) }
            guard let status = folder.status(name), !numbers.contains(where: { kill($0, 0) == 0 || errno == EPERM }) else { return nil }
            return try Leftover(
                kind: .staging, name: name, bytes: folder.bytes(ofTree: name),
                modified: Self.modified(status), target: .entry(folder: path, name: name))
        }
    }

    private func locks() throws -> [Leftover] {
        guard let folder = try root.folder(Layout.runFolder) else { return [] }
        return try folder.names().filter { $0.hasSuffix(".lock") }.sorted().compactMap { name in
            guard let status = folder.status(name), try !FileLock.isHeld("\(layout.run)/\(name)") else { return nil }
            return Leftover(kind: .lock, name: name, bytes: 0, modified: Self.modified(status), target: .lock(name))
        }
    }

    private func damagedInventories() throws -> [Leftover] {
        try root.names().filter { $0.hasPrefix("inventory.sqlite.damaged-") }.sorted().compactMap { name in
            guard let status = root.status(name) else { return nil }
            return Leftover(
                kind: .damaged, name: name, bytes: Self.allocated(status), modified: Self.modified(status),
                target: .entry(folder: "", name: name))
        }
    }

    static func allocated(_ status: stat) -> Int64 { Int64(status.st_blocks) * 512 }
    static func modified(_ status: stat) -> Date { Date(timeIntervalSince1970: Double(FilePrint(status).modified) / 1e9) }
}

extension ModelStore {
    /// Removes one leftover, after asking again whether anybody needs it by now.
    ///
    /// - Parameter isSettled: whether `settleNames` was called just before, as whoever removes many does once for all.
    /// - Returns: whether it is gone; `false` when somebody took it up meanwhile.
    /// - Throws: `Failure` when the disk refuses; what else there is can still be removed.
    package func collect(_ leftover: Leftover, isSettled: Bool = false) throws -> Bool {
        switch leftover.target {
        case .entry(let folder, let name):
            if folder.isEmpty { return try root.remove(name) }
            try root.folder(folder)?.removeTree(name)
            return true
        case .transfer(let key, let names, let others): return try collect(transfer: key, names, others)
        case .blob(let digest):
            // What would bring a model back without its bytes goes first.
            if !isSettled { try settleNames() }
            return try collect([digest]) { _ in }
        case .version(let manifest):
            return try collect(Array(manifest.digests)) { try Inventory.forget(superseded: manifest, in: $0) }
        case .lock(let name):
            guard let lock = try FileLock.attempt("\(layout.run)/\(name)") else { return false }
            defer { withExtendedLifetime(lock) {} }
            return try root.folder(Layout.runFolder)?.remove(name) ?? true
        }
    }

    private func collect(transfer key: Digest, _ names: [String], _ others: [Digest]) throws -> Bool {
        guard let lock = try FileLock.attempt("\(layout.run)/\(key.hex).lock") else { return false }
        defer { withExtendedLifetime(lock) {} }
        // Whoever begins with a part has the first one's lock before its own.
        guard try !others.contains(where: { try isHeld($0) }) else { return false }
        let folder = try root.folder(Layout.partialFolder)
        for name in names { try folder?.remove(name) }
        for key in [key] + others { try inventory.forget(transfer: key) }
        try inventory.forgetParts(of: key)
        try forgetJoin(key)
        return true
    }

    /// Somebody uses a blob that was to go: nothing is forgotten then.
    private struct Busy: Error {}

    /// Forgets, and then removes, those blobs of several that nothing points to: all of them, or, while anybody uses one, none.
    private func collect(_ digests: [Digest], first forget: (Database) throws -> Void) throws -> Bool {
        var doomed: [(Digest, SoleHold)] = []
        do {
            try inventory.write { database in
                try forget(database)
                let referenced = try Inventory.referenced(in: database)
                for digest in digests where !referenced.contains(digest) {
                    guard case .success(let hold) = try soleHold(on: digest, in: database) else { throw Busy() }
                    try Inventory.forget(blob: digest, in: database)
                    doomed.append((digest, hold))
                }
            }
        } catch is Busy { return false }
        try unlinkBlobs(doomed.map(\.0))
        withExtendedLifetime(doomed) {}
        return true
    }
}

extension Inventory {
    /// What unfinished transfers are for, for people.
    func transferNames() throws -> [Digest: String] {
        try read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT key, name, model FROM transfer")
            let pairs = rows.compactMap { row -> (Digest, String)? in
                guard let key = Self.text(row, "key").flatMap({ try? Digest(sha256: $0) }) else { return nil }
                return (key, "\(Self.text(row, "name") ?? key.short), for \(Self.text(row, "model") ?? "a model")")
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }
}
