// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct LimitsTests {
    @Test func moreConnectionsAsLongAsTheyHelp() {
        var count = LaneCount(most: 16)
        #expect(count.target == 4)
        var bytes: Int64 = 0
        func look(_ rate: Int64, _ now: Double) { bytes += rate / 2; count.look(bytes: bytes, at: now) }
        look(0, 0)
        look(400, 0.5)
        #expect(count.target == 8)
        look(800, 1)
        #expect(count.target == 16)
        count.turnedAway(busy: 5, at: 1.1)
        #expect(count.target == 5)
        look(4000, 1.6)
        #expect(count.target == 5, "the server said how many it will have")
        look(4000, 31.2)
        #expect(count.target == 10, "and is asked again after a while")
    }

    @Test func aLineThatIsFullGetsNoMore() {
        var count = LaneCount(most: 16)
        var bytes: Int64 = 0
        for step in 0..<10 { bytes += 500; count.look(bytes: bytes, at: Double(step) / 2) }
        #expect(count.target == 8)
    }

    @Test func theBudgetIsKeptOverAll() {
        var budget = BandwidthBudget(bytesPerSecond: 100)
        #expect(budget.take(50, at: 0) == 0.5 && budget.take(50, at: 0) == 1 && budget.take(100, at: 10) == 1)
        #expect(TransferLimits(connections: 8, bytesPerSecond: 1e6).usefulConnections == 2)
        #expect(TransferLimits(connections: 8, bytesPerSecond: 10).usefulConnections == 1)
        #expect(TransferLimits(connections: 8).usefulConnections == 8)
    }

    @Test func hoursOfTheDay() throws {
        let night = try DailyWindow(parsing: "22:30-6:00")
        #expect(night.wait(atSecondOfDay: 23 * 3600) == 0 && night.wait(atSecondOfDay: 5 * 3600) == 0)
        #expect(night.wait(atSecondOfDay: 22 * 3600) == 1800 && "\(night)" == "22:30-06:00")
        let day = try DailyWindow(parsing: "01:00-07:00")
        #expect(day.wait(atSecondOfDay: 7 * 3600) == 18 * 3600 && day.wait(atSecondOfDay: 3600) == 0)
    }

    @Test(arguments: ["", "1-2", "25:00-3:00", "01:00-01:00", "01:60-02:00", "a:00-b:00", "01:00-02:00-03:00", "-1:00-2:00", "24:01-1:00"])
    func noHours(_ text: String) { #expect(throws: Failure.self) { try DailyWindow(parsing: text) } }
}
