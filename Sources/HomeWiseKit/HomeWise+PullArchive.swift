// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// Models that a source has in an archive, whole or cut: which they are is known only once it is here.
extension HomeWise {
    /// - Parameter typed: as a person names a model.
    /// - Returns: the source of an archive; `nil` for anything else.
    public func archiveSource(_ typed: String) throws -> SourceReference? {
        switch try ModelSelector(parsing: typed) {
        case .source(.web(let address)):
            return PackedFile.isArchive(named: URL(string: address)?.lastPathComponent ?? "") ? .web(address) : nil
        case .source(.hub(let repository)), .source(.modelScope(let repository)):
            guard case .file(let path) = repository.part, PackedFile.isArchive(named: path.name),
                case .source(let source) = try ModelSelector(parsing: typed)
            else { return nil }
            return source
        case .source(.file(let path)), .path(let path):
            var isFolder: ObjCBool = false
            let full = Self.fullPath(path, home: world.environment["HOME"])
            guard PackedFile.isArchive(named: (full as NSString).lastPathComponent),
                FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue
            else { return nil }
            return .file(full)
        default: return nil
        }
    }

    private static func fullPath(_ path: String, home: String?) -> String {
        let whole = path.hasPrefix("~/") ? (home ?? "") + path.dropFirst() : path
        return URL(filePath: whole).standardizedFileURL.absoluteURL.path
    }

    /// Fetches an archive and takes in the models that are in it. A file of this machine is read where it is.
    ///
    /// - Throws: `Failure`, as `importPacked` does for the archive; what was fetched stays for the next attempt, unless it is unsound.
    public func pullArchive(_ source: SourceReference, report: @escaping Report) async throws -> [Installed] {
        let here = try store.everything().models.filter { $0.source == source.description }
        // One of several that is damaged has to come out of the archive again.
        if !here.isEmpty, here.allSatisfy({ $0.state == .sound }) { return here.map(Installed.init) }
        if case .file(let path) = source {
            if try bundle(at: path) != nil { return [try importBundle(at: path, report: report)] }
            let found = try importPacked(at: path, report: report)
            return try Self.some(found.installed, in: source)
        }
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let delivery = try await desk.resolve(source, named: "\(source)", wish: SourceWish())
        guard let file = delivery.files.first, delivery.files.count == 1 else {
            throw Failure.badReply(host: source.kind, "it names more than one archive")
        }
        try checkSpace(for: file)
        let purpose = "\(ImportName.slug(file.path.name.prefix { $0 != "." })):archive"
        let fetch = FileFetch(store: store, transport: transport, limits: world.limits, now: world.now, purpose: purpose, report: report)
        var parts: [FileFetch.Fetched] = []
        for part in file.parts { if let one = try await fetch.run(part.file) { parts.append(one) } }
        do {
            let installed = try take(parts, file, of: source, report)
            for part in parts { try store.discard(transfer: part.key) }
            return installed
        } catch let failure as Failure where Self.isLasting(failure) {
            for part in parts { try store.discard(transfer: part.key) }
            throw failure
        }
    }

    /// What is unsound would be found again, and be as unsound.
    private static func isLasting(_ failure: Failure) -> Bool {
        [
            .damagedArchive, .archiveLinkForbidden, .archiveEntryForbidden, .archiveTooLarge, .unsafePath, .malformedModel, .digestMismatch,
        ].contains(failure.code)
    }

    /// The archive, and as much again for what comes out of it at least.
    private func checkSpace(for file: Delivery.File) throws {
        let reserved = file.parts.reduce(Int64(0)) { $0 + store.bytesReserved(forTransfer: FileFetch.key(of: $1.file)) }
        let size = file.parts.reduce(Int64(0)) { $0 + ($1.file.size ?? 0) }
        let needed = max(0, size - reserved) + size + Planner.diskReserve.bytes
        guard let free = StorageProbe.storage(of: world.home).free, free.bytes < needed else { return }
        throw Failure.diskTooSmall(path: store.layout.home, needed: ByteCount(needed), free: free)
    }

    private func take(_ parts: [FileFetch.Fetched], _ file: Delivery.File, of source: SourceReference, _ report: @escaping Report) throws
        -> [Installed]
    {
        guard let packed = try PackedFile(fetched: parts.map(\.path), called: file.path.name) else {
            throw Failure.damagedArchive(file.path.name, "it is none, whatever its name says")
        }
        if let expected = file.digest, parts.count > 1 {
            let actual = try Self.digest(of: parts.map(\.path))
            guard actual == expected else { throw Failure.corrupted(file.path.name, expected: expected, actual: actual) }
        }
        report(.unpacking(file.path.name))
        let staging = store.unpackingPlace()
        do {
            let archives = try zip(parts, file.parts).map { part, origin in
                let path = try SafePath(untrusted: "archives/\(SafePath(untrusted: origin.file.name).name)")
                return ProvenFile(path: path, role: .archive, digest: part.digest, content: .fresh(part.path))
            }
            let found = try unpack(
                packed, source: source.description, below: staging, report, keeping: world.keepCompressed ? archives : [])
            try BundleArchive.remove(staging)
            return try Self.some(found.0, in: source)
        } catch {
            try BundleArchive.remove(staging)
            throw error
        }
    }

    private static func digest(of paths: [String]) throws -> Digest {
        var hash = FileHash()
        for path in paths {
            let file = try MappedFile(path: path)
            for start in stride(from: Int64(0), to: file.length, by: 8 << 20) {
                try Task.checkCancellation()
                try file.withBytes(start..<min(start + (8 << 20), file.length)) { hash.add($0) }
            }
        }
        return hash.finish()
    }

    /// Takes a damaged file out of its archive again: of the one that is kept, else of the one at its source.
    ///
    /// - Returns: `false` for a model that no archive of an import or of an address brought.
    /// - Throws: `Failure` as `pullArchive`.
    func mendFromArchive(_ file: InstalledFile, of model: InstalledModel, report: @escaping Report) async throws -> Bool {
        guard file.role != .archive, let named = try? SourceReference(parsing: model.source),
            let name = Self.archiveName(of: named), PackedFile.isArchive(named: name)
        else { return false }
        let kept = model.archives
        let packed =
            kept.isEmpty || kept.contains { $0.state != .sound }
            ? nil
            : try PackedFile(fetched: kept.map(\.place), called: SplitName(name)?.base ?? name)
        if let packed {
            let archives = try kept.map {
                try ProvenFile(path: SafePath(untrusted: $0.path), role: .archive, digest: $0.digest, content: .present)
            }
            let staging = store.unpackingPlace()
            do {
                _ = try unpack(packed, source: model.source, below: staging, report, keeping: archives)
                try BundleArchive.remove(staging)
            } catch {
                try BundleArchive.remove(staging)
                throw error
            }
        } else if let source = try archiveSource(model.source) {
            _ = try await pullArchive(source, report: report)
        } else {
            return false
        }
        guard try store.verify(file.digest, at: world.now()) == .sound else { throw Failure.notServed(file.path, source: "archive") }
        return true
    }

    private static func archiveName(of source: SourceReference) -> String? {
        switch source {
        case .web(let address): URL(string: address)?.lastPathComponent
        case .file(let path): (path as NSString).lastPathComponent
        case .hub(let repository), .modelScope(let repository):
            if case .file(let path) = repository.part { path.name } else { nil }
        default: nil
        }
    }

    private static func some(_ installed: [Installed], in source: SourceReference) throws -> [Installed] {
        guard !installed.isEmpty else { throw Failure.noModelFiles("\(source)", format: "a form that HomeWise knows") }
        return installed
    }
}
