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

    let root: StoreFolder
    let layout: Layout

    init(root: StoreFolder, layout: Layout) {
        self.root = root
        self.layout = layout
    }

    /// Fills an empty inventory from the manifests beside it. Bytes are not hashed again for it: each was when it got its
    /// name. They count as the longest unproven, so that the next look takes them first.
    mutating func fill(_ inventory: Inventory) throws {
        let manifests = try readAll()
        guard !manifests.isEmpty else { return }
        try inventory.write { database in
            for manifest in manifests {
                for file in manifest.files {
                    let own = FilePrint(path: layout.blob(file.digest), followingLinks: false)
                    let modified = own.flatMap { $0.size == file.size ? $0.modified : nil }
                    try Inventory.insert(
                        blob: file.digest, size: file.size, modified: modified, provenAt: Date(timeIntervalSince1970: 0), in: database)
                }
                for place in manifest.places { try Inventory.insert(place, at: manifest.installedAt, in: database) }
                try Inventory.insert(manifest, in: database)
            }
        }
        models = manifests.count
    }

    /// Older versions wrote no manifests: from now on theirs are there too, should the inventory be lost.
    func writeManifests(of inventory: Inventory) throws {
        let places = try inventory.blobNotes().places
        for row in try inventory.modelRows() {
            // A row that cannot be read has nothing to write down; it is shown as what it is.
            guard var manifest = try? row.read().manifest else { continue }
            manifest.places = manifest.digests.flatMap { places[$0] ?? [] }
            let folder = try root.folder(Layout.manifestFolder(name: manifest.label.name), creating: true)
            try folder?.write(manifest.json(), as: Layout.manifest(tag: manifest.label.tag))
        }
    }

    private mutating func readAll() throws -> [ModelManifest] {
        guard let folder = try root.folder(Layout.manifestFolder) else { return [] }
        var found: [String: ModelManifest] = [:]
        for name in try folder.names().sorted() where folder.status(name).map({ $0.st_mode & S_IFMT == S_IFDIR }) ?? false {
            guard let inner = try folder.folder(name) else { continue }
            for file in try inner.names().sorted() where file.hasSuffix(".json") && !file.hasPrefix(".") {
                do {
                    guard let data = try inner.read(file) else { throw Failure.unreadable(path: file, reason: "it is no plain file") }
                    let manifest = try ModelManifest(json: data)
                    found[manifest.label.key] = manifest
                } catch { unreadable.append("\(inner.path)/\(file)") }
            }
        }
        return found.values.sorted { $0.label.key < $1.label.key }
    }

    /// What a person should know, a sentence each.
    func findings(_ opening: InventoryOpening) -> [String] {
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
        findings += unreadable.map { "\($0) cannot be read: the model that it describes is not known any more; fetch it again." }
        return findings
    }
}
