// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// The files of one model on their way into the store: fetched, put together and proven one after the other, kept until
/// the last is there. What was fetched before a later file failed stays in `partial/` and is not fetched again.
struct Gathering {
    let store: ModelStore
    let fetch: FileFetch
    /// The model, for people.
    let name: String
    let source: SourceReference
    /// What a file may have at most where its source tells no size.
    let mostBytes: Int64
    let isHere: () throws -> Bool
    let report: Report
    /// Whether archives stay beside what comes out of them (`keep_compressed`).
    var isKeepingArchives = false
    /// How many members are still wanted from each address: an archive that nobody wants any more is let go at once.
    var wanted: [String: Int] = [:]
    private(set) var proven: [ProvenFile] = []
    /// Archives that are kept.
    var archives: [ProvenFile] = []
    /// By address: one archive may hold several files, and is fetched once.
    var fetched: [String: FileFetch.Fetched] = [:]
    /// Parts that were fetched into their places in a whole.
    var slices: [FileFetch.Fetched] = []
    /// Blobs that the new model shares with others: nobody may remove them now.
    var leases: [Lease] = []
    /// Files that were put together here, by what their places and their locks are named after.
    var joined: [Digest] = []
    /// Those of them that come out of archives, by what their notes go by.
    var joinKeys: [Digest] = []
    /// For files that are put together here: nobody may take them for leftovers.
    var locks: [FileLock] = []
    /// Transfers of parts whose locks were let go, because another run brought the whole.
    private var spare: [Digest] = []

    init(
        store: ModelStore, fetch: FileFetch, name: String, source: SourceReference, mostBytes: Int64, isHere: @escaping () throws -> Bool,
        report: @escaping Report
    ) {
        self.store = store
        self.fetch = fetch
        self.name = name
        self.source = source
        self.mostBytes = mostBytes
        self.isHere = isHere
        self.report = report
    }

    /// - Returns: `false` when another run brought the whole model meanwhile.
    /// - Throws: `Failure`; after a wrong checksum what was made of the damaged bytes is gone.
    mutating func gather(_ file: Delivery.File, round: Int = 0) async throws -> Bool {
        if let digest = file.digest, let same = proven.first(where: { $0.digest == digest }) {
            proven.append(ProvenFile(path: file.path, role: file.role, digest: digest, content: same.content))
            return true
        }
        if let digest = file.digest, let content = try present(digest) {
            proven.append(ProvenFile(path: file.path, role: file.role, digest: digest, content: content))
            return true
        }
        let held = (locks: locks.count, slices: slices.count)
        guard let (path, digest) = try await bring(file) else {
            // On the next round this run would wait for its own locks, for ever.
            spare += slices[held.slices...].map(\.key)
            slices.removeSubrange(held.slices...)
            locks.removeSubrange(held.locks...)
            if try isHere() {
                try abandon()
                return false
            }
            guard round < Self.mostRounds else { throw Failure.hereButClosed(file.path.name) }
            try await Task.sleep(for: .milliseconds(100))
            return try await gather(file, round: round + 1)
        }
        if let expected = file.digest, expected != digest {
            try discard(path, of: file)
            throw Failure.corrupted(file.path.name, expected: expected, actual: digest)
        }
        // What the transfer has said already need not be said twice.
        if file.parts.count > 1 || file.parts[0].packing != .plain || file.parts[0].file.digest == nil {
            report(.verified(name: file.path.name, digest: digest, isPublished: file.digest != nil))
        }
        proven.append(ProvenFile(path: file.path, role: file.role, digest: digest, content: .fresh(path)))
        return true
    }

    /// A file that counts as here and cannot be opened is not waited for much longer than this, in tenths of a second.
    private static let mostRounds = 50

    /// - Returns: where the whole file is, and its digest; `nil` when another run brought it, or the whole model, while this one waited.
    private mutating func bring(_ file: Delivery.File) async throws -> (String, Digest)? {
        if file.isPlain { return try await fetchOne(file.parts[0], of: file).map { ($0.path, $0.digest) } }
        return file.parts.allSatisfy { $0.packing == .plain } ? try await joinInPlace(file) : try await joinMembers(file)
    }

    /// - Returns: `nil` when another run brought the file, or the whole model, while this one waited for it.
    mutating func fetchOne(_ part: Delivery.Part, of file: Delivery.File) async throws -> FileFetch.Fetched? {
        if let known = fetched[part.file.url] { return known }
        // The same bytes under another address: their lock is ours already.
        if let digest = part.file.digest, let same = fetched.values.first(where: { $0.digest == digest }) {
            fetched[part.file.url] = same
            return same
        }
        if part.packing != .plain, let kept = try await keptArchive(part.file) {
            fetched[part.file.url] = kept
            return kept
        }
        let one = try await fetch.run(part.file) { try isBrought(file) }
        if let one { fetched[part.file.url] = one }
        return one
    }

    func isBrought(_ file: Delivery.File) throws -> Bool {
        try isHere() || (file.digest.map { try store.place(of: $0) != nil } ?? false)
    }

    /// The transfers are forgotten once their bytes have found their place.
    ///
    /// What they knew of each piece stays with the file: so a place that goes bad later is found and mended alone.
    func finish() throws {
        for one in fetched.values {
            if (proven + archives).contains(where: { $0.digest == one.digest }) {
                try store.inventory.keepChain(ofTransfer: one.key, as: one.digest)
            }
            try store.discard(transfer: one.key)
        }
        for one in slices { try store.discard(transfer: one.key) }
        for key in joinKeys { try store.forgetJoin(key) }
        try tidy()
    }

    /// Forgets all that was fetched, and removes what was made of it.
    mutating func abandon() throws {
        for one in fetched.values + slices { try store.discard(transfer: one.key) }
        for key in joinKeys { try store.forgetJoin(key) }
        (fetched, slices, locks, proven) = ([:], [], [], [])
        try tidy()
    }

    /// What was put together here and is not wanted, because another run brought the file. Whoever is at work on it now needs it.
    private func tidy() throws {
        for key in spare.uniqued() { try store.discardUnlessHeld(transfer: key) }
        for key in joined.uniqued() {
            let path = store.layout.joined(key)
            guard !proven.contains(where: { $0.content == .fresh(path) }), let lock = try store.lock(ofTransfer: key) else { continue }
            try withExtendedLifetime(lock) { try ModelStore.remove(path) }
        }
    }

    /// A blob that is here: of another model or tag, or left by a run that ended too early.
    private mutating func present(_ digest: Digest) throws -> ProvenFile.Content? {
        if let lease = try store.lease(digest, for: name, purpose: "fetching") {
            leases.append(lease)
            return .present
        }
        guard let orphan = try store.orphan(digest, for: name, purpose: "fetching") else { return nil }
        leases.append(orphan.lease)
        return .fresh(orphan.path)
    }

    /// Damaged bytes are not kept to be found again.
    private func discard(_ path: String, of file: Delivery.File) throws {
        try ModelStore.remove(path)
        for part in file.parts { if let one = fetched[part.file.url] { try store.discard(transfer: one.key) } }
        for one in slices where one.path == path { try store.discard(transfer: one.key) }
    }
}
