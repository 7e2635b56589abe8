// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct HeatGovernorTests {
    /// The ceiling at each change, and when, for a temperature that follows the second and the threads that run.
    private func changes(_ celsius: (Double, Int) -> Double?, for seconds: Int, most: Int = 4) -> [(at: Double, ceiling: Int)] {
        var governor = HeatGovernor(most: most, limits: .standard)
        var changes: [(at: Double, ceiling: Int)] = []
        for tick in 0..<(seconds / 2) {
            let (now, before) = (Double(tick) * 2, governor.ceiling)
            governor.look(celsius(now, before), threads: before, at: now)
            if governor.ceiling != before { changes.append((now, governor.ceiling)) }
        }
        return changes
    }

    @Test func aCoolMachineKeepsItsThreads() { #expect(changes({ _, _ in 84.9 }, for: 600).isEmpty) }

    @Test func aMachineThatTellsNothingKeepsItsThreads() { #expect(changes({ _, _ in nil }, for: 600).isEmpty) }

    @Test func aPeakOfOneLookChangesNothing() { #expect(changes({ now, _ in now == 10 ? 90 : 70 }, for: 60).isEmpty) }

    @Test func aWarmMachineLosesThreadsOneByOneAndKeepsOne() {
        let seen = changes({ _, _ in 88 }, for: 120)
        #expect(seen.map(\.ceiling) == [3, 2, 1])
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1.at - $0.at >= 10 })
    }

    @Test func aCriticalOneHasOneThreadAtOnce() {
        let seen = changes({ _, _ in 95 }, for: 20)
        #expect(seen.map(\.ceiling) == [1] && seen[0].at == 0)
    }

    @Test func aMachineThatCooledDownGetsThemBack() {
        let seen = changes({ now, _ in now < 10 ? 96 : 60 }, for: 200)
        #expect(seen.map(\.ceiling) == [1, 2, 3, 4])
        #expect(seen[1].at >= 30)
    }

    @Test func betweenTheTwoItStaysAsItIs() {
        #expect(changes({ now, _ in now < 10 ? 96 : 82 }, for: 600).map(\.ceiling) == [1])
    }

    @Test func aSensorThatWentAwayHoldsNobodyBackForEver() {
        #expect(changes({ now, _ in now < 10 ? 96 : nil }, for: 200).map(\.ceiling) == [1, 2, 3, 4])
    }

    /// Four threads make it 90 °C, three make it 75: whoever gives the fourth back after a fixed time does so for ever.
    @Test func itDoesNotOscillate() {
        let seen = changes({ _, threads in threads == 4 ? 90 : 75 }, for: 3_600)
        #expect(seen.count < 60)
        #expect(seen.filter { $0.at > 1_800 }.count < 16)
    }

    @Test(arguments: [(85.0, 85.0), (95, 85), (20, 90), (85, 300), (.nan, 95), (85, .infinity)])
    func limitsThatAreNoneAreRefused(_ limits: (Double, Double)) {
        #expect(throws: Failure.self) { try HeatLimits(warning: limits.0, critical: limits.1) }
    }
}
