// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Bytes that are damaged on their way, and sources that give others than they promise.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct DamageOnTheWayTests {
    static let piece = Int(PieceGrid.standardPiece)
    static let bytes = soundModel(piece * 2 + 300_000)

    private func world(_ sources: String..., connections: Int = 1) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        let list = sources.map { "\"\($0)/tiny.gguf\"" }.joined(separator: ",")
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "17MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": \#(Self.bytes.count), "sha256": "\#(digest(of: Self.bytes).hex)", "sources": [\#(list)]}]}]}"#
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin"], patience: patience, limits: TransferLimits(connections: connections),
            registry: Data(registry.utf8))
    }

    private func pull(_ world: World) async throws -> (installed: Installed?, failure: Failure?) {
        do {
            return try await (HomeWise.open(world) { try await $0.obtain("tiny", report: { _ in }).installed }, nil)
        } catch let failure as Failure { return (nil, failure) }
    }

    /// - Parameter isBad: whether the byte at a place comes with another bit, by how often it was asked for.
    private func server(flipping place: @escaping @Sendable (_ asked: Int) -> Int?) async throws -> LoopbackServer {
        let counts = Mutex<[Int: Int]>([:])
        return try await LoopbackServer.start { request in
            guard request.path == "/tiny.gguf" else { return LoopbackServer.Reply(404) }
            guard let range = request.range, range.count > 1 else { return .file(Self.bytes, for: request) }
            var bytes = Self.bytes
            for piece in 0..<3 {
                let start = piece * Self.piece
                let asked = counts.withLock { counts -> Int in
                    if range.contains(start) { counts[piece, default: 0] += 1 }
                    return counts[piece, default: 0]
                }
                if let offset = place(asked), offset / Self.piece == piece { bytes[offset] ^= 0x10 }
            }
            return .file(bytes, for: request)
        }
    }

    @Test("DL-20 DL-23 a bit that flips once in a piece is mended, and what it costs is known", arguments: [0, 1, 2])
    func flippedOnce(_ piece: Int) async throws {
        let server = try await server { $0 <= 1 ? piece * Self.piece + 77_777 : nil }
        let (installed, failure) = try await pull(world(server.url))
        #expect(installed?.digest == digest(of: Self.bytes), "\(String(describing: failure))")
        #expect(try FileHash.digest(of: #require(installed).path) == digest(of: Self.bytes))
        // Nothing tells which piece it is: those before it are compared too, and none behind it is.
        let grid = PieceGrid(size: Int64(Self.bytes.count))
        let again = (0...piece).reduce(0) { $0 + Int(grid.length(of: $1)) }
        print("DL-23: piece \(piece) cost \(server.asked - Self.bytes.count) bytes more")
        #expect(server.asked - Self.bytes.count == again)
        try await server.stop()
    }

    @Test("DL-24 I6 a source that is always damaged ends with its reason, not in a circle") func alwaysDamaged() async throws {
        let server = try await server { asked in 1000 + asked % 100 }
        let (_, failure) = try await pull(world(server.url))
        #expect(failure?.code == .digestMismatch && failure?.remedy.isEmpty == false)
        #expect(server.asked <= 2 * Self.bytes.count, "\(server.asked) bytes for \(Self.bytes.count)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/partial").isEmpty)
        try await server.stop()
    }

    @Test("DL-24 one that gives the same wrong byte each time ends so too") func sameWrongByte() async throws {
        let server = try await server { _ in 1000 }
        let (_, failure) = try await pull(world(server.url))
        #expect(failure?.code == .digestMismatch)
        #expect(server.asked == 2 * Self.bytes.count)
        try await server.stop()
    }

    @Test("DL-17 the same tag and other bytes: the other place is asked, and what comes is right", arguments: [1, 4])
    func sameTag(_ connections: Int) async throws {
        let other = noise(Self.bytes.count, seed: 99)
        // From the second piece on it serves another file, under the tag of the first.
        let swapped = try await LoopbackServer.start { request in
            guard request.path == "/tiny.gguf" else { return LoopbackServer.Reply(404) }
            return .file((request.range?.lowerBound ?? 0) >= Self.piece ? other : Self.bytes, for: request)
        }
        let good = try await server { _ in nil }
        let (installed, failure) = try await pull(world(swapped.url, good.url, connections: connections))
        #expect(installed?.digest == digest(of: Self.bytes), "\(String(describing: failure))")
        #expect(try FileHash.digest(of: #require(installed).path) == digest(of: Self.bytes))
        try await swapped.stop()
        try await good.stop()
    }
}
