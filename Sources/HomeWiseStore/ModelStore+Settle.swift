// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// Side files and folders of models repeat what the inventory says. They are made just before it is written down and hidden just
/// before it is forgotten, so that what a run leaves that ends between the two is told from a model: only the inventory makes one.
extension ModelStore {
    /// Something beside the inventory that says another thing than it does.
    private enum Doubt {
        /// A manifest of a model that was never written down.
        case stranger(ModelLabel)
        /// A folder that no model has and that shows blobs alone, by the names of its two parts.
        case folder(String, String)
        /// A model whose side file is gone or is another version's.
        case unwritten(ModelManifest)
        /// A model of several files that are not shown beside one another.
        case unshown(ModelManifest)
        /// What models are called that no registry names.
        case names([String: String])
    }

    /// Puts right what a run left that ended too early. What was being taken in is hidden again; its bytes are kept for the next
    /// fetch as all that nobody needs. What was being removed is shown again: it is still here.
    ///
    /// - Returns: what a person should know, a sentence each.
    /// - Throws: `Failure` when the disk refuses.
    @discardableResult package func settleNames() throws -> [String] {
        guard try !inventory.read({ try doubts(in: $0) }).isEmpty else { return [] }
        // Whoever takes something in or removes it now does so in a transaction of its own: after it all is as it says.
        return try inventory.write { database in
            let notes = try Inventory.blobNotes(in: database)
            return try doubts(in: database).compactMap { doubt in
                // One that cannot be put right harms no other.
                do { return try settle(doubt, notes) } catch let failure as Failure where failure.code != .diskFull {
                    return unsettled(failure)
                }
            }
        }
    }

    /// As above; what cannot be put right harms nothing that is here, and is said.
    func settled() -> [String] {
        do { return try settleNames() } catch {
            let failure = Failure.wrapping(error, doing: "putting right what an interrupted run left")
            return [unsettled(failure)]
        }
    }

    private func unsettled(_ failure: Failure) -> String {
        "What an interrupted run left could not be put right: \(failure.message) It is tried again the next time."
    }

    private func settle(_ doubt: Doubt, _ notes: BlobNotes) throws -> String? {
        switch doubt {
        case .stranger(let label):
            // Its folder is a doubt of its own: what a person put in there is not ours to remove.
            try hideSideFile(label)
            return "\(label.key) was not taken in to the end; what was fetched of it is used when it is pulled again."
        case .folder(let name, let tag):
            let models = try root.folder(Layout.modelFolder)
            try models?.folder(name)?.removeTree(tag)
            try models?.removeIfEmpty(name)
        case .unwritten(let manifest):
            try writeSideFile(manifest)
            // A folder that shows these very files stays as it is, with what a person may have put beside them.
            if !isShown(manifest, notes), try diskTraits().hasLinks { try show(manifest) }
        case .unshown(let manifest): try show(manifest)
        case .names(let names): try writeNames(names)
        }
        return nil
    }

    private func doubts(in database: Database) throws -> [Doubt] {
        let notes = try Inventory.blobNotes(in: database)
        let rows = try Inventory.modelRows(in: database)
        var (doubts, known, nameless, hasLinks) = ([Doubt](), Set<[String]>(), 0, Bool?.none)
        for row in rows {
            do {
                guard let name = try? SafePath(untrusted: row.name), let tag = try? SafePath(untrusted: row.tag) else {
                    nameless += 1
                    continue
                }
                known.insert([Layout.component(name), Layout.component(tag)])
                var manifest = try row.read().manifest
                manifest.places = manifest.digests.flatMap { notes.places[$0] ?? [] }
                if let doubt = try doubt(of: manifest, notes, &hasLinks) { doubts.append(doubt) }
            } catch let failure as Failure where failure.code != .diskFull {
                // One that cannot be read is shown as what it is, and what lies beside it stays.
                continue
            }
        }
        // A row whose name cannot be read may be anybody's.
        let strangers = nameless > 0 ? [] : try strangers(to: known)
        let names = try Inventory.names(in: database)
        return try doubts + strangers + (names.isEmpty || names == readNames() ? [] : [.names(names)])
    }

    /// - Parameter hasLinks: the disk is asked once, and only where it matters: it is written to for that.
    private func doubt(of manifest: ModelManifest, _ notes: BlobNotes, _ hasLinks: inout Bool?) throws -> Doubt? {
        let written = try root.folder(Layout.manifestFolder(name: manifest.label.name))?.read(Layout.manifest(tag: manifest.label.tag))
        if try written != manifest.json() { return .unwritten(manifest) }
        guard manifest.files.count > 1, !isShown(manifest, notes) else { return nil }
        // A disk without links shows nothing, and was asked before anything was taken in.
        let canShow = try hasLinks ?? diskTraits().hasLinks
        hasLinks = canShow
        return canShow ? .unshown(manifest) : nil
    }

    private func isShown(_ manifest: ModelManifest, _ notes: BlobNotes) -> Bool {
        let model = look(at: manifest, notes, lastUsed: nil)
        return model.folder != nil || model.files.contains { $0.isAdopted || $0.state != .sound }
    }

    /// - Parameter known: folder and file of each model's side file, without the ending.
    private func strangers(to known: Set<[String]>) throws -> [Doubt] {
        var found: [Doubt] = []
        try eachPair(Layout.manifestFolder) { name, file, folder in
            guard file.hasSuffix(".json"), !known.contains([name, String(file.dropLast(5))]), let data = try folder.read(file) else {
                return
            }
            // What cannot be read is not known to be a stranger's: it stays for a person to look at.
            guard let label = try? ModelManifest(json: data).label, Layout.component(label.name) == name,
                Layout.manifest(tag: label.tag) == file
            else { return }
            found.append(.stranger(label))
        }
        var blobs: Set<FileNumber>?
        try eachPair(Layout.modelFolder) { name, tag, folder in
            guard !known.contains([name, tag]) else { return }
            let ours = try blobs ?? Set(blobFiles().map { FileNumber($0.status) })
            blobs = ours
            // What somebody else put there is not ours to remove.
            if try Self.holds(only: ours, folder, tag) { found.append(.folder(name, tag)) }
        }
        return found
    }

    /// Every entry in the folders of a folder, but none whose name begins with our own leftovers' dot. One that cannot be read is
    /// not known to be ours: it stays as it is, and keeps no other from being looked at.
    private func eachPair(_ path: String, _ body: (String, String, StoreFolder) throws -> Void) throws {
        guard let outer = try root.folder(path) else { return }
        for name in try outer.names().sorted() where outer.status(name).map({ $0.st_mode & S_IFMT == S_IFDIR }) ?? false {
            try Self.passing {
                guard let inner = try outer.folder(name) else { return }
                for entry in try inner.names().sorted() where !entry.hasPrefix(".") { try Self.passing { try body(name, entry, inner) } }
            }
        }
    }

    private static func passing(_ body: () throws -> Void) throws {
        do { try body() } catch let failure as Failure where failure.code != .diskFull {}
    }

    private static func holds(only blobs: Set<FileNumber>, _ folder: StoreFolder, _ name: String) throws -> Bool {
        guard let status = folder.status(name) else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR else { return blobs.contains(FileNumber(status)) }
        guard let inner = try folder.folder(name) else { return false }
        return try inner.names().allSatisfy { try holds(only: blobs, inner, $0) }
    }
}

/// What models are called that no registry names: beside the manifests, so that they outlive a lost inventory too.
extension ModelStore {
    func writeNames(_ names: [String: String]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try root.folder(Layout.manifestFolder, creating: true)?.write(encoder.encode(WrittenNames(names: names)), as: Layout.names)
    }

    /// - Returns: `nil` where there are none, or none that can be read: they are then written anew.
    func readNames() throws -> [String: String]? {
        guard let data = try root.folder(Layout.manifestFolder)?.read(Layout.names) else { return nil }
        return try? WrittenNames.read(data)
    }
}

struct WrittenNames: Codable {
    var schema = 1
    /// By the source that a person typed, each as the inventory has it.
    var names: [String: String]

    /// - Throws: `Failure` or `DecodingError` for what is of another form.
    static func read(_ data: Data) throws -> [String: String] {
        let written = try JSONDecoder().decode(WrittenNames.self, from: data)
        guard written.schema == 1 else { throw Failure.unreadable(path: Layout.names, reason: "it is of another form") }
        return written.names
    }
}
