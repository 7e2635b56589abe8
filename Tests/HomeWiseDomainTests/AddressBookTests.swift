// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct AddressBookTests {
    private func book(_ count: Int, _ change: (inout RetryPolicy) -> Void = { _ in }) -> AddressBook {
        var policy = RetryPolicy()
        change(&policy)
        return AddressBook((0..<count).map { RemoteAddress(url: "http://h\($0)/f", source: "s\($0)") }, policy: policy)
    }
    private let lost = Failure.noRoute(host: "h", reason: "gone")

    @Test func triesEachAndThenFavoursTheQuick() {
        var book = book(2)
        #expect(book.pick(at: 0) == .ask(0))
        book.began(0)
        #expect(book.pick(at: 0) == .ask(1), "the second lane looks at the second place")
        book.began(1)
        book.measured(0, bytesPerSecond: 100)
        book.measured(1, bytesPerSecond: 1000)
        #expect(book.pick(at: 0) == .ask(1))
        #expect(book.sourcesInUse == ["s0", "s1"])
    }

    @Test("DL-34 many lanes that fail together are one failure") func together() {
        var book = book(1)
        for _ in 0..<8 { book.failed(0, lost, began: 0, at: 1, jitter: 0) }
        #expect(book.pick(at: 1.1) == .wait(until: 1.5, because: lost) && book.pick(at: 1.6) == .ask(0))
        for number in 1...4 { book.failed(0, lost, began: Double(number) * 100, at: Double(number) * 100, jitter: 0) }
        #expect(book.pick(at: 1000) == .none(lost), "nothing ever came: it is given up soon")
    }

    @Test("a line that served and is gone is waited for through the night") func night() {
        var book = book(1)
        book.served(0)
        for minute in 0..<600 { book.failed(0, lost, began: Double(minute) * 60, at: Double(minute) * 60, jitter: 0) }
        #expect(book.pick(at: 36_100) == .ask(0))
        book.failed(0, lost, began: 50_000, at: 50_000, jitter: 0)
        #expect(book.pick(at: 50_001) == .none(lost))
    }

    @Test("DL-27 DL-28 an address that ran out is renewed once, without blame") func expiry() {
        var book = book(1)
        #expect(book.expired(0, asked: "http://h0/f") == false, "nothing was signed")
        book.redirected(0, to: "http://cdn/1")
        #expect(book.url(0) == "http://cdn/1" && book.expired(0, asked: "http://cdn/1") && book.url(0) == "http://h0/f")
        book.redirected(0, to: "http://cdn/2")
        #expect(book.expired(0, asked: "http://cdn/1") == true, "the others that asked the old one are no failures either")
        #expect(book.expired(0, asked: "http://cdn/2") == false, "the new one is refused as well")
        book.served(0)
        #expect(book.expired(0, asked: "http://cdn/2") == true)
    }

    @Test("DL-32 a source is left alone as long as it asks, within reason") func retryAfter() {
        let busy = Failure.refused(host: "h", status: 429, what: "f")
        var book = book(1)
        book.failed(0, busy, began: 0, at: 0, retryAfter: 60, jitter: 0)
        #expect(book.pick(at: 59) == .wait(until: 60, because: busy) && book.pick(at: 60) == .ask(0))
        book.failed(0, busy, began: 61, at: 61, retryAfter: 1e9, jitter: 0)
        #expect(book.pick(at: 61) == .none(.askedToWait(host: "h", seconds: 1_000_000_000)))
        var other = self.book(1)
        other.failed(0, busy, began: 0, at: 0, retryAfter: Double(Int64.max), jitter: 0)
        #expect(other.pick(at: 0) == .none(.askedToWait(host: "h", seconds: .max)))
    }

    @Test("DL-31 a no is final for its place alone") func refused() {
        var book = book(2)
        book.failed(0, .refused(host: "h", status: 404, what: "f"), began: 0, at: 0, jitter: 0)
        #expect(book.pick(at: 0) == .ask(1) && book.open == [1])
        #expect(book.refusals.map(\.source) == ["s0"])
    }
}
