// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct RetryPolicyTests {
    @Test func waitsLongerEachTimeAndThenGivesUp() {
        let policy = RetryPolicy()
        #expect(policy.delay(afterFailure: 1, jitter: 0) == 0.5)
        #expect(policy.delay(afterFailure: 4, jitter: 0) == 4)
        #expect(policy.delay(afterFailure: 4, jitter: 1) == 4.5)
        #expect(policy.delay(afterFailure: 5, jitter: 0) == nil)
        #expect(policy.delay(afterFailure: 50, jitter: 0, patience: .seconds(100), troubleFor: 99) == 30)
        #expect(policy.delay(afterFailure: 50, jitter: 0, patience: .seconds(100), troubleFor: 101) == nil)
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
