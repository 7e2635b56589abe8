// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What happens, as the owner tells it. Each tells what is to be done about it.
extension ResidencyBoard {
    /// - Returns: the number that all further words about this request go by.
    public mutating func wants(_ want: Want, at now: Double) -> (ticket: Ticket, decisions: [Decision]) {
        let ticket = ticket()
        if let failure = refusal(of: want, at: now) { return (ticket, [.refuse(ticket, failure)] + settle(at: now)) }
        if want.purpose == .load { troubles[want.key] = nil }
        enqueue(want, ticket, at: now)
        note(want)
        let decisions = settle(at: now)
        guard let place = waiting(for: want.key).firstIndex(where: { $0.ticket == ticket }) else { return (ticket, decisions) }
        let isJoining = residents[want.key].map { $0.phase == .loading && $0.asked.meets(want.demand) } ?? false
        return (ticket, decisions + [isJoining ? .join(ticket, ahead: place) : .wait(ticket, ahead: place)])
    }

    private func refusal(of want: Want, at now: Double) -> Failure? {
        if isStopping { return .notServing }
        if want.demand.hasPictures == true, want.plan.projector == nil { return .seesNothing(want.key) }
        if want.purpose != .load, let failure = mishap(for: want, at: now) { return failure }
        if !budget.shortage(of: want.footprint, isLasting: true).isEmpty, residents[want.key]?.asked.meets(want.demand) != true {
            return .neverFits(want.key, want.footprint, budget)
        }
        let queue = queue(of: want.key)
        guard want.purpose == .request, queue >= rules.queueLimit else { return nil }
        return .queueFull(want.key, waiting: queue, retryAfter: retryAfter(want.key, ahead: queue, at: now))
    }

    private mutating func enqueue(_ want: Want, _ ticket: Ticket, at now: Double) {
        let others = want.client.isEmpty ? 0 : waiting.count { $0.want.client == want.client && $0.want.key == want.key }
        let turn = now + Double(others) * rules.perClient - (want.priority == .interactive ? rules.ageing : 0)
        let place = waiting.firstIndex { $0.turn > turn } ?? waiting.endIndex
        waiting.insert(Waiting(ticket: ticket, want: want, arrived: now, turn: turn), at: place)
    }

    /// What a request says of the model that is here.
    private mutating func note(_ want: Want) {
        if let keepAlive = want.keepAlive { residents[want.key]?.keepAlive = keepAlive }
        if want.purpose == .load { residents[want.key]?.isWanted = true }
        if want.priority == .interactive { residents[want.key]?.priority = .interactive }
    }

    /// Whoever waited is gone, or does not want it any more.
    public mutating func withdrawn(_ ticket: Ticket, at now: Double) -> [Decision] {
        waiting.removeAll { $0.ticket == ticket }
        return settle(at: now)
    }

    /// Its engine has answered for the first time, also once more after recovery.
    ///
    /// - Parameters:
    ///   - footprint: of the plan that it came to run by.
    ///   - seconds: that loading took.
    ///   - isBlinded: whether recovery gave up what it was to see pictures with.
    public mutating func ready(
        _ key: Key, footprint: Footprint, seconds: Double, gaveUp: [String] = [], isBlinded: Bool = false, at now: Double
    ) -> [Decision] {
        guard var resident = residents[key] else { return [] }
        resident.planned = footprint
        resident.observed = nil
        (resident.gaveUp, resident.isBlinded) = (gaveUp, isBlinded)
        resident.reloadSeconds = seconds
        paces[key, default: Pace()].loadSeconds = seconds
        if resident.phase == .loading {
            resident.phase = .ready
            (resident.readySince, resident.lastUsed) = (now, now)
        }
        residents[key] = resident
        return settle(at: now)
    }

    /// What its process was seen to hold, after an answer.
    public mutating func observed(_ key: Key, _ footprint: Footprint) { residents[key]?.observed = footprint }

    /// Its engine is gone because it failed, and nothing helped.
    ///
    /// - Parameter budget: what is left without it, where that was looked at. Both are one word: a board that hears of the memory first
    ///   still takes the dead one for a resident, and may let somebody in to it, or let it go for another one, before it knows.
    public mutating func failed(_ key: Key, _ failure: Failure, leaving budget: MemoryBudget? = nil, at now: Double) -> [Decision] {
        if let budget { self.budget = budget }
        guard let resident = residents[key], resident.phase != .unloading else { return unloaded(key, at: now) }
        forget(resident)
        record(failure, of: resident, at: now)
        let all = waiting(for: key)
        waiting.removeAll { $0.want.key == key }
        return all.map { .refuse($0.ticket, failure) } + settle(at: now)
    }

    /// Its engine is gone, and its memory is free.
    ///
    /// - Parameter budget: as for `failed`.
    public mutating func unloaded(_ key: Key, leaving budget: MemoryBudget? = nil, at now: Double) -> [Decision] {
        if let budget { self.budget = budget }
        if let resident = residents[key] { forget(resident) }
        return settle(at: now)
    }

    private mutating func forget(_ resident: Resident) {
        residents[resident.key] = nil
        seated = seated.filter { $0.value.key != resident.key || $0.value.generation != resident.generation }
    }

    /// A request is over, however it went.
    ///
    /// - Parameter hasAnswered: it came to an answer.
    public mutating func ended(_ ticket: Ticket, hasAnswered: Bool, at now: Double) -> [Decision] {
        guard let seat = seated.removeValue(forKey: ticket) else { return settle(at: now) }
        if var resident = residents[seat.key], resident.generation == seat.generation {
            resident.inFlight -= 1
            resident.lastUsed = now
            if hasAnswered { resident.served += 1 }
            residents[seat.key] = resident
        }
        if hasAnswered {
            troubles[seat.key] = nil
            paces[seat.key, default: Pace()].take(now - seat.since)
        }
        return settle(at: now)
    }

    /// The machine was looked at again.
    public mutating func measured(_ budget: MemoryBudget, at now: Double) -> [Decision] {
        self.budget = budget
        return settle(at: now)
    }

    /// Time has passed: to be told at `nextLook` at the latest.
    public mutating func tick(at now: Double) -> [Decision] { settle(at: now) }
}
