// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@Suite struct RetryAfterTests {
    /// 6 November 1994, 08:49:37.
    static let now = Date(timeIntervalSince1970: 784_111_777)

    @Test(
        "DL-32 DL-33 Retry-After in both its forms, and garbage",
        arguments: [
            ("2", 2), ("60", 60), (" 7 ", 7), ("0", 0), ("1000000000", 1_000_000_000), ("99999999999999999999999999", Int64.max),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:49:40 GMT", 3), ("Sun Nov  6 08:49:38 1994", 1),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sat, 05 Nov 1994 08:49:37 GMT", 0), ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400),
            ("Thu, 29 Feb 1996 00:00:00 GMT", 41_440_223), ("Tuesday, 01-Jan-30 00:00:00 GMT", 1_109_344_223),
            ("Saturday, 01-Jan-60 00:00:00 GMT", 0), ("-1", nil), ("+1", nil), ("1.5", nil), ("", nil), ("soon", nil), ("1e9", nil),
            ("0x10", nil),
            ("Sun, 06 Nov 1994 08:49:37", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("06 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("１２", nil), ("12 13", nil), ("Sun, -6 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", nil),
        ])
    func forms(_ text: String, _ seconds: Int64?) { #expect(RetryAfter(text, now: Self.now)?.seconds == seconds) }

    private func asked(_ headers: [(String, String)], isLimited: Bool = true) -> Int64? {
        RetryAfter(AnswerHead(status: 429, headers).values, isLimited: isLimited, now: Self.now)?.seconds
    }

    @Test("DL-33 the RateLimit headers are read too") func rateLimit() {
        #expect(asked([("RateLimit", "\"api\";r=0;t=30")]) == 30)
        #expect(asked([("RateLimit", "limit=100, remaining=0, reset=17")]) == 17)
        #expect(asked([("RateLimit", "\"api\";r=5;t=30")], isLimited: false) == nil)
        #expect(asked([("RateLimit", "\"api\";r=0;t=30")], isLimited: false) == 30)
        #expect(asked([("ratelimit-reset", "9")]) == 9 && asked([("RateLimit-Reset", "9")], isLimited: false) == nil)
        #expect(asked([("X-RateLimit-Reset", "784")]) == 784 && asked([("X-RateLimit-Reset", "1000000001")]) == 215_888_224)
        #expect(asked([("RateLimit", "junk;;=,t=-4")]) == nil && asked([("RateLimit", "t=99999999999999999999")]) == nil)
        #expect(asked([("Retry-After", "junk"), ("Retry-After", "4"), ("RateLimit", "r=0;t=30")]) == 4)
    }

    @Test("DL-32 a wait of more than a quarter of an hour is a person's to decide") func cap() throws {
        #expect(try RetryAfter(seconds: 900).wait(host: "h") == .seconds(900) && RetryAfter(seconds: -3).wait(host: "h") == .zero)
        let failure = #expect(throws: Failure.self) { try RetryAfter(seconds: 90_000).wait(host: "hub.example") }
        #expect(failure?.code == .sourceRefused && failure?.message == "hub.example limits requests and asks to wait 25 hours.")
        #expect(failure.map { !RetryPolicy.isWorthRetrying($0) } == true)
        #expect(throws: Failure.self) { try RetryAfter(seconds: .max).wait(host: "h") }
    }

    @Test("DL-33 no text makes it trap") func noise() {
        var random = Seeded(state: 7)
        let alphabet = Array("0123456789-+:, GMTSunNovJa;=rt\"\u{0}é")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
            _ = RetryAfter(text, now: Self.now)
            _ = RetryAfter({ _ in [text] }, isLimited: true, now: Self.now)
            _ = ContentRange(text)
            _ = try? WebAddress("http://" + text)
            _ = HostAddress(text)
        }
    }
}

/// The same numbers in every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
