// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// What a fetch of one file needs of the place that its bytes go to.
package protocol PartialTarget: TransferTarget {
    /// The file of the disk that the bytes lie in.
    var path: String { get }
    /// Bytes in pieces that are here.
    var bytesHere: Int64 { get throws }
    /// Gives back room that holds nothing: a transfer that rests holds no more than it has.
    func rest() throws
    /// All pieces are doubtful: the next transfer begins at the first byte.
    func reset() throws
}

extension PartialFile: PartialTarget {}

/// A file that is served cut into parts. Each is fetched straight into its place in the whole, so that nothing is ever on the
/// disk twice; each is a transfer of its own, with a row and pieces of its own, and goes on after a restart like any other.
package struct PartialWhole: Sendable {
    package let path: String
    /// Names of the parts' transfers, in order.
    package let keys: [Digest]
    let sizes: [Int64]
    let inventory: Inventory

    /// - Parameter parts: in order; `identity` tells a part's bytes from others: its digest, or where it is had.
    /// - Throws: `Failure.badReply` where the sizes cannot be.
    package init(parts: [(identity: String, size: Int64)], layout: Layout, inventory: Inventory) throws {
        let all = parts.map { "\($0.identity) \($0.size)" }.joined(separator: "\n")
        keys = parts.indices.map { FileHash.digest(ofText: "part \($0) of\n\(all)") }
        sizes = parts.map(\.size)
        var sum: Int64 = 0
        for size in sizes {
            let (total, overflows) = sum.addingReportingOverflow(size)
            guard size >= 0, !overflows, total <= RemoteFile.plausibleSizes.upperBound, !keys.isEmpty else {
                throw Failure.badReply(host: "the source", "the parts of a file have sizes that cannot be")
            }
            sum = total
        }
        // Named after its first part, so that whoever tidies finds one with the other.
        path = keys.first.map { layout.joined($0) } ?? layout.partial + "/none"
        self.inventory = inventory
    }

    /// Bytes of all parts.
    package var size: Int64 { sizes.reduce(0, +) }

    /// Where a part begins.
    func start(of index: Int) -> Int64 { sizes[..<index].reduce(0, +) }

    /// Bytes of the disk that it holds already.
    package var bytesReserved: Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    /// What lies behind the end of the file was never written, whatever the inventory says: asked before room is reserved, which
    /// moves the end for all parts.
    fileprivate func forgetPieces(behind length: Int64) throws {
        guard length < size else { return }
        for (index, key) in keys.enumerated() {
            let (grid, start) = (PieceGrid(size: sizes[index]), start(of: index))
            let lost = try inventory.pieces(of: key).keys.filter { 0..<grid.count ~= $0 && start + grid.range(of: $0).upperBound > length }
            try inventory.forget(pieces: Array(lost), of: key)
        }
    }

    /// Writes down which transfers have one file between them, so that whoever tidies takes all of them or none.
    fileprivate func noteParts() throws {
        guard let first = keys.first, keys.count > 1 else { return }
        let known = try inventory.note(.parts, key: first.hex, as: [Digest].self)
        if known != keys { try inventory.note(keys, .parts, key: first.hex, at: Date()) }
    }

    /// Behind the last piece that is here of any part.
    fileprivate func end() throws -> Int64 {
        try keys.indices.reduce(0) { end, index in
            let grid = PieceGrid(size: sizes[index])
            let last = try inventory.pieces(of: keys[index]).keys.filter { 0..<grid.count ~= $0 }.max()
            return max(end, last.map { start(of: index) + grid.range(of: $0).upperBound } ?? 0)
        }
    }
}

/// One part on its way into its place. Whoever has it holds the lock of its key.
package final class PartialSlice: PartialTarget {
    package let path: String
    package let grid: PieceGrid
    private let key: Digest
    private let whole: PartialWhole
    private let start: Int64
    private let descriptor: Int32

    /// - Parameters:
    ///   - name: of the part, for people.
    ///   - model: what it is fetched for, as the planner names it.
    ///   - version: as of `PartialFile`.
    /// - Throws: `Failure.diskFull` when there is no room for the whole, `Failure.storeUnusable` when the folder refuses.
    package init(_ index: Int, of whole: PartialWhole, name: String, model: String, version: String? = nil) throws {
        let path = whole.path
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        (self.path, self.whole, self.descriptor) = (path, whole, descriptor)
        key = whole.keys[index]
        grid = PieceGrid(size: whole.sizes[index])
        start = whole.start(of: index)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        try whole.noteParts()
        try whole.forgetPieces(behind: Int64(status.st_size))
        try Space.reserve(whole.size, on: descriptor, path: path)
        let row = TransferRow(key: key, name: name, model: model, size: grid.size, piece: grid.piece, version: version)
        try whole.inventory.begin(transfer: row, boot: ProcessIdentity.own.boot)
        let nonsense = try whole.inventory.pieces(of: key).keys.filter { $0 < 0 || $0 >= grid.count }
        try whole.inventory.forget(pieces: Array(nonsense), of: key)
    }

    deinit { close(descriptor) }

    package var isProven: Bool { false }
    package var bytesHere: Int64 { get throws { try held().keys.reduce(0) { $0 + grid.length(of: $1) } } }
    package func held() throws -> [Int: Digest?] { try whole.inventory.pieces(of: key) }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try FileBytes.write(bytes, to: descriptor, at: start + offset, path)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
        try FileBytes.read(into: buffer, from: descriptor, at: start + offset, path)
    }

    package func arrived(piece index: Int) throws { try whole.inventory.record(piece: index, chain: nil, of: key) }
    package func proved(piece index: Int, chain digest: Digest) throws { try whole.inventory.record(piece: index, chain: digest, of: key) }
    package func spoiled(piece index: Int) throws { try whole.inventory.forget(pieces: [index], of: key) }

    package func rest() throws {
        if ftruncate(descriptor, off_t(try whole.end())) != 0 { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    package func reset() throws { try whole.inventory.forget(pieces: Array(held().keys), of: key) }
}
