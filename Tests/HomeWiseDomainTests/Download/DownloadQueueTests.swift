// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct DownloadQueueTests {
    private let failure = Failure.noRoute(host: "h", reason: "r")

    private func models(_ jobs: [DownloadJob]) -> [String] { jobs.map(\.model) }

    @Test func oneAtATimeAndTheUrgentFirst() {
        var queue = DownloadQueue()
        for (model, priority) in [("a", 0), ("b", 0), ("c", 5), ("d", 5)] { _ = queue.enqueue(model, priority: priority) }
        var order: [String] = []
        while let job = queue.startNext().first {
            #expect(queue.startNext().isEmpty, "one at a time")
            order.append(job.model)
            queue.ended(job.id, .done)
        }
        #expect(order == ["c", "d", "a", "b"] && queue.jobs.allSatisfy { $0.state == .done } && queue.isIdle)
    }

    @Test func asManyAtATimeAsIsAllowed() {
        var queue = DownloadQueue(limit: 2)
        for model in ["a", "b", "c"] { _ = queue.enqueue(model) }
        let first = queue.startNext()
        #expect(models(first) == ["a", "b"] && queue.startNext().isEmpty)
        queue.ended(first[1].id, .done)
        #expect(models(queue.startNext()) == ["c"])
        #expect(DownloadQueue(limit: -3).limit == 1)
    }

    @Test("I9 a job that fails does not stop the others") func failing() {
        var queue = DownloadQueue()
        let (bad, _) = queue.enqueue("bad")
        _ = queue.enqueue("good")
        _ = queue.startNext()
        queue.ended(bad, .failed(failure))
        #expect(queue.job(bad)?.state == .failed(failure) && models(queue.startNext()) == ["good"])
        #expect(queue.enqueue("bad").isNew, "what failed can be asked for anew")
    }

    @Test func aSecondRequestJoinsTheFirst() {
        var queue = DownloadQueue()
        let first = queue.enqueue("a", priority: 1)
        let second = queue.enqueue("a", priority: 9)
        #expect(first.isNew && !second.isNew && first.id == second.id && queue.job(first.id)?.priority == 9)
        _ = queue.startNext()
        #expect(queue.enqueue("a", priority: 2).id == first.id && queue.job(first.id)?.priority == 9)
        let mustEnd = queue.pause(first.id)
        #expect(mustEnd)
        queue.ended(first.id, .stopped)
        #expect(!queue.enqueue("a").isNew && queue.job(first.id)?.state == .queued, "whoever asks for a paused one wants it to go on")
    }

    @Test func aPausedOneKeepsItsPlaceUntilItsWorkHasEnded() {
        var queue = DownloadQueue()
        let (id, _) = queue.enqueue("a")
        _ = queue.enqueue("b")
        _ = queue.startNext()
        queue.advance(id, to: .transfer)
        #expect(queue.job(id)?.state == .running(.transfer))
        let mustEnd = queue.pause(id)
        #expect(mustEnd)
        #expect(queue.startNext().isEmpty, "it is still winding down")
        queue.resume(id)
        #expect(queue.startNext().isEmpty, "and is not started twice")
        queue.ended(id, .failed(failure))
        #expect(models(queue.startNext()) == ["a"], "a failure of what was halted is none")
    }

    @Test func pausedAndResumedAndCancelledInEveryState() {
        var queue = DownloadQueue()
        let (a, _) = queue.enqueue("a")
        let (b, _) = queue.enqueue("b")
        #expect(!queue.pause(a) && queue.job(a)?.state == .paused, "nothing runs that would have to be ended")
        #expect(models(queue.startNext()) == ["b"])
        queue.resume(a)
        queue.resume(b)
        #expect(queue.job(b)?.state == .running(.requirements))
        #expect(queue.cancel(b) && queue.job(b)?.state == .cancelled)
        queue.advance(b, to: .verification)
        #expect(queue.job(b)?.state == .cancelled)
        queue.ended(b, .stopped)
        #expect(queue.job(b)?.state == .cancelled && !queue.cancel(b) && !queue.pause(b))
        #expect(models(queue.startNext()) == ["a"])
        _ = queue.pause(a)
        queue.ended(a, .done)
        #expect(queue.job(a)?.state == .done, "it was done before it heard of the pause")
        queue.clear()
        #expect(queue.jobs.isEmpty)
    }

    @Test func theOrderCanBeChanged() {
        var queue = DownloadQueue()
        let ids = ["a", "b", "c", "d"].map { queue.enqueue($0).id }
        _ = queue.startNext()
        queue.move(ids[3], to: 0)
        queue.move(ids[1], to: 99)
        queue.move(ids[0], to: 2)
        #expect(models(queue.jobs) == ["a", "d", "c", "b"], "what runs stays")
        queue.prioritize(ids[2], 1)
        queue.ended(ids[0], .done)
        #expect(models(queue.startNext()) == ["c"])
    }
}
