// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// The real program on a disk that fails: each fault is said by its name, nothing that was here is harmed, and a plain run
/// afterwards gets there.
@Suite(.temporaryFolder, .timeLimit(.minutes(15))) struct FaultyDiskTests {
    private static let size = 400_000

    /// One pull with the fault, and what came of it.
    private func strike(_ bench: FaultBench, _ disk: FaultyDisk, _ shim: String, _ arguments: String = "pull") async throws -> (
        Program.Outcome, FaultyDisk.Tally
    ) {
        let outcome = try await bench.program(disk.environment(shim)).run(arguments, "tiny")
        return try (outcome, disk.counted())
    }

    @Test("DL-44 DL-45 I6 I7 a disk that is full from the Nth write on, for every N") func fullFromEveryWriteOn() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        #expect(try await bench.program().run("pull", "other").code == 0)
        var disk = FaultyDisk(below: bench.home, calls: ["write"], deed: .fail(ENOSPC))
        var full = 0
        for turn in UInt64(1)... {
            disk.turns = turn...UInt64.max
            let (outcome, tally) = try await strike(bench, disk, shim)
            if tally.faults == 0 { break }
            if outcome.code != 0 {
                full += 1
                #expect(outcome.code == 73 && outcome.story.contains("full"), "write \(turn): \(outcome.status) \(outcome.story)")
            }
            try await bench.recovers("write \(turn)", complete: bench.neighbour)
            #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        }
        print("DL-44: \(full) writes that could not be done ended a pull")
        #expect(full > 10)
        try await bench.server.stop()
    }

    @Test("DL-46 a disk that only says it has reserved the room, and is full later") func reservationLies() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        var disk = FaultyDisk(below: bench.home + "/partial/", calls: ["fallocate"], deed: .lie)
        let (outcome, tally) = try await strike(bench, disk, shim)
        #expect(outcome.code == 0 && tally.faults == 1, "\(outcome.story)")
        try await bench.recovers("after a lie")
        #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        // Both: neither is there room, nor does the reservation say so.
        disk.calls = ["fallocate", "write"]
        disk.deed = .fail(EOPNOTSUPP)
        disk.turns = 1...1
        #expect(try await strike(bench, disk, shim).0.code == 73)
        disk.deed = .fail(ENOSPC)
        disk.calls = ["write"]
        disk.turns = 1...UInt64.max
        let (late, _) = try await strike(bench, disk, shim)
        #expect(late.code == 73 && late.story.contains("full"), "\(late.status) \(late.story)")
        try await bench.recovers("after a late end of the room")
        try await bench.server.stop()
    }

    @Test(
        "DL-47 I6 each refusal of the disk is said by its name",
        arguments: [
            (EDQUOT, "write", "full"), (EFBIG, "write", "full"), (EDQUOT, "fallocate", "are needed"), (EROFS, "create", "Read-only"),
            (EACCES, "create", "Permission denied"), (EMFILE, "create", "Too many open files"), (EROFS, "write", "Read-only"),
            (EACCES, "rename", "Permission denied"), (EROFS, "unlink", "Read-only"),
        ]) func refusals(_ number: Int32, _ call: String, _ words: String) async throws
    {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        #expect(try await bench.program().run("pull", "other").code == 0)
        // The partial file alone, and then the blob's place: the questions that the store asks of its disk are not meant.
        let hex = digest(of: bench.bytes).hex
        let below = call == "rename" ? "\(bench.home)/blobs/" : "\(bench.home)/partial/\(hex)"
        let (outcome, tally) = try await strike(bench, FaultyDisk(below: below, calls: [call], deed: .fail(number)), shim)
        if tally.faults > 0 {
            #expect(outcome.code == 73, "\(outcome.status) \(outcome.story)")
            #expect(outcome.story.contains(words), "\(outcome.story)")
        } else {
            #expect(call == "unlink" && outcome.code == 0)
        }
        try await bench.recovers("\(call) refused with \(number)", complete: bench.neighbour)
        try await bench.server.stop()
    }

    @Test("DL-48 what a failing disk took is fetched again, and no second flush makes it good") func inputOutput() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        let partial = "\(bench.home)/partial/\(digest(of: bench.bytes).hex)"
        for (call, turn) in [("write", UInt64(2)), ("fsync", 1)] {
            let before = bench.server.asked
            let disk = FaultyDisk(below: partial, calls: [call], deed: .fail(EIO), turns: turn...turn)
            let (outcome, tally) = try await strike(bench, disk, shim)
            #expect(tally.faults == 1 && outcome.code == 73, "\(call): \(outcome.status) \(outcome.story)")
            #expect(outcome.story.contains("The disk of") && outcome.story.contains("dmesg"), "\(outcome.story)")
            #expect(!FileManager.default.fileExists(atPath: partial), "\(call)")
            #expect(!FileManager.default.fileExists(atPath: bench.blob), "\(call)")
            let between = bench.server.asked
            try await bench.recovers("EIO on \(call)")
            #expect(between - before <= bench.bytes.count && bench.server.asked - between == bench.bytes.count, "\(call): every byte anew")
            #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        }
        try await bench.server.stop()
    }

    @Test("DL-48 I7 EIO on any one flush of the store") func everyFlush() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        #expect(try await bench.program().run("pull", "other").code == 0)
        var told: Set<String> = []
        for turn in UInt64(1)... {
            var disk = FaultyDisk(below: bench.home, calls: ["fsync"], deed: .fail(EIO), turns: turn...turn)
            let log = TemporaryFolder.path + "/flushes"
            disk.log = log
            let (outcome, tally) = try await strike(bench, disk, shim)
            if tally.faults == 0 { break }
            let lines = text(of: log).split(separator: "\n").map { $0.dropFirst("fsync \(bench.home)/".count) }
            try FileManager.default.removeItem(atPath: log)
            let place = String(lines[Int(turn) - 1].prefix { $0 != "/" })
            // What SQLite keeps for itself it may do without; what was fetched must be there, and so must what names it.
            if ["partial", "blobs", "manifests"].contains(place) {
                told.insert(place)
                #expect(outcome.code == 73, "fsync \(turn) of \(lines[Int(turn) - 1]): \(outcome.status) \(outcome.story)")
            }
            #expect(outcome.code == 0 || outcome.code == 73, "fsync \(turn): \(outcome.status) \(outcome.story)")
            try await bench.recovers("fsync \(turn)", complete: bench.neighbour)
            #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        }
        #expect(told == ["partial", "blobs", "manifests"])
        try await bench.server.stop()
    }

    @Test("DL-49 short reads and writes, and EINTR, on every call") func falters() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(1_000_000)
        // SQLite takes an interrupted flush for a failed one, which is safe; ours are asked again.
        let flushes = FaultyDisk(below: bench.home + "/partial/", calls: ["fsync"], deed: .falter)
        let (flushed, interrupted) = try await strike(bench, flushes, shim)
        #expect(flushed.code == 0 && interrupted.faults > 0, "\(flushed.status) \(flushed.story)")
        #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        let disk = FaultyDisk(below: bench.home, calls: ["write", "read", "fallocate", "flock"], deed: .falter)
        let (outcome, tally) = try await strike(bench, disk, shim)
        #expect(outcome.code == 0 && tally.faults > 100, "\(outcome.status) \(outcome.story)")
        let environment = disk.environment(shim)
        #expect(try await bench.program(environment).run("verify", "--all").code == 0)
        #expect(try await bench.program(environment).run("list").output.contains("tiny"))
        try await bench.recovers("faltering")
        #expect(try await bench.program(environment).run("rm", "tiny", "--yes").code == 0)
        try await bench.server.stop()
    }
}
