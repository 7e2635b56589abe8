// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
package import HomeWiseDomain

/// A file on its way: its bytes under `partial/`, and in the inventory which pieces are here, each with its hash.
///
/// Opening it proves what earlier runs left: a piece whose bytes do not have the recorded hash is fetched again. So
/// the pieces need no flush to disk one by one; a power cut costs what had not reached the disk, never a wrong byte.
package final class PartialFile: TransferTarget {
    package let path: String
    package let ledger: PieceLedger
    private let key: Digest
    private let inventory: Inventory
    private let descriptor: Int32

    /// - Parameters:
    ///   - key: the file's published digest, or a digest of its address where none is published.
    ///   - model: what it is fetched for, as the planner names it.
    ///   - size: bytes of the whole; all of them are reserved on the disk now.
    /// - Throws: `Failure.diskFull` when there is no room, `Failure.storeUnusable` when the folder refuses.
    package init(key: Digest, name: String, model: String, size: Int64, layout: Layout, inventory: Inventory) throws {
        let path = layout.partial(key)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        do {
            try Space.reserve(size, on: descriptor, path: path)
            let recorded = try inventory.begin(transfer: key, name: name, model: model, size: size)
            let proven = recorded.filter { index, digest in
                Self.hash(of: index, ledger: PieceLedger(size: size), descriptor: descriptor) == digest
            }
            try inventory.forget(pieces: recorded.keys.filter { proven[$0] == nil }, of: key)
            ledger = PieceLedger(size: size, done: proven.keys)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.key = key
        self.inventory = inventory
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset) + off_t(written))
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure.cannotWrite(path: path, errno: errno)
            }
            written += count
        }
    }

    package func finish(piece index: Int, digest: Digest) throws {
        try inventory.finish(piece: index, digest: digest, of: key)
    }

    /// Gives back the room behind the last finished piece: a transfer that rests holds no more than it has.
    package func rest() throws {
        let last = try inventory.pieces(of: key).max()
        let end = last.map { ledger.offset(of: $0) + ledger.length(of: $0) } ?? 0
        if ftruncate(descriptor, off_t(end)) != 0 { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    private static func hash(of index: Int, ledger: PieceLedger, descriptor: Int32) -> Digest? {
        guard index >= 0, index < ledger.count else { return nil }
        var hash = FileHash()
        let isWhole = hash.add(descriptor, from: ledger.offset(of: index), count: ledger.length(of: index))
        return isWhole ? hash.finish() : nil
    }
}

extension String {
    /// The system's words for the last error of this thread.
    static var errno: String { String(cString: strerror(Foundation.errno)) }
}

extension Inventory {
    /// - Returns: the pieces that earlier runs recorded for the same file in the same size.
    func begin(transfer key: Digest, name: String, model: String, size: Int64) throws -> [Int: Digest] {
        try write { database in
            let known = try Row.fetchOne(database, sql: "SELECT size, piece FROM transfer WHERE key = ?", arguments: [key.hex])
            if let known, known["size"] == size, known["piece"] == PieceLedger.standardPiece {
                let rows = try Row.fetchAll(database, sql: "SELECT number, digest FROM piece WHERE transfer = ?", arguments: [key.hex])
                return try Dictionary(rows.map { try ($0["number"], Digest(sha256: $0["digest"] as String)) }) { first, _ in first }
            }
            try database.execute(sql: "DELETE FROM piece WHERE transfer = ?", arguments: [key.hex])
            try database.execute(
                sql: "INSERT OR REPLACE INTO transfer (key, name, model, size, piece) VALUES (?, ?, ?, ?, ?)",
                arguments: [key.hex, name, model, size, PieceLedger.standardPiece])
            return [:]
        }
    }

    func finish(piece index: Int, digest: Digest, of key: Digest) throws {
        try write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO piece (transfer, number, digest) VALUES (?, ?, ?)", arguments: [key.hex, index, digest.hex])
        }
    }

    func forget(pieces: [Int], of key: Digest) throws {
        guard !pieces.isEmpty else { return }
        try write { database in
            for index in pieces {
                try database.execute(sql: "DELETE FROM piece WHERE transfer = ? AND number = ?", arguments: [key.hex, index])
            }
        }
    }

    func pieces(of key: Digest) throws -> [Int] {
        try read { try Int.fetchAll($0, sql: "SELECT number FROM piece WHERE transfer = ?", arguments: [key.hex]) }
    }

    /// Keys of unfinished transfers, with the model that each is for.
    func transfers() throws -> [(key: Digest, model: String)] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT key, model FROM transfer").map {
                try (Digest(sha256: $0["key"] as String), $0["model"])
            }
        }
    }

    func forget(transfer key: Digest) throws {
        try write { try $0.execute(sql: "DELETE FROM transfer WHERE key = ?", arguments: [key.hex]) }
    }
}
