// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The folder that shows a model's files under their real names, and the side file that says the same as the inventory.
extension ModelStore {
    /// Builds the folder beside the one that is there and changes the two in one step.
    func show(_ manifest: ModelManifest) throws {
        let (name, tag) = (Layout.component(manifest.label.name), Layout.component(manifest.label.tag))
        guard let parent = try root.folder("\(Layout.modelFolder)/\(name)", creating: true) else { return }
        let staging = "\(Self.stagingPrefix)\(tag.prefix(150)).\(getpid()).\(UInt32.random(in: .min ... .max))"
        defer {
            // What is left of it is in nobody's way, and `prune` removes it.
            do { try parent.removeTree(staging) } catch {}
        }
        var isShown = false
        for file in manifest.files where try link(file, below: "\(Layout.modelFolder)/\(name)/\(staging)") { isShown = true }
        guard isShown else { return try parent.removeTree(tag) }
        try Self.exchange(staging, tag, in: parent)
    }

    static let stagingPrefix = ".staging-"

    /// The real name beside the blob costs nothing where the disk has hard links, and is left out where it has none and
    /// where the bytes lie elsewhere.
    private func link(_ file: ModelManifest.File, below staging: String) throws -> Bool {
        guard let blobs = try root.folder(Layout.folder(of: file.digest)), blobs.status(file.digest.hex) != nil else { return false }
        let folders = file.path.value.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        guard let folder = try root.folder(staging + folders, creating: true, isLasting: false) else { return false }
        if linkat(blobs.descriptor, file.digest.hex, folder.descriptor, file.path.name, 0) == 0 { return true }
        guard [EPERM, ENOTSUP, EMLINK, EXDEV].contains(errno) else {
            throw Failure.cannotWrite(path: "\(folder.path)/\(file.path.name)", errno: errno)
        }
        return false
    }

    private static func exchange(_ staging: String, _ name: String, in parent: StoreFolder) throws {
        if parent.status(name) == nil { return try parent.rename(staging, to: name) }
        if swap(staging, name, in: parent) { return }
        // Where the disk cannot exchange, nothing is shown for a moment.
        try parent.rename(name, to: staging + ".old")
        try parent.rename(staging, to: name)
        try parent.removeTree(staging + ".old")
    }

    /// Changes two names in one step, where system and disk can.
    private static func swap(_ name: String, _ other: String, in parent: StoreFolder) -> Bool {
        #if canImport(Darwin)
            return renameatx_np(parent.descriptor, name, parent.descriptor, other, UInt32(RENAME_SWAP)) == 0
        #else
            // Swift does not see what glibc only declares for GNU programs.
            typealias Exchange = @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
            guard let symbol = dlsym(nil, "renameat2") else { return false }
            let exchange: UInt32 = 2
            return unsafeBitCast(symbol, to: Exchange.self)(parent.descriptor, name, parent.descriptor, other, exchange) == 0
        #endif
    }

    func writeSideFile(_ manifest: ModelManifest) throws {
        let folder = try root.folder(Layout.manifestFolder(name: manifest.label.name), creating: true)
        try folder?.write(manifest.json(), as: Layout.manifest(tag: manifest.label.tag))
    }

    func hideSideFile(_ label: ModelLabel) throws {
        let folder = try root.folder(Layout.manifestFolder(name: label.name))
        try folder?.remove(Layout.manifest(tag: label.tag))
        try root.folder(Layout.manifestFolder)?.removeIfEmpty(Layout.component(label.name))
    }

    /// Removes what shows a model; its blobs are not touched.
    func hide(_ label: ModelLabel) throws {
        try hideSideFile(label)
        let models = try root.folder(Layout.modelFolder)
        try models?.folder(Layout.component(label.name))?.removeTree(Layout.component(label.tag))
        try models?.removeIfEmpty(Layout.component(label.name))
    }
}
