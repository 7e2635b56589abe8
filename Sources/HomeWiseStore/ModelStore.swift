// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The models on this disk. Nothing stands under its name before it is proven: hash, flush, rename, flush of the
/// folder, and then one transaction.
package struct ModelStore: Sendable {
    package let layout: Layout
    package let inventory: Inventory
    /// Held open from the beginning: what happens to the path later cannot lead anywhere else.
    let root: StoreFolder

    var disks = DiskQuestions.system

    /// What a person should know of how the store was found, a sentence each.
    package private(set) var findings: [String]

    /// Opens the store, making it where there is none. A lost or damaged inventory is made again from what lies beside it.
    ///
    /// - Parameter state: a folder outside the store where it is remembered that the store is there; `nil` for none.
    /// - Throws: `Failure.storeUnusable`, also when a store that was here is away with its disk.
    package init(home: String, state: String? = nil) throws {
        layout = Layout(home: home)
        let marker = StoreMarker(home: layout.home, state: state)
        var findings = try marker.check()
        try layout.create()
        root = try StoreFolder.home(layout.home)
        var rebuild = Rebuild(root: root, layout: layout)
        let opening = try Inventory.open(path: layout.inventory) { inventory, isEmpty in
            guard isEmpty else { return try rebuild.writeManifests(of: inventory) }
            try rebuild.fill(inventory)
            return true
        }
        inventory = opening.inventory
        findings += rebuild.findings(opening)
        try marker.settle(root)
        self.findings = []
        // What was just made again from side files is all that is known: nothing tells it from what was not taken in.
        if !opening.wasEmpty { findings += settled() }
        if let warning = LockCalls.system.warning(in: layout.run) { findings.append(warning) }
        self.findings = findings
    }

    /// Bytes of the disk that an earlier run reserved for this transfer already.
    package func bytesReserved(forTransfer key: Digest) -> Int64 {
        // The first part of a file that is served in parts stands for all of them.
        [layout.partial(key), layout.joined(key)].reduce(0) { sum, path in
            var status = stat()
            return stat(path, &status) == 0 ? sum + Int64(status.st_blocks) * 512 : sum
        }
    }

    /// Bytes of the disk that unfinished transfers hold, by the model that they are for.
    package func bytesReserved() throws -> [String: Int64] {
        try inventory.transfers().reduce(into: [:]) { $0[$1.model, default: 0] += bytesReserved(forTransfer: $1.key) }
    }

    /// A blob without anything pointing to it, proven anew: by itself nothing keeps it from being removed.
    ///
    /// - Returns: `nil` too where the disk cannot give its bytes back: another file is to take its place.
    func orphan(_ digest: Digest) throws -> String? {
        let path = layout.blob(digest)
        guard FilePrint(path: path, followingLinks: false) != nil else { return nil }
        do { return try FileHash.digest(of: path) == digest ? path : nil } catch is Failure { return nil }
    }

    /// Removes a transfer's bytes and its rows.
    package func discard(transfer key: Digest) throws {
        try root.folder(Layout.partialFolder)?.remove(key.hex)
        try inventory.forget(transfer: key)
        try inventory.forgetParts(of: key)
    }

    package static func remove(_ path: String) throws {
        if unlink(path) != 0, errno != ENOENT { throw Failure.cannotWrite(path: path, errno: errno) }
    }
}
