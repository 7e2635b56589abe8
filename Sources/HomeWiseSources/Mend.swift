// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// Finds the damaged place of a file whose checksum is wrong, by fetching its pieces again and comparing, and writes the
/// differing ones anew until the checksum is right. Nobody tells which piece it is: those during which a line broke are
/// looked at first.
package struct Mend: Sendable {
    private let file: RemoteFile
    private let target: any TransferTarget
    /// Each address by itself: were the second look spread over all of them, a bad one could confirm its own bytes.
    private let sources: [RangeFetch]
    private let connections: Int

    package init(file: RemoteFile, target: any TransferTarget, transport: Transport, connections: Int) {
        self.file = file
        self.target = target
        // Each piece is in memory whole, some of them twice.
        self.connections = max(1, min(connections, 2))
        // The first comes last, where there are others: what damaged the file may sit on the way to it.
        sources = (file.addresses.dropFirst() + file.addresses.prefix(1)).map { address in
            let one = RemoteFile(name: file.name, addresses: [address], size: file.size, digest: file.digest)
            return RangeFetch(file: one, size: target.grid.size, transport: transport)
        }
    }

    /// A lone source that gives more pieces than this differently each time is itself damaged: no use in going on. Where there
    /// are several, all that a bad one gave is replaced by what another has.
    static let mostDiffering = 8

    package struct Outcome: Sendable, Equatable {
        /// Whether the file has its checksum now.
        package var isMended: Bool
        /// Pieces that came differently the second time.
        package var differing: [Int]
        /// Bytes that were fetched again.
        package var fetched: Int64
    }

    /// - Parameters:
    ///   - expected: what the whole should have.
    ///   - doubtful: pieces to look at first.
    /// - Throws: `Failure` when no address gives the pieces, or the disk refuses.
    package func run(expected: Digest, doubtful: [Int], progress: @Sendable (Int64) -> Void) async throws -> Outcome {
        var outcome = Outcome(isMended: false, differing: [], fetched: 0)
        var (last, looked) = (Failure?.none, false)
        for source in sources where !outcome.isMended {
            do {
                try await compare(with: source, expected, doubtful, &outcome, progress)
                looked = true
            } catch let failure as Failure where ![.diskFull, .storeUnusable].contains(failure.code) { last = failure }
        }
        if let last, !looked { throw last }
        return outcome
    }

    /// One address's bytes against those that are here, the doubtful pieces first.
    private func compare(
        with source: RangeFetch, _ expected: Digest, _ doubtful: [Int], _ outcome: inout Outcome, _ progress: @Sendable (Int64) -> Void
    ) async throws {
        let first = doubtful.filter { $0 < target.grid.count }
        var order = first + (0..<target.grid.count).filter { !first.contains($0) }
        var batchSize = first.isEmpty ? connections : min(first.count, connections)
        while !order.isEmpty, sources.count > 1 || outcome.differing.count <= Self.mostDiffering {
            let batch = Array(order.prefix(batchSize))
            order.removeFirst(batch.count)
            batchSize = connections
            var changed: [Int] = []
            for (piece, bytes) in try await fetch(batch, from: source) {
                outcome.fetched += Int64(bytes.count)
                progress(outcome.fetched)
                guard try differs(bytes, from: piece) else { continue }
                try bytes.withUnsafeBytes { try target.write($0, at: target.grid.offset(of: piece)) }
                changed.append(piece)
            }
            outcome.differing += changed.filter { !outcome.differing.contains($0) }
            guard let lowest = changed.min() else { continue }
            outcome.isMended = try await rehash(from: lowest) == expected
            if outcome.isMended { return }
        }
    }

    private func fetch(_ pieces: [Int], from source: RangeFetch) async throws -> [(Int, [UInt8])] {
        try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for piece in pieces { group.addTask { try await (piece, source.bytes(target.grid.range(of: piece))) } }
            var all: [(Int, [UInt8])] = []
            for try await one in group { all.append(one) }
            return all.sorted { $0.0 < $1.0 }
        }
    }

    private func differs(_ bytes: [UInt8], from piece: Int) throws -> Bool {
        var here = [UInt8](repeating: 0, count: bytes.count)
        try here.withUnsafeMutableBytes { try target.read(into: $0, at: target.grid.offset(of: piece)) }
        return here != bytes
    }

    /// The hash over the whole, with the chain digests from a piece on recorded anew.
    private func rehash(from changed: Int) async throws -> Digest {
        var hash = SHA256()
        for piece in 0..<target.grid.count {
            try Task.checkCancellation()
            try target.readAll(target.grid.range(of: piece)) { hash.update(bufferPointer: $0) }
            if piece >= changed { try target.proved(piece: piece, chain: Digest(bytes: hash.finalize())) }
            await Task.yield()
        }
        return Digest(bytes: hash.finalize())
    }
}

extension TransferTarget {
    /// Reads a part of the file in buffers of 1 MiB.
    func readAll(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 64) { buffer in
            var position = range.lowerBound
            while position < range.upperBound {
                let count = Int(min(Int64(buffer.count), range.upperBound - position))
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count))
                try read(into: part, at: position)
                body(UnsafeRawBufferPointer(part))
                position += Int64(count)
            }
        }
    }
}
