// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Files that are put together here, of parts or of members of archives, without room for them twice.
extension Gathering {
    /// Fetches every part straight into its place in the whole, one after the other, each proven where it lies.
    ///
    /// - Returns: where the whole is, and its digest; `nil` when another run brought it meanwhile.
    mutating func joinInPlace(_ file: Delivery.File) async throws -> (String, Digest)? {
        let whole = try Self.whole(of: file, in: store)
        if let key = whole.keys.first { joined.append(key) }
        for (index, part) in file.parts.enumerated() {
            let one = try await fetch.run(part.file, in: .init(whole: whole, index: index)) { try isBrought(file) }
            guard let one else { return nil }
            slices.append(one)
        }
        try Task.checkCancellation()
        let size = file.size ?? whole.size
        let digest = try FileHash.digest(of: whole.path, followingLinks: false) { done in
            report(.progress(name: "\(file.path.name), joined", TransferStatus(received: done, total: size)))
        }
        return (whole.path, digest)
    }

    static func whole(of file: Delivery.File, in store: ModelStore) throws -> PartialWhole {
        let parts = try file.parts.map { part in
            guard let size = part.file.size else { throw Failure.badReply(host: part.file.host, "it tells no size for \(part.file.name)") }
            return (identity: part.file.digest.map { "\($0)" } ?? part.file.url, size: size)
        }
        return try PartialWhole(parts: parts, layout: store.layout, inventory: store.inventory)
    }

    /// Takes a member out of each archive as it comes, and lets the archive go where nothing else is wanted from it.
    ///
    /// - Returns: where the whole is, and its digest; `nil` when another run brought it meanwhile.
    mutating func joinMembers(_ file: Delivery.File) async throws -> (String, Digest)? {
        let key = Self.joinKey(of: file, from: source)
        let path = store.layout.joined(key)
        joined.append(key)
        joinKeys.append(key)
        try await locks.append(FileLock.hold("\(store.layout.run)/\(key.hex).lock") { report(.waiting(file.path.name)) })
        var (join, done) = try begin(file, at: path, key)
        // Another run may be fetching the same archive for another model.
        for part in file.parts[..<done] { try store.discardUnlessHeld(transfer: FileFetch.key(of: part.file)) }
        do {
            for (index, part) in file.parts.enumerated().dropFirst(done) {
                guard case .member(let member) = part.packing else {
                    throw Failure.badReply(host: part.file.host, "\(file.path.name) is partly packed and partly not")
                }
                guard let archive = try await fetchOne(part, of: file) else {
                    join.abandon()
                    return nil
                }
                try Task.checkCancellation()
                if index == done { report(.unpacking(name)) }
                let limit = file.size ?? mostBytes
                try join.append(member, of: Archive(path: archive.path, name: part.file.name), limit: limit)
                try keep(archive, part.file)
                if index + 1 < file.parts.count { try letGo(part.file, of: file, after: index + 1, in: join, key) }
            }
        } catch {
            join.abandon()
            // What was joined of archives that are gone is all there is of them.
            if try store.joinNote(key) == nil { try ModelStore.remove(path) }
            throw error
        }
        return (path, join.finish().digest)
    }

    /// What a file that is joined of members goes by.
    static func joinKey(of file: Delivery.File, from source: SourceReference) -> Digest {
        file.digest ?? FileHash.digest(ofText: "\(source.description) \(file.path)")
    }

    /// How far the file was joined already, of these very parts: those of another source may be cut elsewhere.
    static func begun(_ file: Delivery.File, _ key: Digest, in store: ModelStore) throws -> JoinNote? {
        guard let known = try store.joinNote(key), known.members > 0, known.members < file.parts.count,
            known.parts == identity(of: file.parts[..<known.members])
        else { return nil }
        return known
    }

    private static func identity(of parts: ArraySlice<Delivery.Part>) -> Digest {
        let lines = parts.map { part in
            let member = if case .member(let path) = part.packing { path.value } else { "" }
            return "\(FileFetch.key(of: part.file).hex) \(member)"
        }
        return FileHash.digest(ofText: lines.joined(separator: "\n"))
    }

    private func begin(_ file: Delivery.File, at path: String, _ key: Digest) throws -> (MemberJoin, Int) {
        // Archives that are to be kept have to come whole.
        if !isKeepingArchives, let known = try Self.begun(file, key, in: store),
            let join = try MemberJoin(path: path, continuing: (known.size, known.digest))
        {
            return (join, known.members)
        }
        try store.forgetJoin(key)
        return (try MemberJoin(path: path), 0)
    }

    /// The archive goes once what came out of it is safe on the disk, and that is written down.
    private mutating func letGo(
        _ file: RemoteFile, of whole: Delivery.File, after members: Int, in join: borrowing MemberJoin, _ key: Digest
    ) throws {
        let rest = (wanted[file.url] ?? 1) - 1
        wanted[file.url] = rest
        guard rest <= 0, !isKeepingArchives, let archive = fetched[file.url],
            !fetched.contains(where: { $0.key != file.url && $0.value.key == archive.key })
        else { return }
        try join.flush()
        // The most that it may have is a tenth more than it should have.
        let note = JoinNote(
            name: whole.path.name, model: fetch.purpose, members: members, size: join.size, digest: join.currentDigest,
            total: whole.size ?? mostBytes / 11 * 10, parts: Self.identity(of: whole.parts[..<members]))
        try store.keep(note, of: key, at: fetch.now())
        fetched[file.url] = nil
        try store.discard(transfer: archive.key)
    }

    private mutating func keep(_ archive: FileFetch.Fetched, _ file: RemoteFile) throws {
        guard isKeepingArchives, !archives.contains(where: { $0.digest == archive.digest }) else { return }
        // What was not fetched just now is in the store, or lies where a person keeps it: it is moved from nowhere.
        let isPresent = archive.path != store.layout.partial(archive.key)
        let path = try Self.path(ofArchive: file.name, besides: archives)
        archives.append(
            ProvenFile(path: path, role: .archive, digest: archive.digest, content: isPresent ? .present : .fresh(archive.path)))
    }

    /// In a folder of its own, where no reader looks for a model's files.
    static func path(ofArchive name: String, besides others: [ProvenFile]) throws -> SafePath {
        let file = try SafePath(untrusted: name).name
        let taken = Set(others.map { $0.path.value.lowercased() })
        let first = "archives/\(file)"
        guard taken.contains(first.lowercased()) else { return try SafePath(untrusted: first) }
        return try SafePath(untrusted: "archives/\(others.count + 1)-\(file)")
    }

    /// An archive that is kept with a model that is here.
    mutating func keptArchive(_ file: RemoteFile) async throws -> FileFetch.Fetched? {
        guard let digest = file.digest, let lease = try store.lease(digest, for: name, purpose: "unpacking"),
            let place = try store.place(of: digest)
        else { return nil }
        leases.append(lease)
        let lock = try await FileLock.hold("\(store.layout.run)/\(digest.hex).lock") { report(.waiting(file.name)) }
        return FileFetch.Fetched(key: FileFetch.key(of: file), path: place, digest: digest, lock: lock)
    }
}
