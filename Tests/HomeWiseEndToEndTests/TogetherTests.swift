// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// Several of the real program at once, and one that is stopped, put to sleep or told another time.
@Suite(.temporaryFolder, .timeLimit(.minutes(15))) struct TogetherTests {
    /// So that no line is asked for what another has before it, and all that is asked for comes.
    static let oneLine = ["HOMEWISE_DOWNLOAD_CONNECTIONS": "1"]

    @Test("DL-56 several programs at once fetch a model once", arguments: [2, 8]) func together(_ count: Int) async throws {
        let bench = try await FaultBench(12_000_000, chunk: 1 << 20, pause: .milliseconds(30))
        let outcomes = try await withThrowingTaskGroup(of: Program.Outcome.self) { group in
            for _ in 0..<count { group.addTask { try await bench.program(Self.oneLine).run("pull", "tiny") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0.code == 0 }, "\(outcomes.map(\.story))")
        #expect(bench.server.asked == bench.bytes.count)
        let blobs = try FileManager.default.subpathsOfDirectory(atPath: bench.home + "/blobs/sha256").filter { $0.contains("/") }
        #expect(blobs.count == 1)
        try await bench.recovers("\(count) at once")
        try await bench.server.stop()
    }

    @Test("DL-59 I7 fetching, removing and pruning at once take nothing from one another") func races() async throws {
        let bench = try await FaultBench(400_000, chunk: 40_000, pause: .milliseconds(5))
        #expect(try await bench.program().run("pull", "other").code == 0)
        for round in 0..<25 {
            async let pulled = bench.program().run("pull", "tiny")
            async let pruned = bench.program().run("prune", "--yes")
            async let removed = bench.program().run("rm", "tiny", "--yes")
            let outcomes = try await (pulled, pruned, removed)
            #expect(outcomes.0.code == 0, "round \(round): \(outcomes.0.story)")
            #expect(outcomes.1.code == 0, "round \(round): \(outcomes.1.story)")
            // Removed, not here, or in use.
            #expect([0, 66, 75].contains(outcomes.2.code), "round \(round): \(outcomes.2.story)")
            #expect(try StoreInvariants(home: bench.home, complete: bench.neighbour).violations() == [], "round \(round)")
        }
        try await bench.recovers("after the races", complete: bench.neighbour)
        try await bench.server.stop()
    }

    @Test("DL-69 stopped at 30 random moments of a download, it ends at once and nothing grows") func stopped() async throws {
        var chance = Chance("DL-69")
        let bench = try await FaultBench(20_000_000, chunk: 100_000, pause: .milliseconds(30))
        var (took, files, stopped) = ([Double](), [Int](), 0)
        let program = bench.program(["HOMEWISE_DOWNLOAD_CONNECTIONS": "2"])
        for round in 0..<30 {
            let asked = bench.server.requests.count
            let delay = Int.random(in: 0..<400, using: &chance)
            let story = TemporaryFolder.path + "/story"
            try await program.started([Products.homewise, "pull", "tiny"], story: story) { process in
                _ = await eventually(within: .seconds(20)) { bench.server.requests.count > asked || !process.isRunning }
                try await Task.sleep(for: .milliseconds(delay))
                let start = ContinuousClock.now
                kill(process.processIdentifier, SIGINT)
                #expect(await eventually(within: .seconds(10)) { !process.isRunning }, "round \(round)")
                took.append(start.duration(to: .now).seconds)
                if process.terminationStatus == 130 { stopped += 1 }
                // It may have been done before.
                #expect([0, 130].contains(process.terminationStatus), "round \(round): \(text(of: story))")
            }
            files.append(try FileManager.default.subpathsOfDirectory(atPath: bench.home).count)
            #expect(try FileManager.default.contentsOfDirectory(atPath: bench.home + "/partial").count <= 1)
        }
        took.sort()
        print("DL-69: ended after \(took[15]) s (median), \(took[29]) s at most")
        #expect(stopped >= 20 && took[15] < 0.5 && took[29] < 5, "\(stopped) were stopped before their end")
        #expect(files[29] <= files[2] + 2, "\(files)")
        try await bench.recovers("stopped 30 times")
        try await bench.server.stop()
    }

    @Test("DL-65 a program that sleeps in mid-download goes on when it wakes") func asleep() async throws {
        let bench = try await FaultBench(20_000_000, chunk: 200_000, pause: .milliseconds(40))
        let story = TemporaryFolder.path + "/story"
        try await bench.program().started([Products.homewise, "pull", "tiny"], story: story) { process in
            try #require(await eventually(within: .seconds(20)) { bench.server.asked > 0 })
            try await Task.sleep(for: .milliseconds(300))
            kill(process.processIdentifier, SIGSTOP)
            try await Task.sleep(for: .seconds(4))
            #expect(process.isRunning)
            kill(process.processIdentifier, SIGCONT)
            #expect(await eventually(within: .seconds(60)) { !process.isRunning })
            #expect(process.terminationStatus == 0, "\(text(of: story))")
        }
        try await bench.recovers("asleep")
        try await bench.server.stop()
    }

    @Test("DL-64 a clean-up by another clock leaves an active download alone", arguments: [315_360_000, -315_360_000])
    func pruneByAnotherClock(_ seconds: Int) async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(20_000_000, chunk: 400_000, pause: .milliseconds(40))
        let clock = bench.program(["LD_PRELOAD": shim, "FAULT_CLOCK": "\(seconds)"])
        let partial = "\(bench.home)/partial/\(digest(of: bench.bytes).hex)"
        async let pulled = bench.program(Self.oneLine).run("pull", "tiny")
        #expect(await eventually(within: .seconds(20)) { bench.server.asked > 1_000_000 })
        let node = try #require(FileManager.default.attributesOfItem(atPath: partial)[.systemFileNumber] as? UInt64)
        for _ in 0..<3 {
            let pruned = try await clock.run("prune", "--yes")
            #expect(pruned.code == 0, "\(pruned.story)")
        }
        // It is still at it, and in the same file.
        #expect(try FileManager.default.attributesOfItem(atPath: partial)[.systemFileNumber] as? UInt64 == node)
        let outcome = try await pulled
        #expect(outcome.code == 0, "\(outcome.story)")
        #expect(bench.server.asked == bench.bytes.count, "every byte once")
        try await bench.recovers("pruned by another clock")
        try await bench.server.stop()
    }

    @Test("DL-64 the wall clock jumps ten years in mid-download", arguments: [315_360_000, -315_360_000])
    func clock(_ seconds: Int) async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(20_000_000, chunk: 400_000, pause: .milliseconds(20))
        // A budget of bytes a second that went by the wall clock would have ten years to make good, or to wait for.
        let jumps = [
            "LD_PRELOAD": shim, "FAULT_CLOCK": "\(seconds)", "FAULT_CLOCK_AFTER": "600", "HOMEWISE_DOWNLOAD_BANDWIDTH_LIMIT": "8MB",
        ].merging(Self.oneLine) { $1 }
        let outcome = try await bench.program(jumps).shell("timeout 60 \"$homewise\" pull tiny")
        #expect(outcome.code == 0, "\(outcome.story)")
        #expect(bench.server.asked == bench.bytes.count)
        let listed = try await bench.program(jumps.merging(["FAULT_CLOCK_AFTER": "0"]) { $1 }).run("list")
        #expect(listed.code == 0 && listed.output.contains("tiny"), "\(listed.story)")
        try await bench.recovers("another time")
        try await bench.server.stop()
    }
}
