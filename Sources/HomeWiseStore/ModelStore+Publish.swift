// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
package import HomeWiseDomain

/// A file that was proven and is to become part of a model.
package struct ProvenFile: Sendable {
    package enum Content: Sendable, Equatable {
        /// Lies on the store's disk under this path and is moved from there.
        case fresh(String)
        /// As `fresh`, but shared with somebody by a hard link: its mode is theirs.
        case shared(String)
        /// Is a blob of the store already.
        case present
        /// Stays where another tool or person keeps it.
        case adopted(String)
    }

    /// Below the model's folder.
    package var path: SafePath
    package var role: ModelFileRole
    /// Of its whole content, just computed.
    package var digest: Digest
    package var content: Content
    /// What the file looked like when it was hashed; `nil` for one that nobody else can write to.
    var print: FilePrint?

    package init(path: SafePath, role: ModelFileRole, digest: Digest, content: Content) {
        self.path = path
        self.role = role
        self.digest = digest
        self.content = content
    }
}

extension ModelStore {
    /// Takes proven files into the store as one model: all of them or none. A version that had the name before stays
    /// whole until the new one is written down, and can be gone back to until it is pruned.
    ///
    /// - Parameter files: the weights first.
    /// - Throws: `Failure`; then the model that had this name is as it was.
    package func publish(files: [ProvenFile], as label: ModelLabel, at now: Date) throws -> InstalledModel {
        guard !files.isEmpty else { throw Failure.badInput("\(label.key) has no file.", remedy: "Choose another source.") }
        try root.check()
        // What stays where it is has its names there.
        let coming = files.filter { if case .adopted = $0.content { false } else { $0.role != .archive } }
        try check(coming.map { ($0.path, nil) })
        var copies: [JoinedFile] = []
        defer {
            // A copy that was taken in is not there any more; one that was not is known for a leftover by its name.
            do { for copy in copies { try remove(copy.path) } } catch {}
        }
        let files = try files.map { try mending($0, &copies) }
        let prints = try files.map { try flush($0) }
        try writeShown { database in
            let sizes = try zip(files, prints).map { try take($0, $1, at: now, in: database) }
            var manifest = ModelManifest(
                label: label, installedAt: now,
                files: zip(files, sizes).map { .init(path: $0.path, role: $0.role, digest: $0.digest, size: $1) })
            manifest.places = try manifest.digests.flatMap { try Inventory.places(of: $0, in: database) }
            // Nothing is written down that could not be used at once.
            let unsound = try look(at: manifest, Inventory.blobNotes(in: database), lastUsed: nil).files.first { $0.state != .sound }
            if let unsound { throw Failure.blobGone(unsound.path) }
            try settle(manifest, at: now, in: database)
        }
        // The same transaction wrote it, so it is there.
        guard let model = try model(label.name.value, tag: label.tag.value) else {
            throw Failure.cannotWrite(path: layout.blob(files[0].digest), reason: "it is not there after it was published")
        }
        return model
    }

    /// Takes one proven file into the store under its name.
    package func publish(_ path: String, digest: Digest, name: SafePath, tag: SafePath, file: SafePath, source: String, at now: Date) throws
        -> InstalledModel
    {
        let proven = ProvenFile(path: file, role: .weights, digest: digest, content: .fresh(path))
        return try publish(files: [proven], as: ModelLabel(name: name, tag: tag, source: source), at: now)
    }

    /// The bytes reach the disk before anything speaks of them.
    private func flush(_ file: ProvenFile) throws -> FilePrint? {
        let now: (print: FilePrint, path: String)
        switch file.content {
        case .fresh(let path): now = (try flush(path, isOurs: true), path)
        case .shared(let path): now = (try flush(path, isOurs: false), path)
        case .adopted(let path): now = (try Self.existing(path, followingLinks: true), path)
        case .present: return nil
        }
        if let proven = file.print, !now.print.isSame(as: proven, onDiskOfKind: disks.kind(now.path)) {
            throw Failure.changedMeanwhile(now.path)
        }
        return now.print
    }

    /// A blob of our own that is not as it was proven comes before every place outside the store. Where the same bytes are to
    /// be used where they lie, it is proven anew, or good bytes are put in its place.
    private func mending(_ file: ProvenFile, _ copies: inout [JoinedFile]) throws -> ProvenFile {
        guard case .adopted(let path) = file.content, let own = FilePrint(path: layout.blob(file.digest), followingLinks: false),
            try !inventory.read({ try isSound(file.digest, size: own.size, in: $0) })
        else { return file }
        var file = file
        if try orphan(file.digest) != nil {
            (file.content, file.print) = (.shared(layout.blob(file.digest)), own)
            return file
        }
        guard let folder = try root.folder(Layout.partialFolder, creating: true) else { throw Failure.storeMoved(layout.home) }
        let copy = try JoinedFile(Self.adoptionName(), in: folder)
        copies.append(copy)
        try copy.append(path)
        guard copy.digest == file.digest else { throw Failure.changedMeanwhile(path) }
        (file.content, file.print) = (.fresh(copy.path), nil)
        return file
    }

    private static func existing(_ path: String, followingLinks: Bool) throws -> FilePrint {
        guard let print = FilePrint(path: path, followingLinks: followingLinks) else {
            throw Failure.unreadable(path: path, reason: "it is not there any more")
        }
        return print
    }

    func flush(_ path: String, isOurs: Bool) throws -> FilePrint {
        let (folder, name) = try reach(path)
        let descriptor = openat(folder?.descriptor ?? AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        var status = stat()
        guard !isOurs || fchmod(descriptor, 0o444) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        guard FileBytes.flush(descriptor) else {
            let number = errno
            // What did not reach the disk is lost, whatever the next flush says of it: it must not be found again.
            if isOurs { unlinkat(folder?.descriptor ?? AT_FDCWD, name, 0) }
            throw Failure.cannotWrite(path: path, errno: number)
        }
        guard fstat(descriptor, &status) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        return FilePrint(status)
    }

    /// Puts one file in its place and writes it down. - Returns: its bytes.
    private func take(_ file: ProvenFile, _ print: FilePrint?, at now: Date, in database: Database) throws -> Int64 {
        switch (file.content, print) {
        case (.fresh(let path), let print?), (.shared(let path), let print?):
            if try isSound(file.digest, size: print.size, in: database), path != layout.blob(file.digest) {
                // The same bytes are here already, and other models show them.
                try remove(path)
                return print.size
            }
            if path != layout.blob(file.digest) {
                try move(path, to: file.digest)
            } else if FilePrint(path: path, followingLinks: false)?.isSame(as: print, onDiskOfKind: disks.kind(path)) != true {
                throw Failure.blobGone(file.path.value)
            }
            try Inventory.insert(blob: file.digest, size: print.size, modified: print.modified, provenAt: now, in: database)
            for other in try Inventory.models(with: file.digest, in: database) { try show(other) }
            return print.size
        case (.adopted(let path), let print?):
            // What was hashed lies outside: of a blob of our own that proves nothing, and a mark on it stays.
            if FilePrint(path: layout.blob(file.digest), followingLinks: false) == nil {
                try Inventory.insert(blob: file.digest, size: print.size, modified: nil, provenAt: now, in: database)
            } else if try !isSound(file.digest, size: print.size, in: database) {
                throw Failure.blobGone(file.path.value)
            }
            let place = Place(path: path, digest: file.digest, print: print, mount: MountPoint.holding(path))
            try Inventory.insert(place, at: now, in: database)
            return print.size
        default:
            // Asked inside the transaction, where nobody can be removing it.
            guard let size = try Inventory.size(of: file.digest, in: database) else { throw Failure.blobGone(file.path.value) }
            return size
        }
    }

    private func isSound(_ digest: Digest, size: Int64, in database: Database) throws -> Bool {
        guard let print = FilePrint(path: layout.blob(digest), followingLinks: false), print.size == size else { return false }
        return try Inventory.isSound(digest, modified: print.modified, in: database)
    }

    func move(_ path: String, to digest: Digest) throws {
        guard let folder = try root.folder(Layout.folder(of: digest), creating: true) else { return }
        let (source, name) = try reach(path)
        try folder.take(name, from: source, as: digest.hex)
        try folder.flush()
    }

    /// What lies in the store is reached from the folder that was opened at the beginning: its path may lead elsewhere by now.
    ///
    /// - Returns: without a folder for what lies outside; the name is then the path.
    private func reach(_ path: String) throws -> (folder: StoreFolder?, name: String) {
        guard path.hasPrefix(layout.home + "/") else { return (nil, path) }
        let relative = String(path.dropFirst(layout.home.utf8.count + 1)) as NSString
        let folder = try relative.deletingLastPathComponent.isEmpty ? root : root.folder(relative.deletingLastPathComponent)
        guard let folder else { throw Failure.unreadable(path: path, reason: "it is not there any more") }
        return (folder, relative.lastPathComponent)
    }

    private func remove(_ path: String) throws {
        let (folder, name) = try reach(path)
        if let folder { try folder.remove(name) } else { try Self.remove(path) }
    }

    /// Runs a change of the inventory during which files are shown or hidden beside it. Where the change is not written down in
    /// the end, what is shown follows the inventory again.
    func writeShown<Value>(_ change: (Database) throws -> Value) throws -> Value {
        do { return try inventory.write(change) } catch {
            // What cannot be put right now, say on a full disk, is put right when the store is opened next.
            do { _ = try settleNames() } catch {}
            throw error
        }
    }

    /// Writes a model down in the caller's transaction and shows its files. When that cannot be finished, what stood there
    /// before is shown again.
    func settle(_ manifest: ModelManifest, at now: Date, in database: Database) throws {
        let old = try currentManifest(manifest.label, in: database)
        do {
            try Inventory.insert(manifest, in: database)
            if let old, old.digests != manifest.digests { try Inventory.keep(superseded: old, at: now, in: database) }
            try present(manifest)
            let names = try Inventory.names(in: database)
            if !names.isEmpty, try names != readNames() { try writeNames(names) }
        } catch {
            // The database goes back by itself; the files beside it are put back as well as the disk allows, and what that
            // leaves is settled when the store is opened next: they only repeat what the inventory says.
            let original = error
            do { if let old { try present(old) } else { try hide(manifest.label) } } catch let second {
                let failure = Failure.wrapping(original, doing: "taking \(manifest.label.key) in")
                throw failure.adding("not put back", "\(second)")
            }
            throw original
        }
    }

    private func present(_ manifest: ModelManifest) throws {
        try show(manifest)
        try writeSideFile(manifest)
    }

    /// A row that cannot be read is replaced like one that is not there.
    private func currentManifest(_ label: ModelLabel, in database: Database) throws -> ModelManifest? {
        do { return try Inventory.model(name: label.name, tag: label.tag, in: database) } catch is Failure { return nil }
    }
}
