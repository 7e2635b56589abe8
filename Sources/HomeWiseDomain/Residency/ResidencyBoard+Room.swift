// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Room for those who are not in memory.
extension ResidencyBoard {
    /// What is held now, and what will be held once all that was decided has happened.
    private struct Outlook {
        var now: Footprint
        var later: Footprint
        /// Whoever goes for another one cannot go a second time.
        var goes: Set<Key>
    }

    /// Loads what fits, in the order of turns, and lets others go for what does not. Whoever comes later may use room that is free and
    /// does not delay the one before.
    mutating func makeRoom(at now: Double, _ out: inout [Decision]) {
        let staying = residents.values.filter { !$0.isOnItsWayOut }
        var outlook = Outlook(
            now: sum(residents.values), later: sum(staying), goes: Set(residents.values.filter(\.isOnItsWayOut).map(\.key)))
        for key in keysInTurn() {
            guard let want = wanted(key, &out) else { continue }
            if let resident = residents[key] {
                // It comes back when it is gone, and its room is kept for it.
                if resident.isOnItsWayOut { outlook.later = outlook.later + want.footprint }
            } else if budget.holds(outlook.now + want.footprint), budget.holds(outlook.later + want.footprint) {
                load(want, at: now, &out)
                outlook.now = outlook.now + want.footprint
                outlook.later = outlook.later + want.footprint
            } else if want.purpose == .preload {
                refuse(key, .noRoomBeside(key, want.footprint, others: residents.keys.sorted()), of: want, &out)
            } else {
                clear(want, at: now, &outlook, &out)
            }
        }
    }

    private func sum(_ residents: some Sequence<Resident>) -> Footprint { residents.reduce(Footprint()) { $0 + $1.footprint } }

    /// Those for whom room is being made first, then in the order of their first request.
    private func keysInTurn() -> [Key] {
        var keys = claims
        for one in waiting where !keys.contains(one.want.key) { keys.append(one.want.key) }
        return keys
    }

    /// What the next load of a model is to give; requests that nothing could ever serve are refused on the way.
    private mutating func wanted(_ key: Key, _ out: inout [Decision]) -> Want? {
        while let first = waiting(for: key).first {
            guard residents[key] == nil else { return first.want }
            guard let failure = obstacle(to: first.want) else { return covering(first.want, waiting(for: key)) }
            waiting.removeAll { $0.ticket == first.ticket }
            out.append(.refuse(first.ticket, failure))
        }
        claims.removeAll { $0 == key }
        return nil
    }

    /// Of all who wait for the same model with one plan or a larger one, the plan that serves most: it need not be loaded twice.
    private func covering(_ first: Want, _ all: [Waiting]) -> Want {
        func served(_ want: Want) -> Int { all.count { want.plan.meets($0.want.demand) } }
        let wider = all.map(\.want).filter { $0.plan.meets(first.demand) && budget.holds($0.footprint) }
        var best = first
        for want in wider where served(want) > served(best) { best = want }
        // Whoever asked by name wants it loaded, whichever plan is taken.
        if all.contains(where: { $0.want.purpose == .load }) { best.purpose = .load }
        if best.purpose == .preload, first.purpose != .preload { best.purpose = first.purpose }
        return best
    }

    /// Why it cannot be loaded, whoever of ours goes. While engines come and go, what others leave is not known for certain.
    func obstacle(to want: Want) -> Failure? {
        let need = want.footprint
        if !budget.shortage(of: need, isLasting: true).isEmpty { return .neverFits(want.key, need, budget) }
        let isMoving = residents.values.contains { $0.phase == .loading || $0.isOnItsWayOut }
        guard !isMoving else { return nil }
        if !budget.holds(need) { return .memoryTaken(want.key, need, budget, retryAfter: 30) }
        return fitsBesidePinned(want) ? nil : .besidePinned(want.key, need, pinned: pinned(besides: want.key).map(\.key).sorted())
    }

    func fitsBesidePinned(_ want: Want) -> Bool { budget.holds(sum(pinned(besides: want.key)) + want.footprint) }

    private func pinned(besides key: Key) -> [Resident] { residents.values.filter { $0.isPinned && $0.key != key } }

    private mutating func load(_ want: Want, at now: Double, _ out: inout [Decision]) {
        var resident = Resident(
            want, generation: generation(), keepAlive: want.keepAlive ?? rules.keepAlive,
            reloadSeconds: paces[want.key]?.loadSeconds ?? want.loadSeconds, at: now)
        resident.isPinned = pins.contains(want.key)
        residents[want.key] = resident
        claims.removeAll { $0 == want.key }
        out.append(.load(want))
    }

    private mutating func refuse(_ key: Key, _ failure: Failure, of want: Want, _ out: inout [Decision]) {
        for one in waiting where one.want.key == key && one.want.purpose == want.purpose { out.append(.refuse(one.ticket, failure)) }
        waiting.removeAll { $0.want.key == key && $0.want.purpose == want.purpose }
    }

    /// Lets others go for a model: at once where they are idle, after their last answer where nothing else is left.
    private mutating func clear(_ want: Want, at now: Double, _ outlook: inout Outlook, _ out: inout [Decision]) {
        let turn = waiting(for: want.key).first?.turn ?? now
        let others = residents.values.filter { [goes = outlook.goes] in !goes.contains($0.key) && !$0.isPinned }
        let idle = others.filter { $0.isIdle(at: now) || isAbandoned($0) }
        let busy = others.filter { mayDrain($0, for: turn, at: now) }
        let victims =
            victims(for: want.footprint, beside: outlook.later, idle, at: now)
            ?? victims(for: want.footprint, beside: outlook.later, idle + busy, at: now)
        for victim in victims ?? [] { leave(victim.key, .room, for: want.key, at: now, &out) }
        if victims != nil, !claims.contains(want.key) { claims.append(want.key) }
        // Where it is too early, those that will go count as gone all the same: nobody who comes later may delay this one.
        let goes = victims ?? self.victims(for: want.footprint, beside: outlook.later, others, at: now) ?? []
        outlook.goes.formUnion(goes.map(\.key))
        outlook.later = outlook.later - sum(goes) + want.footprint
    }

    /// It loads, and nobody waits for it any more.
    private func isAbandoned(_ resident: Resident) -> Bool {
        resident.phase == .loading && !resident.isWanted && queue(of: resident.key) == 0
    }

    /// One that works is asked to end only when it has stayed, and nobody waits for it who came before.
    private func mayDrain(_ resident: Resident, for turn: Double, at now: Double) -> Bool {
        guard resident.phase == .ready, resident.inFlight > 0, resident.hasStayed(at: now) else { return false }
        return waiting(for: resident.key).first.map { $0.turn > turn } ?? true
    }

    /// Those whose going makes room, and none that need not go; `nil` where it would not be enough.
    func victims(for need: Footprint, beside base: Footprint, _ candidates: [Resident], at now: Double) -> [Resident]? {
        var (total, chosen) = (base + need, [Resident]())
        for candidate in ranked(candidates, at: now) {
            let shortage = budget.shortage(of: total)
            if shortage.isEmpty { break }
            guard shortage.isHelped(by: candidate.footprint) else { continue }
            total = total - candidate.footprint
            chosen.append(candidate)
        }
        guard budget.holds(total) else { return nil }
        for candidate in chosen.reversed() where budget.holds(total + candidate.footprint) {
            total = total + candidate.footprint
            chosen.removeAll { $0.key == candidate.key }
        }
        return chosen
    }

    /// Idle before busy, and the one that is worth least first.
    private func ranked(_ candidates: [Resident], at now: Double) -> [Resident] {
        candidates.sorted { left, right in
            let (busyLeft, busyRight) = (left.inFlight > 0, right.inFlight > 0)
            if busyLeft != busyRight { return busyRight }
            let (worthLeft, worthRight) = (left.worth(at: now), right.worth(at: now))
            return worthLeft == worthRight ? left.key < right.key : worthLeft < worthRight
        }
    }
}
