// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

/// `kill -9` at every call that changes the disk, and at any moment.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(360))) struct KillTests {
    private static let connections = 2

    /// - Parameter turn: of the calls that change the disk.
    /// - Returns: whether there was such a call.
    private func strike(_ bench: FaultBench, at turn: UInt64, _ shim: String, complete: [String: [Digest]]) async throws -> Bool {
        let disk = FaultyDisk(
            below: bench.home, calls: FaultyDisk.changes, deed: .kill, turns: turn...turn, tally: bench.home + ".tally")
        let limits = ["HOMEWISE_DOWNLOAD_CONNECTIONS": "\(Self.connections)"]
        let killed = try await bench.program(disk.environment(shim).merging(limits) { $1 }).run("pull", "tiny")
        let tally = try disk.counted()
        guard tally.faults > 0 else {
            #expect(killed.code == 0, "\(killed.story)")
            return false
        }
        let what = "killed before change \(turn)"
        #expect(try StoreInvariants(home: bench.home, complete: complete).violations() == [], "\(what)")
        let before = bench.server.asked
        try await bench.recovers(what, complete: complete)
        // I3: of what was written at most a piece of each connection is fetched again.
        let again = Int64(bench.server.asked - before) - (Int64(bench.bytes.count) - tally.bytes)
        #expect(again <= PieceGrid.standardPiece * Int64(Self.connections), "\(what): \(again) bytes again of \(tally.bytes)")
        return true
    }

    /// - Parameter reset: after each.
    private func exhaust(
        _ benches: [FaultBench], step: Int, complete: [String: [Digest]], reset: @escaping @Sendable (FaultBench) async throws -> Void
    ) async throws -> Int {
        let shim = try await FaultyDisk.built()
        let struck = Mutex(0)
        let isOver = Mutex(false)
        try await byTwos(Array(stride(from: 1, to: 10_000, by: step))) { lane, turn in
            guard !isOver.withLock({ $0 }) else { return }
            let bench = benches[lane]
            if try await strike(bench, at: UInt64(turn), shim, complete: complete) {
                struck.withLock { $0 += 1 }
            } else {
                isOver.withLock { $0 = true }
            }
            try await reset(bench)
        }
        return struck.withLock { $0 }
    }

    @Test("DL-51 I1 I2 I3 I7 I8 killed before each change of the disk that a pull of three pieces makes") func everyChange() async throws {
        let benches = try await [FaultBench(20_000_000, name: "a"), FaultBench(20_000_000, name: "b")]
        for bench in benches { #expect(try await bench.program().run("pull", "other").code == 0) }
        let struck = try await exhaust(benches, step: 1, complete: benches[0].neighbour) { bench in
            let removed = try await bench.program().run("rm", "tiny", "--yes")
            #expect(removed.code == 0, "\(removed.story)")
        }
        print("DL-51: \(struck) kills of a pull")
        #expect(struck > 60)
        for bench in benches {
            #expect(try await bench.program().run("prune", "--yes").code == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.home + "/partial") == [])
            try await bench.server.stop()
        }
    }

    @Test("DL-51 DL-55 I1 I2 killed before each change that makes a new store") func newStore() async throws {
        let benches = try await [FaultBench(100_000, name: "a"), FaultBench(100_000, name: "b")]
        let struck = try await exhaust(benches, step: kills == nil ? 4 : 1, complete: [:]) { try $0.clear() }
        print("DL-51: \(struck) kills of a first pull")
        #expect(struck > 40)
        for bench in benches { try await bench.server.stop() }
    }

    @Test("DL-52 I1 I2 I7 I8 killed at random moments of pull, repair and removal, and always in the end it is there")
    func randomMoments() async throws {
        let rounds = kills ?? 500
        let chance = Mutex(Chance("the \(rounds) kills of DL-52"))
        let benches = try await [
            FaultBench(600_000, name: "a", chunk: 40_000, pause: .milliseconds(20)),
            FaultBench(600_000, name: "b", chunk: 40_000, pause: .milliseconds(20)),
        ]
        for bench in benches { #expect(try await bench.program().run("pull", "other").code == 0) }
        let hit = Mutex(0)
        try await byTwos(Array(0..<rounds)) { lane, round in
            let (verb, delay) = chance.withLock { (Int.random(in: 0..<4, using: &$0), Int.random(in: 0..<600, using: &$0)) }
            if try await strike(benches[lane], round, verb, after: delay) { hit.withLock { $0 += 1 } }
        }
        print("DL-52: \(hit.withLock { $0 }) of \(rounds) were killed before their end")
        #expect(hit.withLock { $0 } > rounds / 4)
        for bench in benches {
            #expect(try await bench.program().run("verify", "other", "--repair").code == 0)
            try await bench.recovers("in the end", complete: bench.neighbour)
            #expect(try await bench.program().run("verify", "--all", "--repair").code == 0)
            try await bench.server.stop()
        }
    }

    /// - Returns: whether the kill came before the program's own end.
    private func strike(_ bench: FaultBench, _ round: Int, _ verb: Int, after delay: Int) async throws -> Bool {
        let isHere = FileManager.default.fileExists(atPath: bench.blob)
        if verb == 2, isHere {
            chmod(bench.blob, 0o644)
            let file = try FileHandle(forUpdating: URL(filePath: bench.blob))
            try file.write(contentsOf: Data([1, 2, 3]))
            try file.close()
            #expect(try await bench.program().run("verify", "tiny").code != 0)
        }
        let arguments = [["pull", "tiny"], ["pull", "tiny"], ["verify", "tiny", "--repair"], ["rm", "tiny", "--yes"]][
            isHere || verb < 2 ? verb : 0]
        let wasKilled = try await bench.program().started([Products.homewise] + arguments, story: bench.home + ".story") { process in
            try await Task.sleep(for: .milliseconds(delay))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            return process.terminationReason == .uncaughtSignal
        }
        let found = try StoreInvariants(home: bench.home, complete: bench.neighbour).violations()
        #expect(found == [], "round \(round), \(arguments) after \(delay) ms")
        return wasKilled
    }
}
