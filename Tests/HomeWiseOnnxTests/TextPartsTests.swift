// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseOnnxWorker

struct StopHolderTests {
    private func answer(_ pieces: [String], stops: [String]) -> (parts: [String], isStopped: Bool) {
        var holder = StopHolder(stops)
        let parts = pieces.map { holder.consume($0) } + [holder.finish()]
        return (parts, holder.isStopped)
    }

    @Test func aStopStringIsNeverGivenOut() {
        let (parts, isStopped) = answer(["one tw", "o thr", "ee four"], stops: ["three"])
        #expect(parts.joined() == "one two " && isStopped)
    }

    @Test func whatMayBecomeOneIsHeldBack() {
        #expect(answer(["a th", "an"], stops: ["three"]).parts == ["a ", "than", ""])
        #expect(answer(["a th"], stops: ["three"]).parts == ["a ", "th"])
    }

    @Test func theFirstOfSeveralCounts() {
        #expect(answer(["xxENDyySTOP"], stops: ["STOP", "END"]).parts.joined() == "xx")
    }

    @Test func overlappingBeginningsAreFound() {
        let (parts, isStopped) = answer(["aa", "a", "b!"], stops: ["aab"])
        #expect(parts.joined() == "a" && isStopped)
    }

    @Test func charactersOfSeveralBytesStayWhole() {
        let (parts, isStopped) = answer(["ä–", "→", "é"], stops: ["→é"])
        #expect(parts == ["ä–", "", "", ""] && isStopped)
    }

    @Test func withoutStopStringsNothingIsHeld() {
        #expect(answer(["a", "b"], stops: []).parts == ["a", "b", ""])
    }
}

struct UTF8AssemblerTests {
    @Test(arguments: ["é", "日本", "👩‍👩‍👧 end", "a\u{10FFFF}b", "plain"]) func charactersComeOutWhole(_ text: String) {
        var assembler = UTF8Assembler()
        var pieces: [String] = []
        for byte in text.utf8 { pieces.append(assembler.consume([byte])) }
        #expect(pieces.joined() == text && !pieces.joined().unicodeScalars.contains("\u{FFFD}"))
    }

    @Test func whatIsNoCharacterIsMarked() {
        var assembler = UTF8Assembler()
        #expect(assembler.consume([0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
        #expect(assembler.consume([0x80, 0x80, 0x80, 0x80, 0x63]).hasSuffix("c"))
    }

    @Test func halfACharacterIsKept() {
        var assembler = UTF8Assembler()
        #expect(assembler.consume([0x61, 0xF0, 0x9F]) == "a" && assembler.consume([0x98]).isEmpty && assembler.consume([0x80]) == "😀")
    }
}

struct BrakeTests {
    @Test func theFirstReasonStays() {
        let brake = Brake()
        #expect(brake.reason == nil)
        brake.pull(.shuttingDown)
        brake.pull(.hungUp)
        #expect(brake.reason == .shuttingDown)
    }

    @Test func itWorksBeforeAndAfterTheWorkBegan() async {
        await confirmation(expectedCount: 1) { ended in
            let brake = Brake()
            brake.pull(.hungUp)
            brake.attach { ended() }
        }
        await confirmation(expectedCount: 1) { ended in
            let brake = Brake()
            brake.attach { ended() }
            brake.pull(.hungUp)
            brake.detach()
            brake.pull(.hungUp)
        }
    }
}

struct TurnstileTests {
    @Test func oneAtATimeInOrder() async throws {
        let turnstile = Turnstile()
        let (stream, gate) = AsyncStream<Void>.makeStream()
        let (order, arrivals) = AsyncStream<Int>.makeStream()
        let first = Task {
            try await turnstile.withTurn {
                for await _ in stream { break }
                arrivals.yield(0)
            }
        }
        while turnstile.isFree { await Task.yield() }
        var others: [Task<Void, any Error>] = []
        for number in 1...4 {
            others.append(Task<Void, any Error> { try await turnstile.withTurn { _ = arrivals.yield(number) } })
            while turnstile.waiting < number { await Task.yield() }
        }
        // Who hangs up while waiting is dropped.
        others[1].cancel()
        await #expect(throws: CancellationError.self) { try await others[1].value }
        #expect(turnstile.waiting == 3)
        gate.yield()
        try await first.value
        for place in [0, 2, 3] { try await others[place].value }
        arrivals.finish()
        var came: [Int] = []
        for await number in order { came.append(number) }
        #expect(came == [0, 1, 3, 4] && turnstile.isFree)
    }

    @Test func whoIsCancelledBeforehandNeverEnters() async throws {
        let turnstile = Turnstile()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await turnstile.withTurn { _ = Issue.record("it entered") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(turnstile.isFree)
    }
}
