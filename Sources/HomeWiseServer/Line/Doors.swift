// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import NIOCore
import Synchronization

/// All connections, whichever place they came in by.
final class Doors: Sendable {
    fileprivate struct State {
        var next = 0
        var board: ConnectionBoard
        var visits: [ObjectIdentifier: Visit] = [:]
        var byID: [Int: Visit] = [:]
        var isEnding = false
    }

    let limits: ServerLimits
    private let state: Mutex<State>

    private let owner: OwnerOfPeer

    init(limits: ServerLimits, owner: @escaping OwnerOfPeer) {
        self.limits = limits
        self.owner = owner
        state = Mutex(State(board: ConnectionBoard(total: limits.connections, perClient: limits.connectionsPerClient)))
    }

    /// - Returns: the visit, which is closed already where there is no room for it.
    func opened(_ channel: any Channel, at place: Place) -> Visit {
        let (visit, toClose) = state.withLock { state -> (Visit, (any Channel)?) in
            state.next += 1
            let visit = Visit(id: state.next, place: place, channel: channel, owner: owner)
            switch state.board.arrived(visit.id, client: visit.machine) {
            case .admitted:
                state.enter(visit)
                return (visit, nil)
            case .admittedInsteadOf(let other):
                let victim = state.byID[other]
                state.enter(visit)
                if let victim { state.leave(victim) }
                return (visit, victim?.channel)
            case .refused: return (visit, channel)
            }
        }
        toClose?.close(promise: nil)
        channel.closeFuture.whenComplete { [weak self] _ in self?.closed(visit) }
        return visit
    }

    private func closed(_ visit: Visit) { state.withLock { $0.leave(visit) } }

    func visit(of channel: any Channel) -> Visit? { state.withLock { $0.visits[ObjectIdentifier(channel)] } }

    func isServed(_ visit: Visit) { state.withLock { $0.board.isServed(visit.id) } }
    func waits(_ visit: Visit) { state.withLock { $0.board.waits(visit.id) } }

    var count: Int { state.withLock { $0.board.count } }

    var isEnding: Bool { state.withLock { $0.isEnding } }
    func end() { state.withLock { $0.isEnding = true } }

    /// Breaks off whatever is under way.
    func closeAll() { state.withLock { Array($0.byID.values) }.forEach { $0.channel.close(promise: nil) } }
}

extension Doors.State {
    fileprivate mutating func enter(_ visit: Visit) {
        visits[ObjectIdentifier(visit.channel)] = visit
        byID[visit.id] = visit
    }

    fileprivate mutating func leave(_ visit: Visit) {
        board.left(visit.id)
        byID[visit.id] = nil
        if visits[ObjectIdentifier(visit.channel)] === visit { visits[ObjectIdentifier(visit.channel)] = nil }
    }
}
