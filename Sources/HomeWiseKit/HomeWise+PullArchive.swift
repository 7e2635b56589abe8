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
        if let here = try allHere(of: source) { return here }
        if case .file(let path) = source {
            if try bundle(at: path) != nil { return [try importBundle(at: path, report: report)] }
            let found = try importPacked(at: path, report: report)
            return try Self.some(found.installed, in: source)
        }
        let installed = try await withArchive(source, report, unless: { try allHere(of: source) != nil }) { packed, archives in
            let staging = store.unpackingPlace()
            defer { clean(staging, report) }
            let found = try unpack(packed, source: source.description, below: staging, report, keeping: archives)
            return try Self.some(found.installed, in: source)
        }
        return try installed ?? allHere(of: source) ?? Self.some([], in: source)
    }

    /// - Returns: `nil` where one of several is damaged too: it has to come out of the archive again.
    private func allHere(of source: SourceReference) throws -> [Installed]? {
        let here = try store.everything().models.filter { $0.source == source.description }
        return !here.isEmpty && here.allSatisfy { $0.state == .sound } ? here.map(Installed.init) : nil
    }

    /// Gets a model again that came out of an archive, by its name: that one alone, whatever else is in there.
    ///
    /// - Returns: `nil` for a model that has another source, or that is here.
    /// - Throws: `Failure` as `pullArchive`; `.notAtSource` where it is not in the archive any more.
    func obtainFromArchive(_ fit: Fit, report: @escaping Report) async throws -> Installed? {
        let (name, tag) = (fit.model.id, fit.variant.quantization.lowercased())
        guard fit.variant.isOnlyInArchives, let source = try fit.variant.sources.lazy.compactMap({ try archiveSource("\($0)") }).first,
            try store.model(name, tag: tag) == nil
        else { return nil }
        let take = { (packed: PackedFile, archives: [ProvenFile]) throws -> Installed in
            let staging = store.unpackingPlace()
            defer { clean(staging, report) }
            let found = try unpack(
                packed, source: source.description, below: staging, report, keeping: archives, wanting: "\(name):\(tag)")
            guard let model = found.installed.first else { throw Failure.notServed("\(name):\(tag)", source: "archive") }
            return model
        }
        if case .file(let path) = source {
            guard let packed = try PackedFile(path) else { throw Failure.damagedArchive(path, "it is none, whatever its name says") }
            report(.unpacking(packed.name))
            return try take(packed, world.keepCompressed ? store.prove(archives: packed.parts, how: .reference) : [])
        }
        let isHere = { try store.model(name, tag: tag) != nil }
        if let model = try await withArchive(source, report, unless: isHere, body: take) { return model }
        return try store.model(name, tag: tag).map(Installed.init)
    }

    /// Leftovers of unpacking are known by their names, should one not go.
    private func clean(_ staging: String, _ report: Report) {
        do { try BundleArchive.remove(staging) } catch { report(.note("\(staging) could not be removed: homewise prune does it.")) }
    }

    /// Fetches an archive and hands it on, with what of it is to be kept.
    ///
    /// - Parameter isHere: asked once a part is ours alone: another run may have brought it meanwhile.
    /// - Returns: `nil` when `isHere` says so.
    private func withArchive<Value>(
        _ source: SourceReference, _ report: @escaping Report, unless isHere: () throws -> Bool = { false },
        body: (PackedFile, [ProvenFile]) throws -> Value
    ) async throws -> Value? {
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let delivery = try await desk.resolve(source, named: "\(source)", wish: SourceWish())
        guard let file = delivery.files.first, delivery.files.count == 1 else {
            throw Failure.badReply(host: source.kind, "it names more than one archive")
        }
        try checkSpace(for: file)
        let purpose = "\(ImportName.slug(file.path.name.prefix { $0 != "." })):archive"
        let fetch = FileFetch(store: store, transport: transport, limits: world.limits, now: world.now, purpose: purpose, report: report)
        var parts: [FileFetch.Fetched] = []
        for part in file.parts {
            guard let one = try await fetch.run(part.file, unless: isHere) else {
                for part in parts { try store.discard(transfer: part.key) }
                return nil
            }
            parts.append(one)
        }
        do {
            let packed = try packed(parts, file)
            report(.unpacking(file.path.name))
            let archives = try zip(parts, file.parts).map { part, origin in
                let path = try SafePath(untrusted: "archives/\(SafePath(untrusted: origin.file.name).name)")
                return ProvenFile(path: path, role: .archive, digest: part.digest, content: .fresh(part.path))
            }
            let value = try body(packed, world.keepCompressed ? archives : [])
            for part in parts { try store.discard(transfer: part.key) }
            return value
        } catch let failure as Failure where Self.isLasting(failure) {
            for part in parts { try store.discard(transfer: part.key) }
            throw failure
        }
    }

    /// What is unsound would be found again, and be as unsound.
    private static func isLasting(_ failure: Failure) -> Bool {
        [
            .damagedArchive, .archiveLinkForbidden, .archiveEntryForbidden, .archiveTooLarge, .unsafePath, .malformedModel, .digestMismatch,
            .notAtSource,
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

    private func packed(_ parts: [FileFetch.Fetched], _ file: Delivery.File) throws -> PackedFile {
        guard let packed = try PackedFile(fetched: parts.map(\.path), called: file.path.name) else {
            throw Failure.damagedArchive(file.path.name, "it is none, whatever its name says")
        }
        if let expected = file.digest, parts.count > 1 {
            let actual = try Self.digest(of: parts.map(\.path))
            guard actual == expected else { throw Failure.corrupted(file.path.name, expected: expected, actual: actual) }
        }
        return packed
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

    /// Takes a damaged file out of its archive again: of the one that is kept, else of the one at its source. What else is in the
    /// archive stays there: a person may have removed it, or have another version of it.
    ///
    /// - Returns: `false` for a model that no archive of an import or of an address brought.
    /// - Throws: `Failure` as `pullArchive`; `.notAtSource` where the file is not in the archive any more.
    func mendFromArchive(_ file: InstalledFile, of model: InstalledModel, report: @escaping Report) async throws -> Bool {
        guard file.role != .archive, let named = try? SourceReference(parsing: model.source), named.isArchive,
            let name = named.fileName
        else { return false }
        let kept = model.archives
        if !kept.isEmpty, kept.allSatisfy({ $0.state == .sound }),
            let packed = try PackedFile(fetched: kept.map(\.place), called: SplitName(name)?.base ?? name)
        {
            try mend(file, from: packed, report)
            return true
        }
        guard let source = try archiveSource(model.source) else { return false }
        if case .file(let path) = source {
            guard let packed = try PackedFile(path) else { return false }
            try mend(file, from: packed, report)
        } else {
            _ = try await withArchive(source, report) { packed, _ in try mend(file, from: packed, report) }
        }
        return true
    }

    private func mend(_ file: InstalledFile, from packed: PackedFile, _ report: @escaping Report) throws {
        let staging = store.unpackingPlace()
        defer { clean(staging, report) }
        let (folder, digests, _) = try open(packed, below: staging, report)
        guard let member = digests.first(where: { $0.value == file.digest })?.key else {
            throw Failure.notServed(file.path, source: "archive")
        }
        try store.replace(file.digest, with: "\(folder)/\(member)", at: world.now())
    }

    private static func some(_ installed: [Installed], in source: SourceReference) throws -> [Installed] {
        guard !installed.isEmpty else { throw Failure.noModelFiles("\(source)", format: "a form that HomeWise knows") }
        return installed
    }
}

extension SourceReference {
    /// What the file is called that it names; `nil` where it names more than a file.
    var fileName: String? {
        switch self {
        case .web(let address): URL(string: address)?.lastPathComponent
        case .file(let path): (path as NSString).lastPathComponent
        case .hub(let repository), .modelScope(let repository):
            if case .file(let path) = repository.part { path.name } else { nil }
        default: nil
        }
    }

    /// Whether it names an archive: which models are in it is known only once it is here.
    var isArchive: Bool { fileName.map { PackedFile.isArchive(named: $0) } ?? false }
}

extension ModelVariant {
    /// Whether no source has its files as they are.
    var isOnlyInArchives: Bool { !sources.isEmpty && sources.allSatisfy(\.isArchive) }
}
