// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// What the tasks of one transfer share: board, addresses and figures behind one lock that is never held over a wait.
final class TransferDesk: Sendable {
    struct State {
        var board: TransferBoard
        var book: AddressBook
        var count: LaneCount
        var budget: BandwidthBudget?
        var versions: [Int: String] = [:]
        /// Addresses that do not know ranges.
        var rangeless: Set<Int> = []
        var rest: TransferStatus.Rest?
        var received: Int64 = 0
        /// Pieces during which a line broke.
        var doubtful: Set<Int> = []
    }

    let file: RemoteFile
    let target: any TransferTarget
    private let state: Mutex<State>
    /// Rings when a piece becomes whole.
    let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init(file: RemoteFile, target: any TransferTarget, policy: RetryPolicy, limits: TransferLimits) throws {
        self.file = file
        self.target = target
        state = try Mutex(
            State(
                board: TransferBoard(
                    grid: target.grid, held: target.held(), isProven: target.isProven, isThrottled: limits.bytesPerSecond != nil),
                book: AddressBook(file.addresses, policy: policy),
                count: LaneCount(most: limits.usefulConnections), budget: limits.bytesPerSecond.map { BandwidthBudget(bytesPerSecond: $0) })
        )
        // Pieces that are here are of this version: an answer of another one does not fit them.
        if file.digest == nil, let version = file.version { state.withLock { $0.versions[0] = version } }
        (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        bell.yield()
    }

    /// Seconds since any fixed moment, running on while the wall clock jumps.
    static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    func with<Value: Sendable>(_ change: (inout State) throws -> Value) rethrows -> Value { try state.withLock { try change(&$0) } }

    var isDone: Bool { with { $0.board.isDone } }
    /// The address to ask for the whole file in one stream.
    var whole: Int { with { $0.rangeless.min() ?? 0 } }

    func ring() { bell.yield() }
    /// Nothing more will arrive.
    func close() { bell.finish() }

    func status() -> TransferStatus {
        with { state in
            TransferStatus(
                received: state.board.bytesHere, total: target.grid.size, connections: state.board.busyLanes,
                sources: state.book.sourcesInUse, rest: state.board.busyLanes == 0 ? state.rest : nil)
        }
    }

    /// Waits until so many bytes are within what a person allows.
    func pay(for count: Int) async throws {
        let wait = with { $0.budget?.take(Int64(count), at: Self.now) } ?? 0
        if wait > 0.001 { try await Task.sleep(for: .seconds(wait)) }
    }

    /// Writes what belongs to a lane and records the pieces that become whole.
    ///
    /// - Returns: whether the lane should go on reading.
    func take(_ bytes: UnsafeRawBufferPointer, from lane: Int, at offset: Int64) throws -> Bool {
        let (allowed, goesOn) = with { state in
            state.received += Int64(bytes.count)
            state.count.look(bytes: state.received, at: Self.now)
            return state.board.admit(Int64(bytes.count), from: lane, at: Self.now)
        }
        try write(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(allowed))), at: offset)
        return goesOn
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        guard !bytes.isEmpty else { return }
        try target.write(bytes, at: offset)
        let whole = with { $0.board.landed(offset..<offset + Int64(bytes.count)) }
        for piece in whole { try target.arrived(piece: piece) }
        if !whole.isEmpty { ring() }
    }

    /// - Returns: the tag that the first answer from an address had, which may be this one: all others must have it too.
    func version(of tag: String?, at address: Int) -> String? {
        with { state in
            if state.versions[address] == nil, let tag, AnswerCheck.isStrong(tag) { state.versions[address] = tag }
            return state.versions[address]
        }
    }
}
