// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// One connection of a transfer: claims spans and fetches them, until there are none.
struct Lane {
    let id: Int
    let desk: TransferDesk
    let transfer: Transfer

    private enum Step {
        case fetch(Range<Int64>, address: Int)
        case wait(Double)
        case done
    }

    func run() async throws {
        while true {
            try await transfer.stayWithinHours(desk)
            switch try next() {
            case .done: return
            case .wait(let seconds): try await Task.sleep(for: .seconds(seconds))
            case .fetch(let range, let address): try await fetch(range, from: address)
            }
        }
    }

    /// A lane without work looks again after this long, in seconds.
    private static let breath = 0.05

    private func next() throws -> Step {
        let now = TransferDesk.now
        return try desk.with { state in
            if state.board.isDone { return .done }
            guard id < state.count.target else { return .wait(Self.breath) }
            switch state.book.pick(at: now) {
            case .none(let failure): throw state.rangeless.isEmpty ? failure : RangesRefused()
            case .wait(let until, let failure):
                state.rest = .retrying(failure, seconds: max(0, until - now))
                return .wait(min(max(until - now, Self.breath), 1))
            case .ask(let address):
                switch state.board.claim(id, at: now) {
                case .done: return .done
                case .wait: return .wait(Self.breath)
                case .span(let range):
                    state.rest = nil
                    state.book.began(address)
                    return .fetch(range, address: address)
                }
            }
        }
    }

    /// Fetches a span; whatever happens, what is missing of it goes back to the board.
    private func fetch(_ range: Range<Int64>, from address: Int) async throws {
        let begun = TransferDesk.now
        let outcome: Result<Void, any Error>
        do { outcome = try await .success(fetchUnlessRelieved(range, from: address)) } catch { outcome = .failure(error) }
        let now = TransferDesk.now
        let isRelieved = desk.with { state in
            let isRelieved = state.board.isRelieved(id)
            if case .failure = outcome, let piece = state.board.piece(of: id) { state.doubtful.insert(piece) }
            // A place where lanes hang must not look as good as the best.
            if isRelieved { state.book.measured(address, bytesPerSecond: Double(state.board.received(id)) / max(now - begun, 0.1)) }
            state.board.release(id, at: now)
            state.book.ended(address)
            return isRelieved
        }
        guard case .failure(let error) = outcome, !(isRelieved && !Task.isCancelled) else { return }
        try settle(error, address, begun, now)
    }

    /// A lane whose work was given away drops its connection, even where it hangs in the middle of a read.
    private func fetchUnlessRelieved(_ range: Range<Int64>, from address: Int) async throws {
        let fetch = SpanFetch(lane: id, range: range, address: address, desk: desk, transport: transfer.transport)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fetch.run() }
            group.addTask {
                while !desk.with({ $0.board.isRelieved(id) }) { try await Task.sleep(for: .milliseconds(250)) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What a failure means for the address, or for the whole transfer.
    private func settle(_ error: any Error, _ address: Int, _ begun: Double, _ now: Double) throws {
        switch error {
        case is RangesRefused:
            desk.with { state in
                state.rangeless.insert(address)
                state.book.refuse(address, .badReply(host: desk.file.host(address), "it serves no parts of files"))
            }
        case is AddressExpired: return
        case let failure as Failure where [.diskFull, .storeUnusable].contains(failure.code): throw failure
        case let failure as Failure:
            let retryAfter = failure.detail["retry_after"].flatMap { Double($0) }
            desk.with { state in
                if failure.isTurnedAway { state.count.turnedAway(busy: state.board.busyLanes, at: now) }
                state.book.failed(address, failure, began: begun, at: now, retryAfter: retryAfter, jitter: .random(in: 0...1))
            }
        default: throw error
        }
    }
}

extension RemoteFile {
    /// Host of an address, for people.
    func host(_ address: Int) -> String { URL(string: addresses[address].url)?.host ?? "the source" }
}

extension Failure {
    /// The server will not have so many connections.
    var isTurnedAway: Bool {
        code == .sourceRefused && ["429", "503"].contains(detail["status"])
    }
}

/// A signed address ran out; the next claim asks the origin for a new one.
struct AddressExpired: Error {}
