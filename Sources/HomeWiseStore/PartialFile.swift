// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A file on its way: its bytes under `partial/`, and in the inventory which pieces are here.
///
/// What earlier runs left is believed only until the hash over the file has seen it again: a piece with other bytes than
/// were recorded is fetched anew. So pieces need no flush to disk one by one, a transfer goes on at once however much of it
/// is here, and a power cut costs what had not reached the disk, never a wrong byte.
package final class PartialFile: TransferTarget {
    package let path: String
    package let grid: PieceGrid
    private let key: Digest
    private let inventory: Inventory
    private let descriptor: Int32

    /// - Parameters:
    ///   - key: the file's published digest, or a digest of its address where none is published.
    ///   - model: what it is fetched for, as the planner names it.
    ///   - size: bytes of the whole; all of them are reserved on the disk now.
    ///   - version: the server's name for what it serves (ETag), where no digest is published: pieces of another version are no use.
    /// - Throws: `Failure.diskFull` when there is no room, `Failure.storeUnusable` when the folder refuses.
    package init(
        key: Digest, name: String, model: String, size: Int64, version: String? = nil, layout: Layout, inventory: Inventory
    ) throws {
        let path = layout.partial(key)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        do {
            let grid = PieceGrid(size: size)
            let length = try Self.length(of: descriptor, path: path)
            try Space.reserve(size, on: descriptor, path: path)
            let row = TransferRow(key: key, name: name, model: model, size: size, piece: grid.piece, version: version)
            try inventory.begin(transfer: row, boot: ProcessIdentity.own.boot)
            // What lies behind the old end of the file was never written, whatever the inventory says.
            let lost = try inventory.pieces(of: key).keys.filter { $0 < 0 || $0 >= grid.count || grid.range(of: $0).upperBound > length }
            try inventory.forget(pieces: Array(lost), of: key)
            self.grid = grid
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

    package var isProven: Bool { false }

    /// Bytes in pieces that are here.
    package var bytesHere: Int64 { get throws { try held().keys.reduce(0) { $0 + grid.length(of: $1) } } }

    package func held() throws -> [Int: Digest?] { try inventory.pieces(of: key) }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try FileBytes.write(bytes, to: descriptor, at: offset, path)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
        try FileBytes.read(into: buffer, from: descriptor, at: offset, path)
    }

    package func arrived(piece index: Int) throws { try inventory.record(piece: index, chain: nil, of: key) }
    package func proved(piece index: Int, chain digest: Digest) throws { try inventory.record(piece: index, chain: digest, of: key) }
    package func spoiled(piece index: Int) throws { try inventory.forget(pieces: [index], of: key) }

    /// Gives back the room behind the last piece that is here: a transfer that rests holds no more than it has.
    package func rest() throws {
        let end = try held().keys.max().map { grid.range(of: $0).upperBound } ?? 0
        if ftruncate(descriptor, off_t(end)) != 0 { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    /// All pieces are doubtful: the next transfer begins at the first byte.
    package func reset() throws { try inventory.forget(pieces: Array(held().keys), of: key) }

    private static func length(of descriptor: Int32, path: String) throws -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        return Int64(status.st_size)
    }
}

extension String {
    /// The system's words for the last error of this thread.
    static var errno: String { String(cString: strerror(Foundation.errno)) }
}
