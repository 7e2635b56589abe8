// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

/// How models leave: drained, broken off, failed, pressed for memory, stopped.
extension ResidencyBoardTests {
    @Test func aBusyOneIsDrainedAndNotBrokenOff() {
        var house = Landlord(gigabytes: 8)
        let first = house.asks(want("a", 5))
        house.ready("a")
        house.wait(10)
        let other = house.asks(want("b", 5))
        #expect(house.log.contains(.drain("a", .room)) && house.unloads("a").isEmpty)
        let late = house.asks(want("a", 5))
        house.wait(100)
        #expect(!house.admitted.contains(late), "nobody new is let in")
        house.ends(first)
        #expect(house.unloads("a") == [.room])
        house.gone("a")
        house.ready("b")
        #expect(house.admitted == [first, other])
    }

    @Test("SUP-32 an answer without end keeps the room from others for so long and no longer") func longestDrain() {
        var house = Landlord(gigabytes: 8)
        house.asks(want("a", 5))
        house.ready("a")
        house.wait(10)
        let other = house.asks(want("b", 5))
        let late = house.asks(want("a", 5))
        #expect(house.log.contains(.drain("a", .room)))
        house.wait(house.board.rules.longestDrain - 1)
        #expect(house.unloads("a").isEmpty)
        house.wait(2)
        #expect(house.unloads("a") == [.room], "it is broken off")
        house.gone("a")
        house.ready("b")
        #expect(house.admitted.contains(other) && !house.admitted.contains(late))
    }

    @Test func theTimeOfADrainBeginsAnewWithTheNext() {
        var house = Landlord(gigabytes: 8)
        let first = house.asks(want("a", 5))
        house.ready("a")
        house.wait(10)
        let other = house.asks(want("b", 5))
        house.wait(house.board.rules.longestDrain - 1)
        house.take(house.board.withdrawn(other, at: house.now))
        house.wait(5)
        #expect(house.board.residents["a"]?.state == .busy(1), "nobody wants its room any more")
        house.asks(want("b", 5))
        house.wait(house.board.rules.longestDrain - 1)
        #expect(house.unloads("a").isEmpty && house.board.isSeated(first))
        house.wait(2)
        #expect(house.unloads("a") == [.room])
    }

    @Test func whoUnloadsByNameWaitsForTheAnswerUnlessOthersWaitForTheRoom() {
        var house = Landlord(gigabytes: 8)
        house.asks(want("a", 5))
        house.ready("a")
        house.take(house.board.unload("a", isAtOnce: false, at: house.now).decisions)
        house.wait(1e5)
        #expect(house.unloads("a").isEmpty)
        house.asks(want("b", 5))
        house.wait(house.board.rules.longestDrain - 1)
        #expect(house.unloads("a").isEmpty)
        house.wait(2)
        #expect(house.unloads("a") == [.asked])
    }

    @Test func roomThatNobodyWaitsForAnyMoreIsNotMade() {
        var house = Landlord(gigabytes: 8)
        let first = house.asks(want("a", 5))
        house.ready("a")
        house.wait(10)
        let other = house.asks(want("b", 5))
        let late = house.asks(want("a", 5))
        house.take(house.board.withdrawn(other, at: house.now))
        house.ends(first)
        #expect(house.unloads("a").isEmpty && house.admitted == [first, late])
    }

    @Test func aFailingLoadFailsAllItsWaitersAndLeavesOthersAlone() {
        var house = Landlord(gigabytes: 8)
        let other = house.asks(want("b", 2))
        house.ready("b")
        let tickets = (0..<10).map { _ in house.asks(want("a", 2)) }
        let failure = Failure.engineDidNotStart(ExitCause(.badModel, "it cannot read it"), tail: [])
        house.take(house.board.failed("a", failure, at: house.now))
        #expect(tickets.allSatisfy { house.refused[$0] == failure } && house.board.residents["b"]?.state == .busy(1))
        let soon = house.asks(want("a", 2))
        #expect(house.refused[soon]?.code == failure.code && house.refused[soon]?.retryAfter == 5)
        house.ends(other)
        #expect(house.loads("a") == 1)
    }

    @Test("SUP-08 one that has failed is gone before its memory is given to others, and nobody is let in to it") func failedAndLookedAt() {
        var house = Landlord(gigabytes: 8)
        let failure = Failure.engineDidNotStart(ExitCause(.badModel, "it cannot read it"), tail: [])
        house.uses(Landlord.want("a", 5, keepAlive: .after(10)))
        let other = house.asks(want("b", 5))
        // Its time is up and its room is wanted when it fails: neither is why it goes.
        house.now += 11
        let left = MemoryBudget(host: .init(most: 8_000_000_000, left: 6_000_000_000))
        house.take(house.board.failed("a", failure, leaving: left, at: house.now))
        #expect(house.unloads("a").isEmpty && house.loads("b") == 1 && house.board.budget == left)
        house.ready("b")
        #expect(house.admitted.contains(other))
        let soon = house.asks(want("a", 5))
        #expect(house.refused[soon]?.retryAfter == 5, "what it failed with is known")
    }

    @Test("SUP-34 a model that fails three times in a row is left alone until somebody loads it by name") func quarantine() {
        var house = Landlord(gigabytes: 8)
        let failure = Failure.engineDidNotStart(ExitCause(.crashed, "it crashed"), tail: [])
        for number in 1...3 {
            house.asks(want("a", 2))
            #expect(house.loads("a") == number)
            house.take(house.board.failed("a", failure, at: house.now))
            house.wait(20)
        }
        let ticket = house.asks(want("a", 2))
        #expect(house.refused[ticket]?.detail["quarantined"] == "true" && house.refused[ticket]?.retryAfter == nil)
        house.wait(86_400)
        house.asks(want("a", 2))
        #expect(house.loads("a") == 3)
        house.asks(Landlord.want("a", 2, purpose: .load))
        #expect(house.loads("a") == 4 && house.board.quarantined.isEmpty)
    }

    @Test("SUP-32 unloading lets a request end, tells those who wait, and breaks off where it is told to") func unload() {
        var house = Landlord(gigabytes: 8)
        let running = house.asks(want("a", 2))
        house.ready("a")
        let waiting = house.asks(want("a", 2))
        house.take(house.board.unload("a", isAtOnce: false, at: house.now).decisions)
        #expect(house.refused[waiting]?.code == .unloaded && house.unloads("a").isEmpty)
        house.ends(running)
        #expect(house.unloads("a") == [.asked])
        house.gone("a")
        house.asks(want("b", 2))
        house.ready("b")
        house.take(house.board.unload("b", isAtOnce: true, at: house.now).decisions)
        #expect(house.unloads("b") == [.asked])
        #expect(!house.board.unload("c", isAtOnce: true, at: house.now).isHere)
    }

    @Test func recoveryGetsAllIdleModels() {
        var house = Landlord(gigabytes: 10)
        house.uses(want("idle", 2))
        house.uses(want("pinned", 2))
        house.take(house.board.pin("pinned", true, at: house.now))
        house.asks(want("busy", 2))
        house.ready("busy")
        house.asks(want("short", 2))
        #expect(house.board.idle(besides: "short") == ["idle"])
        let (leaving, decisions) = house.board.evictIdle(for: "short", at: house.now)
        house.take(decisions)
        #expect(leaving == ["idle"] && house.unloads("idle") == [.recovery] && house.unloads("busy").isEmpty)
    }

    @Test func underPressureIdleModelsGiveBackWhatIsTheirOwn() {
        var house = Landlord(gigabytes: 16)
        house.uses(Landlord.want("a", 3, loadSeconds: 1))
        house.uses(Landlord.want("b", 3, loadSeconds: 20))
        var mapped = want("mapped", 0)
        mapped.footprint = Footprint(own: 0, mapped: 4_000_000_000)
        house.uses(mapped)
        house.take(house.board.pressed(MemoryBudget(host: .init(most: 16_000_000_000, left: 5_000_000_000)), at: house.now))
        #expect(house.unloads("a") == [.pressure] && house.unloads("b").isEmpty && house.unloads("mapped").isEmpty)
    }

    @Test func stopTellsEverybodyAndEndsEmpty() {
        var house = Landlord(gigabytes: 8)
        let running = house.asks(want("a", 2))
        house.ready("a")
        let waiting = house.asks(want("a", 2))
        house.asks(want("b", 2))
        house.take(house.board.stop(isAtOnce: false, at: house.now))
        #expect(house.refused[waiting]?.code == .notServing && house.unloads("b") == [.stop] && house.unloads("a").isEmpty)
        house.gone("b")
        house.ends(running)
        house.gone("a")
        #expect(house.board.isEmpty)
        #expect(house.refused[house.asks(want("a", 2))]?.code == .notServing)
    }
}
