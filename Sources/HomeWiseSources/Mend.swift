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
    private let source: RangeFetch
    private let connections: Int

    package init(file: RemoteFile, target: any TransferTarget, transport: Transport, connections: Int) {
        // Another address than the first, where there is one: what damaged the file may sit on the way to it.
        let others = RemoteFile(
            name: file.name, addresses: Array(file.addresses.dropFirst()) + file.addresses.prefix(1), size: file.size, digest: file.digest)
        self.file = file
        self.target = target
        // Each piece is in memory whole, some of them twice.
        self.connections = max(1, min(connections, 2))
        source = RangeFetch(file: others, size: target.grid.size, transport: transport)
    }

    /// A source that gives more pieces than this differently each time is itself damaged: no use in going on.
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
        let first = doubtful.filter { $0 < target.grid.count }
        var order = first + (0..<target.grid.count).filter { !first.contains($0) }
        var outcome = Outcome(isMended: false, differing: [], fetched: 0)
        while !order.isEmpty, outcome.differing.count <= Self.mostDiffering {
            let batch = Array(order.prefix(outcome.fetched == 0 && !first.isEmpty ? min(first.count, connections) : connections))
            order.removeFirst(batch.count)
            for (piece, bytes) in try await fetch(batch) {
                outcome.fetched += Int64(bytes.count)
                progress(outcome.fetched)
                guard try differs(bytes, from: piece) else { continue }
                outcome.differing.append(piece)
                try bytes.withUnsafeBytes { try target.write($0, at: target.grid.offset(of: piece)) }
                if try await rehash(from: piece) == expected {
                    outcome.isMended = true
                    return outcome
                }
            }
        }
        return outcome
    }

    private func fetch(_ pieces: [Int]) async throws -> [(Int, [UInt8])] {
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
