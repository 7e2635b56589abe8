// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Writes a model of the store into one file that another machine can take it from.
package struct BundleWriter: Sendable {
    package let store: ModelStore

    package init(store: ModelStore) { self.store = store }

    /// What would be written.
    package static func bundle(_ model: InstalledModel) throws -> ModelBundle {
        try ModelBundle(
            name: SafePath(untrusted: model.name), tag: SafePath(untrusted: model.tag), format: model.format, source: model.source,
            revision: model.revision, owner: model.owner, license: model.license,
            files: model.files.map {
                try .init(
                    path: SafePath(untrusted: $0.path), role: $0.role, size: $0.size.bytes, digest: $0.digest,
                    member: SafePath(untrusted: "\(ModelBundle.folder)/\($0.path)"))
            })
    }

    /// Streams the model's files, hashes them on the way, and shows the result under its name once it is whole and on the
    /// disk. It is written beside its place under a name ending in “.partial”, which is gone after any failure.
    ///
    /// - Parameters:
    ///   - path: where it is to be.
    ///   - isReplacing: whether a file that is there may be replaced.
    ///   - seen: told of each file by its path how many of its bytes are done.
    /// - Returns: bytes of the bundle.
    /// - Throws: `Failure.digestMismatch` for a file of the store that is damaged, `Failure.diskFull`, `Failure.badInput`,
    ///   `CancellationError`.
    @discardableResult
    package func write(
        _ model: InstalledModel, to path: String, isReplacing: Bool = false, seen: (SafePath, Int64) throws -> Void = { _, _ in }
    ) throws -> Int64 {
        guard let lease = try store.lease(model, purpose: "export to \(path)") else { throw Failure.modelGone(model.key) }
        defer { withExtendedLifetime(lease) {} }
        if !isReplacing, FileManager.default.fileExists(atPath: path) {
            throw Failure.badInput("\(path) is there already.", remedy: "Choose another name, or add --force to replace it.")
        }
        let bundle = try Self.bundle(model)
        let file = try BundleFile(path: path, needed: bundle.size)
        do {
            let manifest = try bundle.json()
            try file.append(TarWriter.header(SafePath(untrusted: ModelBundle.manifestName), size: Int64(manifest.count)))
            try file.append(Array(manifest) + TarWriter.padding(after: Int64(manifest.count)))
            for (entry, installed) in zip(bundle.files, model.files) {
                try file.append(TarWriter.header(entry.member, size: entry.size))
                let digest = try file.append(contentsOf: installed.place, size: entry.size) { try seen(entry.path, $0) }
                guard digest == entry.digest else {
                    throw Failure.damagedFile(model.key, entry.path.value, expected: entry.digest, actual: digest)
                }
                try file.append(TarWriter.padding(after: entry.size))
            }
            try file.append(TarWriter.end)
            return try file.publish()
        } catch {
            try file.abandon()
            throw error
        }
    }
}

/// A file that appears whole or not at all.
private final class BundleFile {
    private let path: String
    private let partial: String
    private let descriptor: Int32
    private var size: Int64 = 0

    init(path: String, needed: Int64) throws {
        self.path = path
        // A name that nobody has: neither another run's file nor a person's is ever written into, or removed.
        partial = "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).partial"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: partial, errno: errno) }
        if let free = Self.free(descriptor), free < needed {
            unlink(partial)
            close(descriptor)
            throw Failure.diskTooSmall(path: path, needed: ByteCount(needed), free: ByteCount(free))
        }
    }

    deinit { close(descriptor) }

    private static func free(_ descriptor: Int32) -> Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        let (bytes, overflows) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflows ? .max : Int64(clamping: bytes)
    }

    func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

    private func append(_ bytes: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < bytes.count {
            let count = write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.cannotWrite(path: partial, errno: errno) }
            written += count
        }
        size += Int64(bytes.count)
    }

    /// - Returns: the digest of exactly so many bytes of the file.
    func append(contentsOf other: String, size wanted: Int64, seen: (Int64) throws -> Void) throws -> Digest {
        let source = open(other, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard source >= 0 else { throw Failure.unreadable(path: other, reason: .errno) }
        defer { close(source) }
        var hash = FileHash()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var done: Int64 = 0
        while done < wanted {
            try Task.checkCancellation()
            let got = read(source, buffer.baseAddress!, min(buffer.count, Int(clamping: wanted - done)))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Failure.unreadable(path: other, reason: got < 0 ? .errno : "it became shorter") }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
            hash.add(bytes)
            try append(bytes)
            done += Int64(got)
            try seen(done)
        }
        return hash.finish()
    }

    /// - Returns: bytes of the whole.
    func publish() throws -> Int64 {
        guard fsync(descriptor) == 0, rename(partial, path) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        let parent = (path as NSString).deletingLastPathComponent
        let folder = open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        return size
    }

    func abandon() throws { try ModelStore.remove(partial) }
}

extension Failure {
    static func damagedFile(_ model: String, _ file: String, expected: Digest, actual: Digest) -> Failure {
        Failure(
            .digestMismatch, "\(file) of \(model) is damaged on this disk.",
            remedy: "Nothing was exported. Mend it first with: homewise verify \(model) --repair",
            detail: ["expected": "\(expected)", "actual": "\(actual)"])
    }
}
