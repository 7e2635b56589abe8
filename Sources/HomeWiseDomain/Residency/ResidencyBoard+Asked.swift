// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What people and other parts of the house ask for.
extension ResidencyBoard {
    /// A pinned model is not unloaded for others nor for being idle, as long as it is loaded.
    public mutating func pin(_ key: Key, _ isPinned: Bool, at now: Double) -> [Decision] {
        if isPinned { pins.insert(key) } else { pins.remove(key) }
        residents[key]?.isPinned = isPinned
        if isPinned, let resident = residents[key], resident.phase == .draining, resident.leaving != .asked, resident.leaving != .options {
            residents[key]?.stays()
        }
        return settle(at: now)
    }

    /// Says how long a loaded model stays after its last request.
    public mutating func keep(_ key: Key, _ keepAlive: KeepAlive, at now: Double) -> [Decision] {
        residents[key]?.keepAlive = keepAlive
        return settle(at: now)
    }

    /// A person wants it gone. Whoever waits for it is told; whoever is served ends, unless it is to go at once.
    ///
    /// - Returns: also whether there was anything to unload.
    public mutating func unload(_ key: Key, isAtOnce: Bool, at now: Double) -> (isHere: Bool, decisions: [Decision]) {
        var out = waiting(for: key).map { Decision.refuse($0.ticket, .unloaded(key)) }
        waiting.removeAll { $0.want.key == key }
        guard let resident = residents[key], resident.phase != .unloading else { return (residents[key] != nil, out + settle(at: now)) }
        if isAtOnce, resident.inFlight > 0 {
            residents[key]?.breaksOff(.asked)
            out.append(.unload(key, .asked))
        } else {
            leave(key, .asked, at: now, &out)
        }
        return (true, out + settle(at: now))
    }

    /// Models that could go now for one that ran out of memory.
    public func idle(besides key: Key) -> [Key] {
        residents.values.filter { $0.key != key && $0.phase == .ready && $0.inFlight == 0 && !$0.isPinned }.map(\.key).sorted()
    }

    /// All idle ones go: how much is missing is not known once memory has run out.
    ///
    /// - Returns: those that are on their way out; their memory is free when the last of them is.
    public mutating func evictIdle(for key: Key, at now: Double) -> (leaving: [Key], decisions: [Decision]) {
        var out: [Decision] = []
        for victim in idle(besides: key) { leave(victim, .recovery, at: now, &out) }
        let leaving = residents.values.filter { $0.key != key && $0.phase == .unloading }.map(\.key).sorted()
        // What became free is for the one that ran out: nobody is let in before it has started again.
        return (leaving, out)
    }

    /// Other programs need memory: idle models go, as many as it takes to give back what is too much.
    ///
    /// Pages of files need not go: the system takes them by itself.
    public mutating func pressed(_ budget: MemoryBudget, at now: Double) -> [Decision] {
        self.budget = budget
        var out: [Decision] = []
        func own() -> Footprint {
            residents.values.filter { !$0.isOnItsWayOut }.reduce(Footprint()) {
                $0 + Footprint(own: $1.footprint.own, gpus: $1.footprint.gpus)
            }
        }
        let candidates = residents.values.filter { $0.phase == .ready && $0.inFlight == 0 && !$0.isPinned }
        for victim in candidates.sorted(by: { ($0.worth(at: now), $0.key) < ($1.worth(at: now), $1.key) }) {
            let shortage = budget.shortage(of: own())
            if shortage.isEmpty { break }
            if shortage.isHelped(by: Footprint(own: victim.footprint.own, gpus: victim.footprint.gpus)) {
                leave(victim.key, .pressure, at: now, &out)
            }
        }
        return out + settle(at: now)
    }

    /// Nobody new is let in; those who wait are told, and those who are served end.
    ///
    /// - Parameter isAtOnce: those who are served are broken off.
    public mutating func stop(isAtOnce: Bool, at now: Double) -> [Decision] {
        isStopping = true
        var out = waiting.map { Decision.refuse($0.ticket, .notServing) }
        (waiting, claims) = ([], [])
        for key in residents.keys.sorted() {
            if isAtOnce, residents[key]?.phase != .unloading {
                residents[key]?.breaksOff(.stop)
                out.append(.unload(key, .stop))
            } else {
                leave(key, .stop, at: now, &out)
            }
        }
        return out + settle(at: now)
    }

    /// The moment at which time alone changes something; `nil` where it does not.
    public func nextLook(after now: Double) -> Double? {
        var moments = residents.values.compactMap { queue(of: $0.key) == 0 ? $0.idleUntil : nil } + waiting.compactMap(\.deadline)
        moments += residents.values.compactMap(drainEnds)
        if !waiting.isEmpty {
            for resident in residents.values where resident.phase == .ready {
                if let until = resident.staysUntil { moments.append(until) }
                if resident.inFlight == 0 { moments.append(resident.idleSince) }
            }
        }
        return moments.filter { $0 > now }.min()
    }
}
