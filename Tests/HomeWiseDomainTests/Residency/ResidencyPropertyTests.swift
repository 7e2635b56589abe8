// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

/// Made-up owners that do all that can be done, in any order.
@Suite struct ResidencyPropertyTests {
    /// A machine with engines that take their time, and what must hold on it whatever happens.
    struct House {
        typealias Board = ResidencyBoard
        var board: Board
        var random: Mutator
        var now = 0.0
        /// Engines that live, and until when they load or wind down.
        var alive: [String: (until: Double, isReady: Bool, isEnding: Bool)] = [:]
        var seated: [Int: (key: String, until: Double)] = [:]
        var open: [Int: (key: String, since: Double)] = [:]
        var answers: [Int: Int] = [:]
        var broken: [String] = []
        var events = 0
        var longestWait = 0.0
        let limit: Int64 = 10_000_000_000

        init(seed: UInt64) {
            var rules = Board.Rules()
            rules.queueLimit = 12
            rules.quarantineAfter = 4
            board = Board(budget: MemoryBudget(host: .init(most: limit)), rules: rules)
            random = Mutator(seed: seed)
        }

        mutating func number(_ range: Range<Int>) -> Int { range.lowerBound + random.below(range.count) }

        func check(_ isSo: Bool, _ what: @autoclosure () -> String) -> [String] { isSo ? [] : ["\(events): \(what())"] }

        mutating func obey(_ decisions: [Board.Decision], breaking: String? = nil) {
            events += 1
            for decision in decisions { obey(decision, breaking: breaking) }
        }

        private mutating func obey(_ decision: Board.Decision, breaking: String?) {
            switch decision {
            case .load(let want):
                broken += check(alive[want.key] == nil, "two engines of \(want.key)")
                let held = board.residents.values.reduce(Footprint()) { $0 + $1.footprint }
                broken += check(board.budget.holds(held), "\(held.own) are held for \(want.key)")
                alive[want.key] = (now + Double(number(1..<40)) / 4, false, false)
            case .admit(let ticket):
                answer(ticket)
                guard let request = open.removeValue(forKey: ticket) else { return }
                longestWait = max(longestWait, now - request.since)
                broken += check(alive[request.key]?.isReady == true, "\(request.key) is not ready for \(ticket)")
                broken += check(alive[request.key]?.isEnding == false, "\(request.key) is ending")
                if board.seated[ticket] != nil { seated[ticket] = (request.key, now + Double(number(1..<20)) / 2) }
            case .refuse(let ticket, let failure):
                answer(ticket)
                broken += check(!failure.message.isEmpty && !failure.remedy.isEmpty, "no words")
                open[ticket] = nil
            case .unload(let key, let reason):
                broken += check(alive[key] != nil && alive[key]?.isEnding == false, "\(key) is not there to end")
                if breaking == nil || (breaking != key && breaking != "*") {
                    broken += check(!seated.values.contains { $0.key == key }, "\(key) is unloaded while it works: \(reason)")
                }
                if reason != .asked, reason != .stop, reason != .options {
                    broken += check(!board.pins.contains(key), "\(key) is pinned: \(reason)")
                }
                let isReady = alive[key]?.isReady ?? false
                alive[key] = (now + Double(number(0..<8)) / 4, isReady, true)
            case .join(let ticket, let ahead), .wait(let ticket, let ahead):
                broken += check(open[ticket] != nil || answers[ticket] == nil, "\(ticket) waits and is answered")
                broken += check((0..<13).contains(ahead), "\(ahead) are ahead")
            case .drain(let key, _): broken += check(seated.values.contains { $0.key == key }, "\(key) drains and is idle")
            }
        }

        private mutating func answer(_ ticket: Int) {
            answers[ticket, default: 0] += 1
            broken += check(answers[ticket] == 1, "\(ticket) is answered \(answers[ticket] ?? 0) times")
        }

        mutating func request() {
            let key = "m\(number(0..<7))"
            let sizes: [String: Double] = ["m0": 1, "m1": 2, "m2": 3, "m3": 4, "m4": 6, "m5": 8, "m6": 11]
            let purpose: Board.Want.Purpose = [.request, .request, .request, .request, .request, .load, .preload][number(0..<7)]
            let keep: [KeepAlive?] = [nil, nil, .never, .after(0), .after(5)]
            let want = Landlord.want(
                key, sizes[key] ?? 1, context: [1024, 4096, 4096, 8192][number(0..<4)], slots: 1 + (number(0..<3) / 2),
                priority: number(0..<3) == 0 ? .batch : .interactive, purpose: purpose, client: "c\(number(0..<3))",
                keepAlive: keep[number(0..<5)], patience: number(0..<6) == 0 ? Double(number(1..<30)) : nil, loadSeconds: 2)
            let (ticket, decisions) = board.wants(want, at: now)
            open[ticket] = (key, now)
            obey(decisions)
        }

        /// Everything that is due happens, and the board gets each look that it asked for.
        mutating func pass(_ seconds: Double) {
            let end = now + seconds
            while true {
                let moments = alive.values.filter { !$0.isReady || $0.isEnding }.map(\.until) + seated.values.map(\.until)
                let due = (moments + [board.nextLook(after: now)].compactMap(\.self)).filter { $0 <= end }.min()
                guard let due else { break }
                now = max(now, due)
                happen()
            }
            now = end
            happen()
        }

        private mutating func happen() {
            for (ticket, seat) in seated.sorted(by: { $0.key < $1.key }) where seat.until <= now {
                seated[ticket] = nil
                obey(board.ended(ticket, hasAnswered: number(0..<10) > 0, at: now))
            }
            for (key, engine) in alive.sorted(by: { $0.key < $1.key }) {
                // Others may have had it ended in this very moment.
                guard let current = alive[key], current == engine, engine.until <= now else { continue }
                if engine.isEnding {
                    end(key)
                    obey(board.unloaded(key, at: now))
                } else if !engine.isReady {
                    becomesReady(key)
                }
            }
            obey(board.tick(at: now))
        }

        private mutating func becomesReady(_ key: String) {
            guard number(0..<12) > 0 else {
                end(key)
                return obey(board.failed(key, .engineDidNotStart(ExitCause(.crashed, "it crashed"), tail: []), at: now))
            }
            alive[key]?.isReady = true
            guard let footprint = board.residents[key]?.planned else { return }
            obey(board.ready(key, footprint: footprint, seconds: Double(number(1..<20)) / 2, at: now))
        }

        private mutating func end(_ key: String) {
            alive[key] = nil
            seated = seated.filter { $0.value.key != key }
        }

        mutating func anything() {
            let key = "m\(number(0..<6))"
            switch number(0..<20) {
            case 0..<9: request()
            case 9..<14: pass(Double(number(0..<40)) / 4)
            case 14:
                if let ticket = open.keys.sorted().dropFirst(number(0..<4)).first, answers[ticket] == nil {
                    open[ticket] = nil
                    answers[ticket, default: 0] += 1
                    obey(board.withdrawn(ticket, at: now))
                }
            case 15: obey(board.pin(key, number(0..<4) == 0, at: now))
            case 16:
                let isAtOnce = number(0..<2) == 0
                let (_, decisions) = board.unload(key, isAtOnce: isAtOnce, at: now)
                obey(decisions, breaking: isAtOnce ? key : nil)
            case 17: obey(board.evictIdle(for: key, at: now).decisions)
            case 18: obey(board.measured(budget(), at: now))
            default: obey(number(0..<3) == 0 ? board.pressed(budget(), at: now) : board.tick(at: now))
            }
        }

        private mutating func budget() -> MemoryBudget {
            MemoryBudget(
                host: .init(most: limit, left: number(0..<3) == 0 ? limit * Int64(number(2..<10)) / 10 : nil), reserve: 100_000_000)
        }

        mutating func close() {
            obey(board.pin("m1", false, at: now))
            let isAtOnce = number(0..<2) == 0
            obey(board.stop(isAtOnce: isAtOnce, at: now), breaking: isAtOnce ? "*" : nil)
            pass(200)
            broken += check(board.isEmpty, "\(board.residents.keys) are left")
            broken += check(alive.isEmpty, "\(alive.keys) live on")
            for ticket in open.keys { broken += check(false, "\(ticket) was never answered") }
        }
    }

    @Test("SUP-32 SUP-33 whatever happens in whatever order, nothing that must hold is broken", arguments: 1...10 as ClosedRange<UInt64>)
    func anything(_ seed: UInt64) {
        var house = House(seed: seed)
        while house.events < 2_500, house.broken.isEmpty { house.anything() }
        house.close()
        #expect(house.broken.isEmpty, "\(house.broken.prefix(5))")
        #expect(house.events >= 2_500 && house.answers.count > 500, "\(house.events) events, \(house.answers.count) requests")
    }

    /// Requests of all kinds without a pause, nobody withdraws and nothing fails: the longest wait is bounded.
    @Test(arguments: 1...3 as ClosedRange<UInt64>) func nobodyStarves(_ seed: UInt64) {
        var random = Mutator(seed: seed)
        var house = Landlord(gigabytes: 10)
        house.board.rules.queueLimit = 1_000
        let sizes: [(String, Double)] = [("a", 6), ("b", 6), ("c", 3), ("d", 9)]
        var (due, since, seen, longest) = ([(at: Double, ticket: Int)](), [Int: Double](), 0, 0.0)
        var engines: [String: Double] = [:]
        for _ in 0..<3_000 {
            house.now += 0.5
            if since.count < 12 {
                let (key, gigabytes) = sizes[random.below(sizes.count)]
                // The interactive ones never leave the others a gap by themselves.
                let priority: RequestPriority = key == "d" ? .batch : .interactive
                since[house.asks(Landlord.want(key, gigabytes, priority: priority, loadSeconds: 2))] = house.now
            }
            for one in due where one.at <= house.now { house.ends(one.ticket) }
            due.removeAll { $0.at <= house.now }
            for (key, resident) in house.board.residents.sorted(by: { $0.key < $1.key }) {
                switch resident.state {
                case .loading where engines[key] == nil: engines[key] = house.now + 2
                case .loading where engines[key] ?? 0 <= house.now: house.ready(key, seconds: 2)
                case .unloading:
                    engines[key] = nil
                    house.gone(key)
                default: break
                }
            }
            house.take(house.board.tick(at: house.now))
            for ticket in house.admitted.dropFirst(seen) {
                longest = max(longest, house.now - (since.removeValue(forKey: ticket) ?? house.now))
                due.append((house.now + 1, ticket))
            }
            seen = house.admitted.count
        }
        let waitingNow = since.values.map { house.now - $0 }.max() ?? 0
        #expect(house.refused.isEmpty && seen > 400, "\(seen) were served")
        #expect(max(longest, waitingNow) < 150, "somebody waited for \(longest) s, and waits for \(waitingNow) s")
    }
}
