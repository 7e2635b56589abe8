// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

import struct Crypto.SHA256

/// Runs SHA-256 over the file behind the lanes, while what they wrote is still in memory, and notes where it stood at the
/// end of each piece.
struct ChainHash {
    let desk: TransferDesk

    /// - Returns: the digest of the whole.
    func run() async throws -> Digest {
        defer { desk.close() }
        var hash = SHA256()
        if desk.isDone { return Digest(bytes: hash.finalize()) }
        for await _ in desk.arrivals {
            while let piece = desk.with({ $0.board.nextToHash }) {
                try Task.checkCancellation()
                if let digest = try add(piece, to: &hash) { return digest }
                await Task.yield()
            }
        }
        throw CancellationError()
    }

    /// - Returns: the digest of the whole, once this was the last piece.
    private func add(_ piece: Int, to hash: inout SHA256) throws -> Digest? {
        var next = hash
        do { try desk.target.readAll(desk.target.grid.range(of: piece)) { next.update(bufferPointer: $0) } } catch let failure as Failure {
            // A bad sector under what an earlier run left: writing there again is what makes a disk replace it.
            guard desk.with({ !$0.board.wasFetched(piece) }) else { throw failure }
            desk.with { $0.board.refetch(piece) }
            try desk.target.spoiled(piece: piece)
            return nil
        }
        let digest = Digest(bytes: next.finalize())
        switch desk.with({ $0.board.proved(piece, chain: digest) }) {
        case .damaged: try desk.target.spoiled(piece: piece)
        case .foreign: throw Failure.otherFile(desk.file.name)
        case .sound(let isNew):
            hash = next
            if isNew { try desk.target.proved(piece: piece, chain: digest) }
        }
        return desk.isDone ? digest : nil
    }
}
