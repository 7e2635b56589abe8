// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ThreadGovernorTests {
    private let cpu = SystemCapabilities.CPU(architecture: "x86_64", physicalCores: 4, logicalCores: 4)

    /// Threads at each change, and when, for a load of others that changes at given seconds.
    private func changes(_ load: (Double) -> Double, for seconds: Double, threads: Int = 4, ceiling: Int = 4) -> [(Double, Int)] {
        var governor = ThreadGovernor(threads: threads, ceiling: ceiling, cpu: cpu)
        var changes: [(Double, Int)] = []
        for tick in 1...Int(seconds * 4) {
            let now = Double(tick) / 4
            if let decision = governor.look(.init(others: load(now), stolen: 0), at: now) { changes.append((now, decision.threads)) }
        }
        return changes
    }

    @Test func aBusyNeighbourIsMadeRoomForSoon() {
        let seen = changes({ $0 < 2 ? 0 : 1 }, for: 10)
        #expect(seen.map(\.1) == [3] && seen[0].0 < 3)
    }

    @Test func aShortBurstChangesNothing() { #expect(changes({ $0 == 2 ? 2 : 0 }, for: 10).isEmpty) }

    @Test func aCoreIsTakenWhenItHasBeenFreeForAWhile() {
        let seen = changes({ $0 < 5 ? 2 : 0 }, for: 10)
        #expect(seen.map(\.1) == [2, 4])
        #expect((6.5...7).contains(seen[1].0))
    }

    @Test func onlyWhatWasFreeAllTheTimeIsTaken() {
        let seen = changes({ $0 < 2 ? 3 : ($0 < 3 ? 0 : 1) }, for: 4, threads: 1)
        #expect(seen.map(\.1) == [3])
    }

    /// A neighbour that works for two seconds and rests for two: a fixed wait would follow it for ever.
    @Test func itDoesNotOscillate() {
        let seen = changes({ Int($0 / 2) % 2 == 0 ? 1 : 0 }, for: 240)
        #expect(seen.count < 20)
        #expect(seen.filter { $0.0 > 120 }.count < 8)
    }

    @Test func fewerThatAPersonAllowsHoldAtOnceAndMoreWithTheNextLook() {
        var governor = ThreadGovernor(threads: 4, ceiling: 4, cpu: cpu)
        let idle = ThreadPolicy.Load(others: 0, stolen: 0)
        #expect(governor.allow(4) == nil)
        #expect(governor.allow(2)?.threads == 2 && governor.threads == 2)
        for tick in 1...40 { #expect(governor.look(idle, at: Double(tick) / 4) == nil) }
        #expect(governor.allow(3) == nil && governor.look(idle, at: 10.25)?.threads == 3)
        #expect(governor.allow(0)?.threads == 1)
    }

    @Test func moreThatAPersonAllowsIsNotTakenFromOthers() {
        var governor = ThreadGovernor(threads: 1, ceiling: 1, cpu: cpu)
        #expect(governor.allow(4) == nil)
        #expect(governor.look(.init(others: 2, stolen: 0), at: 1)?.threads == 2)
        #expect(governor.look(.init(others: 0, stolen: 0), at: 1.25) == nil, "and then it is as patient as ever")
    }

    @Test func itStaysWithinWhatTheEngineWasStartedFor() {
        #expect(changes({ _ in 0 }, for: 10, threads: 1, ceiling: 2).map(\.1) == [2])
        #expect(changes({ _ in 9 }, for: 10).map(\.1) == [1])
    }

    @Test func heatTakesThreadsAtOnceAndTellsWhy() {
        var governor = ThreadGovernor(threads: 4, ceiling: 4, cpu: cpu)
        #expect(governor.look(.init(others: 0, stolen: 0), heat: (4, 60), at: 0) == nil)
        let decision = governor.look(.init(others: 0, stolen: 0), heat: (1, 96.4), at: 1)
        #expect(decision?.threads == 1 && decision?.reason == "the processor is at 96 °C")
        // And no more than it allows, however long the cores have been free.
        for tick in 0..<100 { #expect(governor.look(.init(others: 0, stolen: 0), heat: (1, 90), at: 1 + Double(tick)) == nil) }
        #expect(
            (0..<10).compactMap { governor.look(.init(others: 0, stolen: 0), heat: (2, 70), at: 200 + Double($0)) }.map(\.threads) == [2])
    }
}
