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

    @Test("DL-51 I3 killed when most of six pieces is here: at most a piece of each connection is fetched again") func mostIsKept()
        async throws
    {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(48 << 20)
        let limits = ["HOMEWISE_DOWNLOAD_CONNECTIONS": "\(Self.connections)"]
        var disk = FaultyDisk(below: bench.home + "/partial/", calls: ["write"], deed: .lie, turns: UInt64.max...UInt64.max)
        #expect(try await bench.program(disk.environment(shim).merging(limits) { $1 }).run("pull", "tiny").code == 0)
        let writes = try disk.counted().calls
        disk.deed = .kill
        for tenths in [7, 8, 9] as [UInt64] {
            #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
            disk.turns = (writes * tenths / 10)...(writes * tenths / 10)
            _ = try await bench.program(disk.environment(shim).merging(limits) { $1 }).run("pull", "tiny")
            let tally = try disk.counted()
            let before = bench.server.asked
            try await bench.recovers("killed at \(tenths) tenths")
            let again = Int64(bench.server.asked - before) - (Int64(bench.bytes.count) - tally.bytes)
            print("DL-51: \(tally.bytes) bytes were written, \(again) were fetched again")
            #expect(tally.faults == 1 && tally.bytes > 3 * PieceGrid.standardPiece)
            #expect(again <= PieceGrid.standardPiece * Int64(Self.connections), "\(tenths) tenths: \(again) bytes again")
        }
        try await bench.server.stop()
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
            FaultBench(600_000, name: "a", chunk: 40_000, pause: .milliseconds(10)),
            FaultBench(600_000, name: "b", chunk: 40_000, pause: .milliseconds(10)),
        ]
        for bench in benches { #expect(try await bench.program().run("pull", "other").code == 0) }
        // How long each takes where nobody ends it: a kill falls anywhere into that time, or a little behind it.
        var lengths: [Int] = []
        for verb in Self.verbs { lengths.append(try await milliseconds(benches[0], verb)) }
        let (most, tally) = (lengths, Tally())
        try await byTwos(Array(0..<rounds)) { lane, round in
            let (verb, delay) = chance.withLock { chance in
                let verb = Int.random(in: 0..<Self.verbs.count, using: &chance)
                return (verb, Int.random(in: 0...most[verb] * 5 / 4, using: &chance))
            }
            try await tally.count(verb, strike(benches[lane], round, Self.verbs[verb], after: delay))
        }
        print("DL-52: killed \(tally.killed), ended before \(tally.ended), of pull, pull, repair, removal, which take \(most) ms")
        #expect(tally.killed.allSatisfy { $0 > rounds / 20 })
        for bench in benches {
            #expect(try await bench.program().run("verify", "other", "--repair").code == 0)
            try await bench.recovers("in the end", complete: bench.neighbour)
            #expect(try await bench.program().run("verify", "--all", "--repair").code == 0)
            try await bench.server.stop()
        }
    }

    private static let verbs = [["pull", "tiny"], ["pull", "tiny"], ["verify", "tiny", "--repair"], ["rm", "tiny", "--yes"]]

    private final class Tally: Sendable {
        private let counts = Mutex<[[Int]]>([[0, 0, 0, 0], [0, 0, 0, 0]])
        func count(_ verb: Int, _ wasKilled: Bool) { counts.withLock { $0[wasKilled ? 1 : 0][verb] += 1 } }
        var ended: [Int] { counts.withLock { $0[0] } }
        var killed: [Int] { counts.withLock { $0[1] } }
    }

    private func milliseconds(_ bench: FaultBench, _ arguments: [String]) async throws -> Int {
        try await prepare(bench, for: arguments[0])
        let start = ContinuousClock.now
        try await bench.program().started([Products.homewise] + arguments, story: bench.home + ".story") { process in
            while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
            #expect(process.terminationStatus == 0, "\(text(of: bench.home + ".story"))")
        }
        return Int(start.duration(to: .now).seconds * 1000)
    }

    /// What is to be removed or repaired must be there, the latter damaged.
    private func prepare(_ bench: FaultBench, for verb: String) async throws {
        guard verb != "pull" else {
            // What a killed pull left is gone on with; what is whole is fetched anew.
            if FileManager.default.fileExists(atPath: bench.blob) { _ = try await bench.program().run("rm", "tiny", "--yes") }
            return
        }
        try await bench.recovers("before \(verb)", complete: bench.neighbour)
        guard verb == "verify" else { return }
        chmod(bench.blob, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: bench.blob))
        try file.write(contentsOf: Data([1, 2, 3]))
        try file.close()
        #expect(try await bench.program().run("verify", "tiny").code == 65)
    }

    /// - Returns: whether the kill came before the program's own end.
    private func strike(_ bench: FaultBench, _ round: Int, _ arguments: [String], after delay: Int) async throws -> Bool {
        try await prepare(bench, for: arguments[0])
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
