// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

/// An owner of a board with a clock of its own, which does at once what it is told.
struct Landlord {
    typealias Board = ResidencyBoard
    var board: Board
    var now = 0.0
    var log: [Board.Decision] = []
    var admitted: [Int] = []
    var refused: [Int: Failure] = [:]

    init(gigabytes: Double, rules: Board.Rules = Board.Rules()) {
        board = Board(budget: MemoryBudget(host: .init(most: Int64(gigabytes * 1e9))), rules: rules)
    }

    static func want(
        _ key: String, _ gigabytes: Double, context: Int = 4096, slots: Int = 1, priority: RequestPriority = .interactive,
        purpose: Board.Want.Purpose = .request, client: String = "", keepAlive: KeepAlive? = nil, patience: Double? = nil,
        loadSeconds: Double = 1
    ) -> Board.Want {
        let plan = LaunchPlan(
            model: "/\(key).gguf", alias: key, options: ContextOptions(context: context, parallel: slots), threads: 2, reasons: [])
        return Board.Want(
            key: key, plan: plan, demand: LaunchDemand(context: context, parallel: slots),
            footprint: Footprint(own: Int64(gigabytes * 1e9)), priority: priority, purpose: purpose, client: client,
            keepAlive: keepAlive, patience: patience, loadSeconds: loadSeconds)
    }

    @discardableResult mutating func take(_ decisions: [Board.Decision]) -> [Board.Decision] {
        log += decisions
        for decision in decisions {
            switch decision {
            case .admit(let ticket): admitted.append(ticket)
            case .refuse(let ticket, let failure): refused[ticket] = failure
            default: break
            }
        }
        return decisions
    }

    @discardableResult mutating func asks(_ want: Board.Want) -> Int {
        let (ticket, decisions) = board.wants(want, at: now)
        take(decisions)
        return ticket
    }

    @discardableResult mutating func ready(_ key: String, seconds: Double = 1) -> [Board.Decision] {
        guard let footprint = board.residents[key]?.planned else { return [] }
        return take(board.ready(key, footprint: footprint, seconds: seconds, at: now))
    }

    /// A request comes and is answered by a model that is loaded.
    mutating func uses(_ want: Board.Want, seconds: Double = 1) {
        let ticket = asks(want)
        if board.residents[want.key]?.state == .loading { ready(want.key, seconds: want.loadSeconds) }
        now += seconds
        ends(ticket)
    }

    mutating func ends(_ ticket: Int) { take(board.ended(ticket, hasAnswered: true, at: now)) }

    mutating func gone(_ key: String) { take(board.unloaded(key, at: now)) }

    /// Lets time pass, with every look that the board asks for on the way.
    mutating func wait(_ seconds: Double) {
        let end = now + seconds
        while let next = board.nextLook(after: now), next <= end {
            now = next
            take(board.tick(at: now))
        }
        now = end
        take(board.tick(at: now))
    }

    func loads(_ key: String) -> Int { log.count { if case .load(let want) = $0 { want.key == key } else { false } } }

    func unloads(_ key: String) -> [Board.Leave] {
        log.compactMap { if case .unload(key, let reason) = $0 { reason } else { nil } }
    }
}
