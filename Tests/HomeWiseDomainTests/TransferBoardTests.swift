// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct TransferBoardTests {
    static let digest = Digest(bytes: (0..<32).map { UInt8($0) })
    static let other = Digest(bytes: (0..<32).map { _ in UInt8(7) })

    private func board(_ size: Int64, piece: Int64 = 10, held: [Int: Digest?] = [:]) -> TransferBoard {
        TransferBoard(grid: PieceGrid(size: size, piece: piece), held: held)
    }

    /// A lane receives and writes bytes.
    private func feed(_ board: inout TransferBoard, _ lane: Int, _ range: Range<Int64>, at now: Double) -> Bool {
        let (allowed, goesOn) = board.admit(Int64(range.count), from: lane, at: now)
        _ = board.landed(range.lowerBound..<range.lowerBound + allowed)
        return goesOn
    }

    @Test func handsOutWhatIsMissingInOrder() {
        var board = board(25, held: [1: nil, 7: nil, -1: nil])
        #expect(board.grid.count == 3 && board.bytesHere == 10 && board.grid.length(of: 2) == 5)
        #expect(board.claim(0, at: 0) == .span(0..<10) && board.claim(1, at: 0) == .span(20..<25) && board.claim(2, at: 0) == .wait)
        board.release(1, at: 1)
        #expect(board.claim(2, at: 1) == .span(20..<25))
        for (lane, range) in [(0, Int64(0)..<10), (2, 20..<25)] {
            #expect(board.admit(Int64(range.count), from: lane, at: 1).goesOn == false)
        }
        #expect(board.landed(0..<10) == [0] && board.landed(20..<25) == [2])
        #expect(board.claim(3, at: 2) == .wait, "the hash has not passed yet")
        for piece in 0..<3 {
            #expect(board.nextToHash == piece)
            #expect(board.proved(piece, chain: Self.digest) == .sound(isNew: true))
        }
        #expect(board.isDone && board.claim(3, at: 2) == .done)
    }

    @Test func anEmptyFileIsDone() {
        var empty = board(0)
        let claim = empty.claim(0, at: 0)
        #expect(empty.isDone && claim == .done)
    }

    @Test func aBrokenSpanGoesOnWhereItBroke() {
        var board = board(20)
        #expect(board.claim(0, at: 0) == .span(0..<10))
        #expect(feed(&board, 0, 0..<4, at: 1))
        board.release(0, at: 1)
        #expect(board.claim(1, at: 1) == .span(4..<10))
    }

    @Test("DL-61 a piece that is not what was recorded is fetched again") func altered() {
        var board = board(30, held: [0: Self.digest, 1: Self.digest, 2: nil])
        #expect(board.proved(0, chain: Self.digest) == .sound(isNew: false))
        #expect(board.proved(1, chain: Self.other) == .damaged)
        #expect(board.nextToHash == nil && board.bytesHere == 20)
        #expect(board.claim(0, at: 0) == .span(10..<20))
        #expect(board.claim(1, at: 0) == .wait, "it is handed out once")
        _ = board.landed(10..<20)
        // What was just fetched is what it is.
        #expect(board.proved(1, chain: Self.other) == .sound(isNew: true))
        #expect(board.proved(2, chain: Self.other) == .sound(isNew: true) && board.isDone)
    }

    @Test("what a source gives in place of a piece that was once proven must be that piece") func foreign() {
        var board = TransferBoard(
            grid: PieceGrid(size: 30, piece: 10), held: [0: Self.digest, 1: Self.digest, 2: Self.digest], isProven: true)
        _ = board.proved(0, chain: Self.digest)
        #expect(board.proved(1, chain: Self.other) == .damaged)
        #expect(board.claim(0, at: 0) == .span(10..<20))
        _ = board.landed(10..<20)
        #expect(board.proved(1, chain: Self.other) == .foreign)
        #expect(board.proved(1, chain: Self.digest) == .sound(isNew: false))
    }

    @Test("DL-05 a lane that crawls while others run gives up all it has") func relief() {
        var board = board(10_000, piece: 1000)
        for lane in 0..<3 { #expect(board.claim(lane, at: 0) == .span(Int64(lane) * 1000..<Int64(lane) * 1000 + 1000)) }
        for step in 1...25 {
            let now = Double(step) / 10
            for lane in 1...2 {
                _ = feed(&board, lane, Int64(lane) * 1000 + Int64(step - 1) * 30..<Int64(lane) * 1000 + Int64(step) * 30, at: now)
            }
            if step % 10 == 0 { _ = feed(&board, 0, Int64(step / 10 - 1)..<Int64(step / 10), at: now) }
        }
        #expect(board.claim(3, at: 2.5) == .span(2..<1000))
        #expect(board.isRelieved(0) && !board.isRelieved(1))
        #expect(board.admit(5, from: 0, at: 2.6) == (0, false), "what comes late is not written twice")
        board.release(0, at: 2.6)
        #expect(board.claim(0, at: 2.7) == .span(3000..<4000), "it begins anew with other work")
    }

    @Test("a slow line alone is nobody's to relieve") func alone() {
        var board = board(10_000, piece: 1000)
        _ = board.claim(0, at: 0)
        for step in 1...40 { _ = feed(&board, 0, Int64(step - 1)..<Int64(step), at: Double(step)) }
        #expect(board.claim(1, at: 40) == .span(1000..<2000))
        #expect(!board.isRelieved(0))
    }

    @Test("DL-05 at the end of the file idle lanes take half of what the slowest has left") func sharing() {
        let piece: Int64 = 8 << 20
        var board = board(piece, piece: piece)
        #expect(board.claim(0, at: 0) == .span(0..<piece))
        #expect(board.claim(1, at: 0.1) == .wait, "it only began")
        _ = feed(&board, 0, 0..<1 << 20, at: 1)
        guard case .span(let half) = board.claim(1, at: 1) else {
            Issue.record("nothing was shared")
            return
        }
        #expect(half.upperBound == piece && half.lowerBound == (piece + (1 << 20) + 1) / 2)
        #expect(board.bytesLeft(0) == half.lowerBound - (1 << 20))
        _ = feed(&board, 1, half.lowerBound..<half.lowerBound + (1 << 20), at: 3.9)
        // One that hangs loses all.
        guard case .span(let rest) = board.claim(2, at: 4) else {
            Issue.record("nothing was taken")
            return
        }
        #expect(rest == 1 << 20..<half.lowerBound && board.isRelieved(0))
    }

    @Test("DL-03 a small rest on a lane that hangs is not waited for") func smallRest() {
        var small = TransferBoard(grid: PieceGrid(size: 30, piece: 10), held: [1: nil, 2: nil])
        #expect(small.claim(0, at: 0) == .span(0..<10))
        #expect(small.claim(1, at: 1) == .wait && small.claim(1, at: 2.5) == .span(0..<10) && small.isRelieved(0))
    }

    @Test func aQuickLaneIsGivenMoreAtATime() {
        var board = board(100_000, piece: 1000)
        _ = board.claim(0, at: 0)
        _ = feed(&board, 0, 0..<500, at: 0.1)
        _ = feed(&board, 0, 500..<1000, at: 0.2)
        board.release(0, at: 0.2)
        #expect(board.claim(0, at: 0.2) == .span(1000..<5000))
    }

    @Test("what is written stays close before the hash") func window() {
        var board = board(Int64(TransferBoard.window) * 10 + 50)
        for index in 0..<TransferBoard.window { #expect(board.claim(index, at: 0) == .span(Int64(index) * 10..<Int64(index) * 10 + 10)) }
        #expect(board.claim(1000, at: 0) == .wait)
        _ = board.landed(0..<10)
        _ = board.proved(0, chain: Self.digest)
        #expect(board.claim(1000, at: 0) == .span(Int64(TransferBoard.window) * 10..<Int64(TransferBoard.window) * 10 + 10))
    }

    /// Lanes of every temper, chosen by a seeded generator: at the end each byte was written once, in whatever order.
    @Test("every byte is written exactly once, whatever lanes do", arguments: (0..<60).map { UInt64($0) })
    func random(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let size = Int64(random.next(below: 5000) + 1)
        let piece = Int64(random.next(below: 300) + 1)
        let held = Dictionary(
            uniqueKeysWithValues: (0..<3).map { (Int($0) * 2, random.next(below: 2) == 0 ? Self.digest as Digest? : nil) })
        var board = board(size, piece: piece, held: held)
        var written = [Int](repeating: 0, count: Int(size))
        for index in held.keys where index < board.grid.count { for byte in board.grid.range(of: index) { written[Int(byte)] = 1 } }
        var spans: [Int: Range<Int64>] = [:]
        var now = 0.0
        var steps = 0
        while !board.isDone, steps < 200_000 {
            steps += 1
            now += Double(random.next(below: 100)) / 100
            let lane = Int(random.next(below: 6))
            if let span = spans[lane] {
                let count = Int64(random.next(below: 60))
                let end = min(span.upperBound, span.lowerBound + count)
                let (allowed, goesOn) = board.admit(end - span.lowerBound, from: lane, at: now)
                for byte in span.lowerBound..<span.lowerBound + allowed { written[Int(byte)] += 1 }
                _ = board.landed(span.lowerBound..<span.lowerBound + allowed)
                spans[lane] = goesOn && random.next(below: 30) > 0 ? span.lowerBound + allowed..<span.upperBound : nil
                if spans[lane] == nil { board.release(lane, at: now) }
            } else if case .span(let range) = board.claim(lane, at: now) {
                spans[lane] = range
            }
            if let next = board.nextToHash, random.next(below: 3) == 0 {
                let wasHeld = held.keys.contains(next) && written[Int(board.grid.offset(of: next))] == 1
                if wasHeld, random.next(below: 2) == 0 {
                    if board.proved(next, chain: Self.other) == .damaged {
                        for byte in board.grid.range(of: next) { written[Int(byte)] = 0 }
                    }
                } else {
                    _ = board.proved(next, chain: Self.digest)
                }
            }
        }
        #expect(board.isDone && board.bytesHere == size, "after \(steps) steps")
        #expect(written.allSatisfy { $0 == 1 })
    }
}

/// A small generator with a seed, so that a failing case can be had again.
struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func next(below limit: UInt64) -> UInt64 { next() % limit }
}
