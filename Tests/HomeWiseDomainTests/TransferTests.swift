// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct PieceLedgerTests {
    @Test func handsOutWhatIsWantedInOrder() {
        var ledger = PieceLedger(size: 25, piece: 10, done: [1, 7, -1])
        #expect(ledger.count == 3 && ledger.bytesHere == 10 && ledger.length(of: 2) == 5)
        #expect(ledger.claim() == 0 && ledger.claim() == 2 && ledger.claim() == nil)
        ledger.release(2)
        #expect(ledger.claim() == 2)
        ledger.complete(0)
        ledger.complete(2)
        #expect(ledger.isComplete && ledger.bytesHere == 25)
    }

    @Test func anEmptyFileIsComplete() { #expect(PieceLedger(size: 0).isComplete) }
}

@Suite struct RetryPolicyTests {
    @Test func waitsLongerEachTimeAndThenGivesUp() {
        let policy = RetryPolicy()
        #expect(policy.delay(afterFailure: 1, jitter: 0) == .milliseconds(500))
        #expect(policy.delay(afterFailure: 4, jitter: 0) == .seconds(4))
        #expect(policy.delay(afterFailure: 4, jitter: 1) == .milliseconds(4500))
        #expect(policy.delay(afterFailure: 5, jitter: 0) == nil)
    }

    @Test("DL-31 DL-34 a no is final, a fault of the moment is not") func whatIsWorthRetrying() {
        for status in [408, 429, 500, 503] { #expect(RetryPolicy.isWorthRetrying(.refused(host: "h", status: status, what: "f"))) }
        for status in [401, 403, 404, 410, 451] { #expect(!RetryPolicy.isWorthRetrying(.refused(host: "h", status: status, what: "f"))) }
        #expect(!RetryPolicy.isWorthRetrying(.diskFilled(path: "/")))
    }
}

@Suite struct ContentRangeTests {
    @Test func readsWhatIsRight() {
        #expect(ContentRange("bytes 0-9/100").map { [$0.first, $0.last, $0.total ?? -1] } == [0, 9, 100])
        #expect(ContentRange("bytes 5-5/*")?.total == nil)
    }

    @Test(
        "DL-13 DL-09 lies and garbage are refused",
        arguments: [
            "", "bytes", "bytes */100", "bytes 9-0/100", "bytes 0-100/100", "bytes -1-9/100", "bytes 0-9/x", "items 0-9/100", "bytes 0-9",
            "bytes +0-9/100",
            "bytes 0-99999999999999999999/100",
        ])
    func refusesTheRest(_ text: String) { #expect(ContentRange(text) == nil) }
}

@Suite struct RateMeterTests {
    @Test func aStallFallsToZero() {
        var meter = RateMeter()
        for second in 0...5 { meter.record(bytes: Int64(second) * 100, at: Double(second)) }
        #expect(meter.bytesPerSecond(at: 5) == 100)
        #expect(meter.secondsLeft(to: 1000, at: 5) == 5)
        for second in 6...12 { meter.record(bytes: 500, at: Double(second)) }
        #expect(meter.bytesPerSecond(at: 12) == 0)
        #expect(meter.secondsLeft(to: 1000, at: 12) == nil)
    }
}
