// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// A zip or tar archive, or a single packed file (gzip, xz, zstd), in one file or cut into several.
///
/// It is read in two phases: first our own strict readers list everything and the rules decide, then libarchive unpacks
/// and must see the same. Only plain files and folders come out, under safe names, with fixed rights, within a budget.
package struct Archive: Sendable {
    /// The files that it lies in, in order.
    package let parts: [String]
    /// For error messages; a single packed file is named after it.
    package let name: String
    /// Where its list was read already.
    private var listing: ArchiveListing?

    package init(path: String, name: String) { self.init(parts: [path], name: name) }

    /// - Parameter parts: the files that one archive was cut into, in order; they are read as one without joining them.
    package init(parts: [String], name: String) {
        self.parts = parts
        self.name = name
    }

    /// The same archive with its list: of one that is packed the list is had by unpacking all of it, and once is enough. Whatever
    /// comes out later is held to this list, so that a file that changed meanwhile is refused.
    ///
    /// - Throws: `Failure` for a list that cannot be read.
    package func listed() throws -> Archive {
        var listed = self
        listed.listing = try list(ArchiveInput(parts))
        return listed
    }

    private func list(_ input: ArchiveInput, limit: Int64 = .max) throws -> ArchiveListing {
        if let listing { return listing }
        return try ArchiveListing(input, name: name, limit: limit)
    }

    /// What is in it, as it stands there: nothing of it is let through yet.
    func entries() throws -> [ArchiveEntry] { try list(ArchiveInput(parts)).entries }

    /// Takes some files out in one go, each for itself; what else is in there stays there.
    ///
    /// - Parameter limit: bytes that each may have at most.
    func take(_ wanted: [SafePath], into target: borrowing ArchiveFolder, limit: Int64) throws -> [SafePath: Digest] {
        let input = try ArchiveInput(parts)
        let listing = try list(input)
        var members: [Int: SafePath] = [:]
        for path in wanted { members[try ArchiveRules.member(path, in: listing.entries, of: name).index] = path }
        let budget = ArchiveBudget(announced: limit, packed: input.length, free: target.free)
        try budget.check(members.keys.reduce(Int64(0)) { $0 + (listing.entries[$1].size ?? 0) }, of: name)
        var extraction = try ArchiveExtraction(input, listing, name: name, budget: budget, wanted: Set(members.keys))
        var digests: [SafePath: Digest] = [:]
        while let path = try extraction.next().flatMap({ members[$0] }) {
            var hash = SHA256()
            _ = try target.withNewFile(path, isExecutable: false) { file in
                try extraction.copy { bytes in
                    try Self.write(bytes, to: file, path: "\(target.path)/\(path)")
                    hash.update(bufferPointer: bytes)
                }
            }
            digests[path] = Digest(bytes: hash.finalize())
        }
        return digests
    }

    /// One file that came out.
    package struct Unpacked: Sendable, Equatable {
        package var path: SafePath
        package var size: Int64
        package var digest: Digest
    }

    /// What is in it, checked as if all of it were wanted. Nothing is written.
    ///
    /// - Parameter limit: bytes that all files together may have.
    /// - Throws: `Failure` as `extractAll`.
    package func members(limit: Int64 = .max) throws -> [ArchiveEntry] {
        let input = try ArchiveInput(parts)
        let listing = try list(input, limit: limit)
        try ArchiveBudget(announced: limit, packed: input.length, free: nil).check(listing.total ?? 0, of: name)
        return try ArchiveRules.members(listing.entries, of: name).map(\.entry)
    }

    /// Writes one member to an open file, at its current end. What else is in the archive stays there.
    ///
    /// - Parameters:
    ///   - member: its name; a single packed file has only one, whatever it is called.
    ///   - limit: bytes that it may have at most.
    ///   - consume: sees every byte, in order, as it is written.
    /// - Throws: `Failure.damagedArchive` when the member is missing or the archive broken or ambiguous,
    ///   `.archiveTooLarge` before more than the limit is written.
    package func extract(
        _ member: SafePath, to descriptor: Int32, limit: Int64, consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try read(member, limit: limit, free: ArchiveFolder.free(on: descriptor)) { bytes in
            try Self.write(bytes, to: descriptor, path: "what \(name) holds")
            try consume(bytes)
        }
    }

    /// Reads one member from its beginning to its end.
    ///
    /// - Parameter free: bytes of the disk that it may fill; `nil` where it goes nowhere.
    func read(_ member: SafePath, limit: Int64, free: Int64?, _ consume: (UnsafeRawBufferPointer) throws -> Void) throws {
        let input = try ArchiveInput(parts)
        let listing = try list(input)
        let index: Int
        if case .single = listing.form {
            index = 0
        } else {
            index = try ArchiveRules.member(member, in: listing.entries, of: name).index
        }
        let budget = ArchiveBudget(announced: limit, packed: input.length, free: free)
        try budget.check(listing.entries[index].size ?? 0, of: name)
        var extraction = try ArchiveExtraction(input, listing, name: name, budget: budget, wanted: [index])
        while try extraction.next() != nil { _ = try extraction.copy(to: consume) }
    }

    /// Unpacks everything, or everything below one of its folders, into a folder of the disk, which is made.
    ///
    /// It appears complete or not at all: it is filled beside its place under a name ending in “.unpacking” and then
    /// renamed; what an interrupted run left there is removed first. The caller sees to it that no other run does the same.
    ///
    /// - Parameters:
    ///   - prefix: a folder in the archive; `nil` for all. What lies elsewhere is checked like the rest and stays there.
    ///   - limit: bytes that all of the files may have together.
    /// - Returns: the files with their digests, in the order of the archive.
    /// - Throws: `Failure`: `.archiveLinkForbidden`, `.archiveEntryForbidden`, `.unsafePath`, `.archiveTooLarge`, `.damagedArchive`,
    ///   `.diskFull`, and then nothing is left behind.
    @discardableResult
    package func extractAll(below prefix: String? = nil, to folder: String, limit: Int64) throws -> [Unpacked] {
        let input = try ArchiveInput(parts)
        let listing = try list(input)
        let members = try Self.below(prefix, try ArchiveRules.members(listing.entries, of: name))
        guard !members.isEmpty else { throw Failure.damagedArchive(name, prefix.map { "it has no folder \($0)" } ?? "it is empty") }
        let staging = folder + ".unpacking"
        try ArchiveFolder.remove(staging)
        do {
            let target = try ArchiveFolder(at: staging)
            let budget = ArchiveBudget(announced: limit, packed: input.length, free: target.free)
            try budget.check(members.reduce(Int64(0)) { $0 + ($1.entry.size ?? 0) }, of: name)
            let files = Dictionary(uniqueKeysWithValues: members.filter { $0.entry.kind == .file }.map { ($0.index, $0) })
            var extraction = try ArchiveExtraction(input, listing, name: name, budget: budget, wanted: Set(files.keys))
            for member in members where member.entry.kind == .folder { try target.makeFolder(member.path) }
            var unpacked: [Unpacked] = []
            while let member = try extraction.next().flatMap({ files[$0] }) {
                try unpacked.append(Self.unpack(member, by: &extraction, into: target))
            }
            guard rename(staging, folder) == 0 else { throw Failure.cannotWrite(path: folder, errno: errno) }
            return unpacked
        } catch {
            try ArchiveFolder.remove(staging)
            throw error
        }
    }

    /// The members of a folder, with their paths from there on.
    private static func below(_ prefix: String?, _ members: [ArchiveRules.Member]) throws -> [ArchiveRules.Member] {
        guard let prefix else { return members }
        return try members.compactMap { member in
            guard member.path.value.hasPrefix(prefix + "/") else { return nil }
            var member = member
            member.path = try SafePath(untrusted: String(member.path.value.dropFirst(prefix.count + 1)))
            return member
        }
    }

    private static func unpack(_ member: ArchiveRules.Member, by extraction: inout ArchiveExtraction, into target: borrowing ArchiveFolder)
        throws -> Unpacked
    {
        var hash = SHA256()
        let path = "\(target.path)/\(member.path)"
        let size = try target.withNewFile(member.path, isExecutable: member.entry.isExecutable) { file in
            try extraction.copy { bytes in
                try write(bytes, to: file, path: path)
                hash.update(bufferPointer: bytes)
            }
        }
        return Unpacked(path: member.path, size: size, digest: Digest(bytes: hash.finalize()))
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure.cannotWrite(path: path, errno: errno)
            }
            written += count
        }
    }
}
