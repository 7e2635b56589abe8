// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import GRDB
package import HomeWiseDomain

/// The models on this disk. Nothing stands under its name before it is proven: hash, flush, rename, flush of the
/// folder, and then one transaction.
package struct ModelStore: Sendable {
    package let layout: Layout
    package let inventory: Inventory

    /// Opens the store, making it where there is none.
    package init(home: String) throws {
        layout = Layout(home: home)
        try layout.create()
        inventory = try Inventory(path: layout.inventory)
    }

    /// Every model, newest first.
    package func models() throws -> [InstalledModel] {
        try inventory.read { database in
            try Row.fetchAll(
                database,
                sql:
                    "SELECT name, tag, digest, file, source, size, installed_at FROM model JOIN blob USING (digest) ORDER BY installed_at DESC"
            ).map { try InstalledModel(row: $0, layout: layout) }
        }
    }

    /// The model's file as it was proven, or `nil` when it is not here, or no longer whole: then it is fetched again.
    package func model(_ name: String, tag: String) throws -> InstalledModel? {
        guard let model = try models().first(where: { $0.name == name && $0.tag == tag }) else { return nil }
        var status = stat()
        return stat(model.path, &status) == 0 && Int64(status.st_size) == model.size.bytes ? model : nil
    }

    /// Takes a proven file into the store under its name, and forgets its transfer.
    ///
    /// - Parameters:
    ///   - path: the file, on the store's disk; it is moved.
    ///   - digest: of its whole content, just computed.
    ///   - file: its own name, shown in the model's folder.
    package func publish(_ path: String, digest: Digest, name: SafePath, tag: SafePath, file: SafePath, source: String, at now: Date) throws
        -> InstalledModel
    {
        let size = try Self.flush(path)
        let blob = layout.blob(digest)
        if path != blob { try move(path, to: blob) }
        try link(blob, in: layout.model(name: name, tag: tag), as: file.name)
        try inventory.write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO blob (digest, size, verified_at) VALUES (?, ?, ?)",
                arguments: [digest.hex, size, now.timeIntervalSince1970])
            try database.execute(
                sql: "INSERT OR REPLACE INTO model (name, tag, digest, file, source, installed_at) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [name.value, tag.value, digest.hex, file.name, source, now.timeIntervalSince1970])
        }
        guard let model = try model(name.value, tag: tag.value) else {
            throw Failure.cannotWrite(path: blob, reason: "it is not there after it was published")
        }
        return model
    }

    /// Bytes of the disk that an earlier run reserved for this transfer already.
    package func bytesReserved(forTransfer key: Digest) -> Int64 {
        var status = stat()
        return stat(layout.partial(key), &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    /// Bytes of the disk that unfinished transfers hold, by the model that they are for.
    package func bytesReserved() throws -> [String: Int64] {
        try inventory.transfers().reduce(into: [:]) { $0[$1.model, default: 0] += bytesReserved(forTransfer: $1.key) }
    }

    /// A blob that lies in its place without anything pointing to it: a run ended between the two. It is proven anew.
    package func orphan(_ digest: Digest) throws -> String? {
        let path = layout.blob(digest)
        guard FileManager.default.fileExists(atPath: path), try FileHash.digest(of: path) == digest else { return nil }
        return path
    }

    /// Removes a transfer's bytes and its rows.
    package func discard(transfer key: Digest) throws {
        try Self.remove(layout.partial(key))
        try inventory.forget(transfer: key)
    }

    package static func remove(_ path: String) throws {
        if unlink(path) != 0, errno != ENOENT { throw Failure.cannotWrite(path: path, errno: errno) }
    }
}

extension ModelStore {
    private static func flush(_ path: String) throws -> Int64 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fchmod(descriptor, 0o444) == 0, fsync(descriptor) == 0, fstat(descriptor, &status) == 0 else {
            throw Failure.cannotWrite(path: path, errno: errno)
        }
        return Int64(status.st_size)
    }

    private func move(_ path: String, to blob: String) throws {
        let folder = URL(filePath: blob).deletingLastPathComponent().path
        try Self.makeFolder(folder)
        guard rename(path, blob) == 0 else { throw Failure.cannotWrite(path: blob, errno: errno) }
        try Self.flushFolder(folder)
    }

    /// The real name beside the blob costs nothing where the disk has hard links, and is left out where it has none.
    private func link(_ blob: String, in folder: String, as name: String) throws {
        try Self.makeFolder(folder)
        let path = folder + "/" + name
        try Self.remove(path)
        if Foundation.link(blob, path) != 0, ![EPERM, ENOTSUP, EMLINK, EXDEV].contains(errno) {
            throw Failure.cannotWrite(path: path, errno: errno)
        }
    }

    private static func makeFolder(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch { throw Failure.cannotWrite(path: folder, error: error) }
    }

    private static func flushFolder(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unreadable(path: folder, reason: .errno) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw Failure.cannotWrite(path: folder, errno: errno) }
    }
}

/// A model whose bytes are here and were proven.
package struct InstalledModel: Sendable, Equatable, Encodable {
    package var name: String
    package var tag: String
    package var digest: Digest
    package var size: ByteCount
    /// The blob itself.
    package var path: String
    package var source: String
    package var installedAt: Date

    /// As the planner names it.
    package var key: String { "\(name):\(tag)" }

    init(row: Row, layout: Layout) throws {
        name = row["name"]
        tag = row["tag"]
        digest = try Digest(sha256: row["digest"] as String)
        size = ByteCount(row["size"])
        path = layout.blob(digest)
        source = row["source"]
        installedAt = Date(timeIntervalSince1970: row["installed_at"])
    }
}
