// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

/// The power goes at any moment of a real pull: each disk that it may leave is built and opened.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(360))) struct PowerLossTests {
    private static let size = 60_000

    /// States of each record: 100,000 and more by `make soak`.
    private static let states = kills.map { $0 * 6 } ?? 400

    /// One run of the program, recorded.
    private func record(_ bench: FaultBench, _ shim: String, _ arguments: [String]) async throws -> DiskRecord {
        var record = try DiskRecord(before: bench.home)
        var disk = FaultyDisk(below: bench.home, calls: [], deed: .kill)
        disk.record = TemporaryFolder.path + "/record-\(UInt32.random(in: .min ... .max))"
        let path = try #require(disk.record)
        let extra = disk.environment(shim).merging(["HOMEWISE_STATE": TemporaryFolder.path + "/beside"]) { $1 }
        let outcome = try await bench.program(extra).shell("exec \"$homewise\" \(arguments.joined(separator: " "))")
        #expect(outcome.code == 0, "\(outcome.story)")
        try record.read(path, home: bench.home)
        return record
    }

    /// A folder in memory, where there is one: nothing here must last.
    private static func place() -> String {
        let memory = "/dev/shm"
        let base = access(memory, W_OK) == 0 ? memory : TemporaryFolder.path
        return "\(base)/homewise-power-\(getpid())-\(UInt32.random(in: .min ... .max))"
    }

    private struct Question: Sendable {
        /// Models that were complete before.
        var before: [String: [Digest]]
        /// And those that are when the program has said so.
        var after: [String: [Digest]]
    }

    /// - Returns: how many disks there were, and what was wrong with them.
    private func replay(_ record: DiskRecord, _ question: Question, _ what: String, states: Int) async throws -> (Int, [String]) {
        let seen = Mutex(Set<Int>())
        let wrong = Mutex([String]())
        let seed = Mutex(Chance("the \(states) disks of \(what)"))
        let homes = [Self.place(), Self.place()]
        defer { for home in homes { try? FileManager.default.removeItem(atPath: home) } }
        try await byTwos(Array(0..<states)) { lane, state in
            var chance = seed.withLock { $0.branch(state) }
            // Every moment in turn, each with every kind of loss; the end, where all must be there, oftener than others.
            let count = state % 10 == 0 ? record.deeds.count : 1 + (state * 7919) % record.deeds.count
            let loss = DiskRecord.Loss.allCases[(state / 10 + state) % DiskRecord.Loss.allCases.count]
            let wreck = record.wreck(after: count, losing: loss, &chance)
            guard seen.withLock({ $0.insert(wreck.hashValue).inserted }), !wreck.files.isEmpty else { return }
            try wreck.build(at: homes[lane])
            let complete = count == record.deeds.count ? question.after : question.before
            var found: [String]
            do {
                found = try StoreInvariants(home: homes[lane], complete: complete).violations()
                // What nobody wrote to since is not only listed, but can be used.
                let usable = Set(try ModelStore(home: homes[lane]).models().map(\.key))
                found += complete.keys.filter { !usable.contains($0) }.map { "I7: \($0) cannot be used any more" }
            } catch { found = ["I6: \(error)"] }
            if !found.isEmpty { wrong.withLock { $0.append("\(what), after \(count) calls, losing \(loss), disk \(state): \(found)") } }
        }
        return (seen.withLock(\.count), wrong.withLock { $0 })
    }

    @Test("DL-53 I1 I2 I7 the power goes at any moment of a first pull, of another and of a removal") func everyMoment() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        let tiny = ["tiny:q4": [digest(of: bench.bytes)]]
        let both = bench.neighbour.merging(tiny) { $1 }
        let first = try await record(bench, shim, ["pull", "other"])
        let second = try await record(bench, shim, ["pull", "tiny"])
        let third = try await record(bench, shim, ["rm", "tiny", "--yes"])
        let questions = [
            (first, Question(before: [:], after: bench.neighbour), "a first pull"),
            (second, Question(before: bench.neighbour, after: both), "a pull"),
            (third, Question(before: bench.neighbour, after: bench.neighbour), "a removal"),
        ]
        var total = 0
        for (record, question, what) in questions {
            let (count, wrong) = try await replay(record, question, what, states: Self.states)
            #expect(wrong.isEmpty, "\(wrong.count) of \(count): \(wrong.prefix(3))")
            print("DL-53: \(count) different disks of \(what), \(record.deeds.count) calls")
            total += count
        }
        #expect(total > Self.states)
        // A program that forgot one of its flushes is found out: that is what the disks above are worth.
        let hex = digest(of: bench.bytes).hex
        let forgotten: [(String, (String) -> Bool)] = [
            ("the file", { $0.hasPrefix("partial/") }), ("its folder", { $0.hasPrefix("blobs/sha256/\(hex.prefix(2))") }),
            ("the inventory", { $0.hasPrefix("inventory.sqlite") }), ("the folder of its folder", { $0 == "blobs/sha256" }),
        ]
        for (what, isForgotten) in forgotten {
            let (_, wrong) = try await replay(
                second.forgetting(isForgotten), questions[1].1, "a pull without the flush of \(what)", states: 60)
            #expect(!wrong.isEmpty, "\(what)")
        }
        try await bench.server.stop()
    }

    @Test("DL-53 I6 after the power went, the next pull gets there") func goesOn() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(Self.size)
        let record = try await record(bench, shim, ["pull", "tiny"])
        var chance = Chance("the disks that a pull goes on with")
        for state in 0..<6 {
            let count = record.deeds.count * (state + 1) / 7
            let loss = DiskRecord.Loss.allCases[state % DiskRecord.Loss.allCases.count]
            try record.wreck(after: count, losing: loss, &chance).build(at: bench.home)
            try await bench.recovers("after \(count) calls, losing \(loss)")
        }
        try await bench.server.stop()
    }
}
