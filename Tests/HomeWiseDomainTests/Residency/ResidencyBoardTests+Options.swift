// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

/// Who asks for other options, or shows pictures, and whom a load serves.
extension ResidencyBoardTests {
    @Test func onlyOptionsThatMatterLoadAnew() {
        var house = Landlord(gigabytes: 8)
        house.uses(want("a", 2, context: 4096))
        house.wait(10)
        var threads = want("a", 2)
        (threads.plan.threads, threads.plan.mostThreads, threads.plan.reasons) = (7, 7, ["other"])
        house.uses(threads)
        house.uses(want("a", 2, context: 2048))
        #expect(house.loads("a") == 1 && house.unloads("a").isEmpty)
        house.wait(10)
        let ticket = house.asks(want("a", 3, context: 8192))
        #expect(house.unloads("a") == [.options] && !house.admitted.contains(ticket))
        house.gone("a")
        house.ready("a")
        #expect(house.loads("a") == 2 && house.admitted.contains(ticket) && house.board.residents["a"]?.asked.options.context == 8192)
    }

    private func pictures(_ key: String, projector: String? = "/mmproj.gguf") -> ResidencyBoard.Want {
        var want = want(key, 2)
        (want.plan.projector, want.demand.hasPictures) = (projector, true)
        return want
    }

    @Test func whoShowsPicturesIsNotServedByALoadThatDoesNotSee() {
        var house = Landlord(gigabytes: 8)
        house.uses(want("a", 2))
        house.wait(10)
        let ticket = house.asks(pictures("a"))
        #expect(house.unloads("a") == [.options] && !house.admitted.contains(ticket))
        house.gone("a")
        house.ready("a")
        #expect(house.loads("a") == 2 && house.admitted.contains(ticket) && house.board.residents["a"]?.asked.projector != nil)
        house.ends(ticket)
        house.uses(want("a", 2))
        #expect(house.loads("a") == 2, "who shows nothing is served as well")
    }

    @Test func whoShowsPicturesToAModelThatNeverSeesIsToldAndNothingIsLoaded() {
        var house = Landlord(gigabytes: 8)
        let ticket = house.asks(pictures("a", projector: nil))
        #expect(house.refused[ticket]?.code == .engineRefused && house.refused[ticket]?.message.contains("pictures") == true)
        #expect(house.loads("a") == 0)
    }

    @Test func whoShowsPicturesIsToldWhereSeeingWasGivenUpAndTheModelStays() {
        var house = Landlord(gigabytes: 8)
        let (first, second) = (house.asks(pictures("a")), house.asks(want("a", 2)))
        let footprint = Footprint(own: 1_000_000_000)
        house.take(house.board.ready("a", footprint: footprint, seconds: 1, gaveUp: ["it sees nothing"], isBlinded: true, at: house.now))
        #expect(house.refused[first]?.message.contains("it sees nothing") == true && house.admitted == [second])
        let late = house.asks(pictures("a"))
        #expect(house.refused[late]?.code == .engineRefused && house.loads("a") == 1 && house.unloads("a").isEmpty)
    }

    @Test func clientsWithDifferentOptionsShareTheLargest() {
        var house = Landlord(gigabytes: 8)
        house.uses(want("blocker", 6))
        house.asks(want("a", 3, context: 2048))
        for _ in 0..<3 { house.asks(want("a", 4, context: 8192)) }
        house.wait(10)
        house.gone("blocker")
        #expect(house.loads("a") == 1 && house.board.residents["a"]?.asked.options.context == 8192, "loaded once, for both")
    }
}
