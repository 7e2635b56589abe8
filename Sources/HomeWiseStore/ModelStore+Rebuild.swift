// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// What was found beside an inventory that was lost.
struct Rebuild {
    var models = 0
    /// Side files that cannot be read, by path.
    var unreadable: [String] = []
    /// Models of which nothing is left, by name.
    var gone: [String] = []
    /// Models that some of their files are gone from, by name.
    var incomplete: [String] = []
    /// Where names of models stood that cannot be read any more.
    var unreadableNames: String?
    /// Why manifests could not be written.
    var unwritten: Failure?

    let root: StoreFolder
    let layout: Layout

    init(root: StoreFolder, layout: Layout) {
        self.root = root
        self.layout = layout
    }

    /// Fills an empty inventory from the manifests beside it. Bytes that are quickly read are hashed for it; the others count as
    /// the longest unproven, so that the next look takes them first, and as changed where they were written to after the
    /// manifest that names them. A manifest that cannot be taken keeps no other from it.
    mutating func fill(_ inventory: Inventory) throws {
        try fillNames(inventory)
        let manifests = try readAll()
        guard !manifests.isEmpty else { return }
        let blobs = Self.blobs(of: manifests)
        let placed = Set(manifests.flatMap(\.manifest.places).map(\.digest))
        try inventory.write { database in
            var unread = Self.mostHashed
            for (digest, claims) in blobs { try insert(digest, claims, &unread, in: database) }
            for side in manifests {
                // A manifest alone makes no model. One that has any of its bytes is listed as what it is: what nobody lists, nobody
                // needs, and the rest of it would be removed as that.
                let manifest = side.manifest
                guard manifest.digests.contains(where: { isAnywhere($0, placed) }) else {
                    gone.append(manifest.label.key)
                    continue
                }
                // No model needs the archive that it came in.
                let isWhole = manifest.files.allSatisfy { $0.role == .archive || isAnywhere($0.digest, placed) }
                do {
                    try database.inSavepoint {
                        for place in manifest.places { try Inventory.insert(place, at: manifest.installedAt, in: database) }
                        try Inventory.insert(manifest, in: database)
                        return .commit
                    }
                    models += 1
                    if !isWhole { incomplete.append(manifest.label.key) }
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT { unreadable.append(side.path) }
            }
        }
    }

    /// What models are called that no registry names.
    private mutating func fillNames(_ inventory: Inventory) throws {
        guard let folder = try root.folder(Layout.manifestFolder), let data = try folder.read(Layout.names) else { return }
        do {
            let names = try WrittenNames.read(data)
            try inventory.write { database in
                for (key, value) in names { try Inventory.restore(name: value, key: key, at: Date(), in: database) }
            }
        } catch is DecodingError { unreadableNames = "\(folder.path)/\(Layout.names)" } catch let failure as Failure {
            guard failure.code == .storeUnusable else { throw failure }
            unreadableNames = "\(folder.path)/\(Layout.names)"
        }
    }

    /// A manifest as it lies beside the inventory.
    private struct SideFile {
        var path: String
        /// Nanoseconds since 1970.
        var modified: Int64
        var manifest: ModelManifest
    }

    /// On a disk that is away, too.
    private func isAnywhere(_ digest: Digest, _ placed: Set<Digest>) -> Bool {
        FilePrint(path: layout.blob(digest), followingLinks: false) != nil || placed.contains(digest)
    }

    /// What manifests say of one blob.
    private struct Claims {
        var sizes: [Int64] = []
        var places: [Int64] = []
        /// When the last of them was written.
        var modified = Int64.min
    }

    private static func blobs(of manifests: [SideFile]) -> [Digest: Claims] {
        var blobs: [Digest: Claims] = [:]
        for side in manifests {
            for file in side.manifest.files {
                var claims = blobs[file.digest, default: Claims()]
                claims.sizes.append(file.size)
                claims.modified = max(side.modified, claims.modified)
                blobs[file.digest] = claims
            }
            for place in side.manifest.places { blobs[place.digest]?.places.append(place.print.size) }
        }
        return blobs
    }

    /// Bytes of a file, and of all, that are hashed while somebody waits.
    private static let largestHashed: Int64 = 8 << 20
    private static let mostHashed: Int64 = 64 << 20

    /// Where manifests tell several sizes of one blob, the one that it has is right: the others mark it in nothing.
    private func insert(_ digest: Digest, _ claims: Claims, _ unread: inout Int64, in database: Database) throws {
        let own = FilePrint(path: layout.blob(digest), followingLinks: false)
        let here = (own.map { [$0.size] } ?? claims.places).first { claims.sizes.contains($0) }
        // A time that no file has: changed until it is proven.
        let modified = own.map { $0.modified > claims.modified ? -1 : $0.modified }
        try Inventory.insert(
            blob: digest, size: here ?? claims.sizes[0], modified: modified, provenAt: Date(timeIntervalSince1970: 0), in: database)
        guard let own, own.size == here, own.size <= min(Self.largestHashed, unread) else { return }
        unread -= own.size
        let isRight: Bool
        do { isRight = try FileHash.digest(of: layout.blob(digest), followingLinks: false) == digest } catch is Failure { isRight = false }
        try database.execute(
            sql: "UPDATE blob SET damaged_at = ?, modified = ? WHERE digest = ?",
            arguments: [isRight ? nil : Date().timeIntervalSince1970, own.modified, digest.hex])
    }

    /// Older versions wrote no manifests: from now on theirs are there too, should the inventory be lost.
    ///
    /// - Returns: whether all are written; if not, the store is as good as before, and it is tried again when it is opened next.
    mutating func writeManifests(of inventory: Inventory) throws -> Bool {
        let places = try inventory.blobNotes().places
        for row in try inventory.modelRows() {
            // A row that cannot be read (its text; the database was asked before) has nothing to write down; it is shown as what it is.
            guard var manifest = try? row.read().manifest else { continue }
            manifest.places = manifest.digests.flatMap { places[$0] ?? [] }
            do {
                let folder = try root.folder(Layout.manifestFolder(name: manifest.label.name), creating: true)
                try folder?.write(manifest.json(), as: Layout.manifest(tag: manifest.label.tag))
            } catch let failure as Failure {
                unwritten = failure
                return false
            }
        }
        return true
    }

    private mutating func readAll() throws -> [SideFile] {
        guard let folder = try root.folder(Layout.manifestFolder) else { return [] }
        var found: [String: SideFile] = [:]
        for name in try folder.names().sorted() where folder.status(name).map({ $0.st_mode & S_IFMT == S_IFDIR }) ?? false {
            guard let inner = try folder.folder(name) else { continue }
            for file in try inner.names().sorted() where file.hasSuffix(".json") && !file.hasPrefix(".") {
                do {
                    guard let data = try inner.read(file) else { throw Failure.unreadable(path: file, reason: "it is no plain file") }
                    var manifest = try ModelManifest(json: data)
                    guard Set(manifest.files.map(\.path)).count == manifest.files.count else { throw Failure.sameName(file) }
                    // A place of what is none of its files is of no use to it.
                    let digests = manifest.digests
                    manifest.places.removeAll { !digests.contains($0.digest) }
                    let modified = inner.status(file).map { FilePrint($0).modified } ?? .min
                    found[manifest.label.key] = SideFile(path: "\(inner.path)/\(file)", modified: modified, manifest: manifest)
                } catch { unreadable.append("\(inner.path)/\(file)") }
            }
        }
        return found.values.sorted { $0.manifest.label.key < $1.manifest.label.key }
    }

    /// What a person should know, a sentence each.
    func findings(_ opening: InventoryOpening) -> [String] {
        if let unwritten {
            return [
                "Not every model could be written down beside the inventory, which is a loss only should it be lost too: "
                    + "\(unwritten.message) It is tried again the next time."
            ]
        }
        guard opening.wasEmpty else { return [] }
        var findings: [String] = []
        if let aside = opening.aside {
            findings.append(
                "The inventory was damaged (\(aside.reason)) and is kept as \(aside.path). \(models) models were found again from their "
                    + "manifests; accepted terms, measured speeds, the chosen engine and unfinished downloads are forgotten.")
        } else if models > 0 {
            findings.append(
                "The inventory was gone. \(models) models were found again from their manifests; accepted terms, measured speeds, the "
                    + "chosen engine and unfinished downloads are forgotten.")
        }
        if models > 0 { findings.append("To prove what was found again: homewise verify --all") }
        findings += incomplete.map { "Some files of \($0) are gone; pull it again to fetch those." }
        findings += gone.map { "The bytes of \($0) are gone, and it is not known any more; fetch it again." }
        if let unreadableNames {
            findings.append(
                "\(unreadableNames) cannot be read: models that no registry names are known by what `homewise list` calls them.")
        }
        findings += unreadable.map { "\($0) cannot be read: the model that it describes is not known any more; fetch it again." }
        return findings
    }
}
