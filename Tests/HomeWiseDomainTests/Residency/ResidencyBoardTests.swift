// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct ResidencyBoardTests {
    func want(_ key: String, _ gigabytes: Double, context: Int = 4096) -> ResidencyBoard.Want {
        Landlord.want(key, gigabytes, context: context)
    }

    @Test("SUP-33 a hundred first requests start one load, and all are served in their order") func joined() {
        var house = Landlord(gigabytes: 8)
        let tickets = (0..<100).map { _ in house.asks(want("a", 2)) }
        #expect(house.loads("a") == 1 && house.admitted.isEmpty)
        #expect(house.log.contains(.join(tickets[99], ahead: 99)))
        house.ready("a")
        for _ in tickets {
            guard let next = house.admitted.last else { break }
            house.ends(next)
        }
        #expect(house.admitted == tickets && house.loads("a") == 1 && house.refused.isEmpty)
    }

    @Test("SUP-33 who comes when the queue is full is told when to come again") func queueLimit() throws {
        var rules = ResidencyBoard.Rules()
        rules.queueLimit = 3
        var house = Landlord(gigabytes: 8, rules: rules)
        house.uses(want("a", 2), seconds: 20)
        let first = house.asks(want("a", 2))
        for _ in 0..<3 { house.asks(want("a", 2)) }
        let late = house.asks(want("a", 2))
        let failure = try #require(house.refused[late])
        #expect(failure.code == .queueFull && failure.retryAfter == 80, "four requests of 20 s are before it: \(failure)")
        house.ends(first)
        #expect(house.refused.count == 1)
    }

    @Test func oneThatCannotFitAloneIsRefusedWithTheFigures() throws {
        var house = Landlord(gigabytes: 8)
        house.uses(want("a", 2))
        let ticket = house.asks(want("huge", 9))
        let failure = try #require(house.refused[ticket])
        #expect(failure.code == .modelTooLarge && failure.message.contains("9.0 GB") && failure.message.contains("8.0 GB"))
        #expect(failure.retryAfter == nil && house.unloads("a").isEmpty, "nothing goes for what will not fit anyway")
    }

    @Test func memoryOfOtherProgramsCounts() throws {
        var house = Landlord(gigabytes: 8)
        house.uses(want("a", 2))
        let taken = MemoryBudget(host: .init(most: 8_000_000_000, left: 4_000_000_000), reserve: 500_000_000)
        house.take(house.board.measured(taken, at: house.now))
        let ticket = house.asks(want("b", 3.8))
        let failure = try #require(house.refused[ticket])
        #expect(failure.code == .memoryTaken && failure.retryAfter != nil && failure.message.contains("3.8 GB"), "\(failure)")
        #expect(failure.message.contains("3.5 GB") && house.unloads("a").isEmpty)
    }

    @Test func theLeastWorthGoesAndNoMoreThanNeeded() {
        var house = Landlord(gigabytes: 10)
        house.uses(Landlord.want("cheap", 3, loadSeconds: 1))
        house.uses(Landlord.want("dear", 3, loadSeconds: 60))
        house.uses(Landlord.want("small", 1, loadSeconds: 1))
        house.wait(60)
        house.asks(want("new", 5))
        #expect(house.unloads("cheap") == [.room] && house.unloads("dear").isEmpty && house.unloads("small").isEmpty)
        #expect(house.loads("new") == 0, "its room is not free yet")
        house.gone("cheap")
        #expect(house.loads("new") == 1)
    }

    @Test func whatWasNotUsedForLongGoesBeforeWhatWasUsedNow() {
        var house = Landlord(gigabytes: 10)
        house.uses(Landlord.want("old", 4, keepAlive: .never, loadSeconds: 3))
        house.wait(600)
        house.uses(Landlord.want("new", 4, loadSeconds: 1))
        house.wait(20)
        house.asks(want("c", 4))
        #expect(house.unloads("old") == [.room] && house.unloads("new").isEmpty)
    }

    @Test func pinnedStaysAndIsNamed() throws {
        var house = Landlord(gigabytes: 8)
        house.uses(want("a", 5))
        house.take(house.board.pin("a", true, at: house.now))
        house.wait(3600)
        let ticket = house.asks(want("b", 5))
        let failure = try #require(house.refused[ticket])
        #expect(failure.code == .memoryTaken && failure.message.contains("a, which is pinned"), "\(failure)")
        #expect(house.unloads("a").isEmpty)
        house.take(house.board.pin("a", false, at: house.now))
        house.wait(1)
        #expect(house.unloads("a") == [.idle])
    }

    @Test(arguments: [(KeepAlive.after(300), 300.0), (.after(0), 0), (.after(7), 7)])
    func idleModelsAreUnloaded(_ keepAlive: KeepAlive, _ seconds: Double) {
        var house = Landlord(gigabytes: 8)
        house.uses(Landlord.want("a", 2, keepAlive: keepAlive))
        if seconds > 0 {
            house.wait(seconds - 0.5)
            #expect(house.unloads("a").isEmpty)
            house.wait(1)
        }
        #expect(house.unloads("a") == [.idle])
    }

    @Test func neverIsNeverAndUseBeginsAnew() {
        var house = Landlord(gigabytes: 8)
        house.uses(Landlord.want("a", 2, keepAlive: .never))
        house.uses(Landlord.want("b", 2, keepAlive: .after(10)))
        house.wait(9)
        house.uses(want("b", 2))
        house.wait(9)
        #expect(house.unloads("b").isEmpty)
        house.wait(1e7)
        #expect(house.unloads("a").isEmpty && house.unloads("b") == [.idle])
    }

    @Test("SUP-32 time does not run out while a model loads, nor before its first use") func expiryDuringLoad() {
        var house = Landlord(gigabytes: 8)
        house.asks(Landlord.want("a", 2, purpose: .load, keepAlive: .after(1)))
        house.wait(600)
        #expect(house.unloads("a").isEmpty)
        house.ready("a")
        house.wait(30)
        #expect(house.unloads("a").isEmpty)
        house.wait(31)
        #expect(house.unloads("a") == [.idle])
    }

    @Test("SUP-32 who comes while a model is unloaded waits, and has it loaded again") func requestDuringUnload() {
        var house = Landlord(gigabytes: 8)
        house.uses(Landlord.want("a", 2, keepAlive: .after(0)))
        let ticket = house.asks(want("a", 2))
        #expect(house.loads("a") == 1 && !house.admitted.contains(ticket))
        house.gone("a")
        #expect(house.loads("a") == 2)
        house.ready("a")
        #expect(house.admitted.contains(ticket))
    }

    @Test func twoThatDoNotFitTogetherSwapSeldomAndBothGoOn() {
        var house = Landlord(gigabytes: 8)
        // Both are asked for without a pause, and each request takes a second; each load takes five.
        var inFlight: [Int: (String, Double)] = [:]
        var loading: (key: String, until: Double)?
        var answered = ["a": 0, "b": 0]
        var asked: [Int: String] = [:]
        for key in ["a", "b"] { asked[house.asks(Landlord.want(key, 5, loadSeconds: 5))] = key }
        for _ in 0..<600 {
            house.now += 1
            for (ticket, (key, until)) in inFlight where until <= house.now {
                inFlight[ticket] = nil
                answered[key, default: 0] += 1
                house.ends(ticket)
                asked[house.asks(Landlord.want(key, 5, loadSeconds: 5))] = key
            }
            house.take(house.board.tick(at: house.now))
            for (key, resident) in house.board.residents where resident.state == .unloading { house.gone(key) }
            for (key, resident) in house.board.residents where resident.state == .loading {
                if loading?.key != key { loading = (key, house.now + 5) }
                if let until = loading?.until, until <= house.now { house.ready(key, seconds: 5) }
            }
            if let key = loading?.key, house.board.residents[key]?.state != .loading { loading = nil }
            for ticket in house.admitted where inFlight[ticket] == nil {
                if let key = asked.removeValue(forKey: ticket) { inFlight[ticket] = (key, house.now + 1) }
            }
        }
        let loads = house.loads("a") + house.loads("b")
        #expect(answered["a", default: 0] > 100 && answered["b", default: 0] > 100, "\(answered)")
        #expect((10...45).contains(loads), "\(loads) loads in ten minutes")
    }

    @Test func aShortPauseBetweenTwoRequestsIsNotIdleness() {
        var house = Landlord(gigabytes: 8)
        house.uses(Landlord.want("a", 5, loadSeconds: 4))
        house.asks(want("b", 5))
        #expect(house.unloads("a").isEmpty, "whoever asked a moment ago asks again")
        let again = house.asks(want("a", 5))
        #expect(house.admitted.contains(again))
        house.now += 0.5
        house.ends(again)
        house.wait(1.1)
        #expect(house.unloads("a") == [.room])
    }

    @Test func interactiveGoesFirstAndBatchGrowsOld() {
        var house = Landlord(gigabytes: 8)
        let running = house.asks(want("a", 2))
        house.ready("a")
        let batch = house.asks(Landlord.want("a", 2, priority: .batch))
        let first = house.asks(want("a", 2))
        house.now += 31
        let second = house.asks(want("a", 2))
        for _ in 0..<4 { if let last = house.admitted.last { house.ends(last) } }
        #expect(house.admitted == [running, first, batch, second])
    }

    @Test func oneClientDoesNotCrowdOutTheOthers() {
        var house = Landlord(gigabytes: 8)
        let running = house.asks(want("a", 2))
        house.ready("a")
        let many = (0..<5).map { _ in house.asks(Landlord.want("a", 2, client: "greedy")) }
        let one = house.asks(Landlord.want("a", 2, client: "modest"))
        for _ in 0..<7 { if let last = house.admitted.last { house.ends(last) } }
        #expect(house.admitted == [running, many[0], one] + many.dropFirst())
    }

    @Test func asManyAtATimeAsTheEngineHasPlaces() {
        var house = Landlord(gigabytes: 8)
        for _ in 0..<5 { house.asks(Landlord.want("a", 2, slots: 3)) }
        house.ready("a")
        #expect(house.admitted.count == 3 && house.board.residents["a"]?.state == .busy(3))
    }

    @Test func freeRoomIsUsedMeanwhileUnlessThatDelaysWhoeverWaits() {
        var house = Landlord(gigabytes: 10)
        house.asks(want("a", 6))
        house.ready("a")
        house.wait(60)
        house.asks(want("b", 8))
        house.asks(want("c", 2))
        house.asks(want("d", 2))
        #expect(house.loads("c") == 1 && house.loads("d") == 0, "c fits beside both, and d would stand in the way of b")
    }

    @Test func preloadTakesNobodysPlace() {
        var house = Landlord(gigabytes: 8)
        for (key, gigabytes) in [("a", 3.0), ("b", 4), ("c", 4)] { house.asks(Landlord.want(key, gigabytes, purpose: .preload)) }
        #expect(house.loads("a") == 1 && house.loads("b") == 1 && house.loads("c") == 0)
        #expect(house.refused.count == 1 && house.refused.values.first?.code == .memoryTaken)
    }

    @Test func patienceEnds() {
        var house = Landlord(gigabytes: 8)
        let ticket = house.asks(Landlord.want("a", 2, patience: 3))
        house.wait(2.9)
        #expect(house.refused.isEmpty)
        house.wait(0.2)
        #expect(house.refused[ticket]?.code == .waitedTooLong)
        house.ready("a")
        #expect(house.admitted.isEmpty)
    }

    @Test func aGraphicsCardIsABudgetOfItsOwn() {
        var house = Landlord(gigabytes: 64)
        house.board.budget.gpus["card"] = .init(most: 8_000_000_000)
        func on(_ key: String, _ gigabytes: Double) -> ResidencyBoard.Want {
            var want = want(key, 1)
            want.footprint.gpus["card"] = Int64(gigabytes * 1e9)
            return want
        }
        house.uses(on("a", 5))
        house.uses(want("host", 1))
        house.wait(10)
        house.asks(on("b", 5))
        #expect(house.unloads("a") == [.room] && house.unloads("host").isEmpty)
        let ticket = house.asks(on("c", 9))
        #expect(house.refused[ticket]?.message.contains("card") == true)
    }
}
