// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

/// Loading, asking and unloading at the same time, over and over, with real children.
@Suite(.temporaryFolder, .timeLimit(.minutes(4))) struct ResidencyRaceTests {
    private typealias House = ResidencyHouse

    /// How the requests of a race ended.
    private struct Tally {
        var answered = 0
        var unloaded = 0
        var others: [String] = []

        mutating func count(_ error: any Error) {
            if (error as? Failure)?.code == .unloaded { unloaded += 1 } else { others.append("\(error)") }
        }
    }

    @Test("SUP-32 unloading in the middle of loads and requests: each is answered or told why, and nothing hangs") func unloading()
        async throws
    {
        try await House.open(["a": []]) { house in
            let tally = Shared(Tally())
            try await house.withResidency { residency in
                for round in 0..<40 {
                    await withTaskGroup { group in
                        for _ in 0..<4 {
                            group.addTask {
                                do {
                                    try await Task.sleep(for: .milliseconds(Int.random(in: 0..<120)))
                                    _ = try await residency.ask("a")
                                    tally.withLock { $0.answered += 1 }
                                } catch { tally.withLock { $0.count(error) } }
                            }
                        }
                        group.addTask {
                            do {
                                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<160)))
                                _ = try await residency.unload("a", isAtOnce: round % 2 == 0)
                            } catch { tally.withLock { $0.others.append("\(error)") } }
                        }
                    }
                }
                let board = await residency.board
                #expect(board.waiting.isEmpty && board.seated.isEmpty)
            }
            let result = tally.withLock { $0 }
            #expect(result.others.isEmpty && result.answered + result.unloaded == 160, "\(result)")
            #expect(result.answered > 40 && result.unloaded > 0, "\(result)")
            // One that was cut while it started may be on its way out still.
            let isOver = await eventually(within: .seconds(2)) { House.starts(of: "a").allSatisfy { !House.isAlive($0) } }
            #expect(isOver, "\(House.starts(of: "a").filter(House.isAlive).map { text(ofProcess: $0) })")
        }
    }

    @Test("SUP-32 a model that goes at once after each answer, asked for again in that moment: every request is answered") func expiry()
        async throws
    {
        try await House.open(["a": [], "b": []]) { house in
            var settings = ResidencySettings()
            settings.idleUnload = .after(0)
            let answered = Shared(0)
            try await house.withResidency(settings) { residency in
                try await withThrowingTaskGroup { group in
                    for model in ["a", "b", "a", "b"] {
                        group.addTask {
                            for _ in 0..<15 {
                                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<30)))
                                _ = try await residency.ask(model)
                                answered.withLock { $0 += 1 }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(await eventually(within: .seconds(5)) { await residency.ps().isEmpty })
            }
            #expect(answered.withLock { $0 } == 60)
            #expect(House.starts(of: "a").count > 1 && House.starts(of: "a").count <= 30)
        }
    }
}

private func text(ofProcess pid: Int32) -> String {
    FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) } ?? "\(pid)"
}
