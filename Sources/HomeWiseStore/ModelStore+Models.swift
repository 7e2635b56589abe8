// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Looking at what is here. Sizes and times are looked at, not contents.
extension ModelStore {
    /// Every model, whatever its state, and what is written down but cannot be read as one.
    package func everything() throws -> (models: [InstalledModel], broken: [BrokenModel]) {
        let notes = try inventory.blobNotes()
        var (models, broken) = ([InstalledModel](), [BrokenModel]())
        for row in try inventory.modelRows() {
            do {
                let (manifest, lastUsed) = try row.read()
                models.append(look(at: manifest, notes, lastUsed: lastUsed))
            } catch {
                let failure = Failure.wrapping(error, doing: "reading what is known of \(row.name):\(row.tag)")
                broken.append(BrokenModel(name: row.name, tag: row.tag, failure: failure))
            }
        }
        return (models, broken)
    }

    /// Every model that can be used, newest first.
    package func models() throws -> [InstalledModel] { try everything().models.filter { $0.state == .sound } }

    /// The model as it was proven, or `nil` when it is not here, or no longer whole: then it is fetched again.
    package func model(_ name: String, tag: String) throws -> InstalledModel? {
        try models().first { $0.name == name && $0.tag == tag }
    }

    /// Where a proven blob lies, ready to be read; `nil` where it is not here or no longer as it was proven.
    package func place(of digest: Digest) throws -> String? {
        guard let size = try inventory.size(of: digest) else { return nil }
        let found = look(for: digest, size: size, inventory: try inventory.blobNotes())
        return found.state == .sound ? found.path : nil
    }

    func look(at manifest: ModelManifest, _ notes: BlobNotes, lastUsed: Date?) -> InstalledModel {
        let files = manifest.files.map { file in
            let found = look(for: file.digest, size: file.size, inventory: notes)
            return InstalledFile(
                path: file.path.value, role: file.role, digest: file.digest, size: ByteCount(file.size), place: found.path,
                state: found.state, isAdopted: found.isAdopted)
        }
        return InstalledModel(
            manifest, files: files, folder: folder(of: manifest, files.filter { $0.role != .archive }), lastUsed: lastUsed)
    }

    /// The blob of our own if it is here, else the best of the places that were adopted.
    private func look(for digest: Digest, size: Int64, inventory notes: BlobNotes) -> (path: String, state: FileState, isAdopted: Bool) {
        let own = layout.blob(digest)
        if let print = FilePrint(path: own, followingLinks: false) {
            let isTouched = notes.modified[digest].map { $0 != print.modified } ?? false
            let state: FileState = print.size != size || notes.damaged.contains(digest) ? .damaged : isTouched ? .changed : .sound
            return (own, state, false)
        }
        let places = notes.places[digest, default: []].map { place in
            let state = state(of: place)
            return (path: place.path, state: state == .sound && notes.damaged.contains(digest) ? .damaged : state, isAdopted: true)
        }
        return places.min { $0.state < $1.state } ?? (own, .missing, false)
    }

    func state(of place: Place) -> FileState {
        if let print = FilePrint(path: place.path, followingLinks: true) {
            let isSame = print.isSame(as: place.print, onDiskOfKind: disks.kind(place.path))
            return isSame ? place.isDamaged ? .damaged : .sound : .changed
        }
        return MountPoint.holding(place.path) == place.mount ? .missing : .away
    }

    /// The folder that shows all of a model's files under their real names: ours, or the one that they were adopted in.
    private func folder(of manifest: ModelManifest, _ files: [InstalledFile]) -> String? {
        let own = layout.model(name: manifest.label.name, tag: manifest.label.tag)
        let areShown = files.allSatisfy { file in
            guard let shown = FilePrint(path: "\(own)/\(file.path)", followingLinks: false) else { return false }
            return shown == FilePrint(path: file.place, followingLinks: false)
        }
        if areShown { return own }
        let first = files[0]
        guard first.place.hasSuffix("/\(first.path)") else { return nil }
        let root = first.place.dropLast(first.path.count + 1)
        return files.allSatisfy { $0.place == "\(root)/\($0.path)" } ? String(root) : nil
    }
}
