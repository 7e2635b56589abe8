// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
package import HomeWiseDomain

/// A blob whose bytes can be looked at.
package struct BlobProof: Sendable, Equatable {
    package var digest: Digest
    package var size: Int64
    /// When its bytes were read and found right.
    package var provenAt: Date
    /// When they were found to be others since then; `nil` where they were not.
    package var damagedAt: Date?
}

extension ModelStore {
    /// All blobs, the longest unproven first: whoever goes through them and is interrupted goes on where that was. Those that are
    /// known to be damaged come last, for no look moves their proof, and nothing behind them would ever be read.
    package func proofs() throws -> [BlobProof] {
        try inventory.proofs().map { BlobProof(digest: $0.digest, size: $0.size, provenAt: $0.provenAt, damagedAt: $0.damagedAt) }
    }

    /// Reads a blob's bytes from the disk and writes down what they are.
    ///
    /// - Parameter seen: told how many bytes are done; it may wait, and so set the pace.
    /// - Throws: `CancellationError`; bytes that cannot be read are a finding, not an error.
    package func verify(_ digest: Digest, at now: Date, seen: (Int64) throws -> Void = { _ in }) throws -> FileState {
        let notes = try inventory.blobNotes()
        if let print = FilePrint(path: layout.blob(digest), followingLinks: false) {
            let isSound = try isRight(layout.blob(digest), digest, followingLinks: false, seen)
            try inventory.mark(digest, isSound: isSound, modified: print.modified, at: now)
            return isSound ? .sound : .damaged
        }
        // One place with the right bytes is enough; each is marked for itself, so that a bad one is not used.
        var state = FileState.missing
        for place in notes.places[digest, default: []] { state = min(state, try verify(place, at: now, seen)) }
        // What is away or gone tells nothing of its bytes.
        if state == .sound || state == .damaged { try inventory.mark(digest, isSound: state == .sound, modified: nil, at: now) }
        return state
    }

    /// A file that was touched and still has the same bytes counts again.
    private func verify(_ place: Place, at now: Date, _ seen: (Int64) throws -> Void) throws -> FileState {
        guard let print = FilePrint(path: place.path, followingLinks: true) else { return state(of: place) }
        let isRight = try isRight(place.path, place.digest, followingLinks: true, seen)
        if isRight {
            if print != place.print || place.isDamaged { try inventory.mark(place, as: print, damagedAt: nil) }
        } else if !place.isDamaged {
            // It keeps the look that it was proven with: with another it is changed as well.
            try inventory.mark(place, as: place.print, damagedAt: now)
        }
        return isRight ? .sound : .damaged
    }

    /// Places outside the store that should have a blob's bytes and have others, or are gone, while another place has them.
    package func badPlaces(of digest: Digest) throws -> [(path: String, state: FileState)] {
        try inventory.blobNotes().places[digest, default: []].map { ($0.path, state(of: $0)) }.filter { $0.1 != .sound }
    }

    private func isRight(_ path: String, _ digest: Digest, followingLinks: Bool, _ seen: (Int64) throws -> Void) throws -> Bool {
        do { return try FileHash.digest(of: path, followingLinks: followingLinks, isFresh: true, seen: seen) == digest } catch is Failure {
            // A disk that cannot give the bytes back is as bad as one that gives others.
            return false
        }
    }

    /// Shows a model's files again under their real names, and writes its side file again, where either is not as it
    /// should be.
    ///
    /// - Returns: whether there was anything to mend.
    @discardableResult package func mendNames(of model: InstalledModel) throws -> Bool {
        let (name, tag) = try (SafePath(untrusted: model.name), SafePath(untrusted: model.tag))
        return try inventory.write { database in
            guard let manifest = try Inventory.model(name: name, tag: tag, in: database) else { return false }
            let written = try root.folder(Layout.manifestFolder(name: name))?.read(Layout.manifest(tag: tag))
            let isWritten = try written == manifest.json()
            if !isWritten { try writeSideFile(manifest) }
            let isShown = model.folder != nil || model.files.contains { $0.isAdopted || $0.state != .sound }
            if !isShown { try show(manifest) }
            return !isWritten || !isShown
        }
    }

    /// Puts proven bytes in the place of a damaged blob.
    ///
    /// - Parameter path: on the store's disk; it is moved.
    package func replace(_ digest: Digest, with path: String, at now: Date) throws {
        let print = try flush(path, isOurs: true)
        try inventory.write { database in
            if path != layout.blob(digest) { try move(path, to: digest) }
            try Inventory.insert(blob: digest, size: print.size, modified: print.modified, provenAt: now, in: database)
            for model in try Inventory.models(with: digest, in: database) { try show(model) }
        }
    }
}
