// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a model's requests take, as they were seen.
struct Pace: Sendable, Equatable {
    /// `nil` before any was seen.
    private(set) var requestSeconds: Double?
    var loadSeconds: Double?

    /// The newest counts for three tenths.
    mutating func take(_ seconds: Double) { requestSeconds = (requestSeconds ?? seconds) * 0.7 + seconds * 0.3 }
}

/// A model that failed, and how long nobody tries again.
struct Mishap: Sendable, Equatable {
    var failure: Failure
    /// With other options it is another try.
    var plan: LaunchPlan
    var moments: [Double]
    var until: Double
    var isQuarantined: Bool
}

/// Failures and answers to those who come too many.
extension ResidencyBoard {
    /// Why a model is not tried just now; `nil` where it is.
    func mishap(for want: Want, at now: Double) -> Failure? {
        guard let mishap = troubles[want.key], residents[want.key] == nil, mishap.plan.meets(want.demand) else { return nil }
        if mishap.isQuarantined { return mishap.failure.quarantined(want.key, times: mishap.moments.count) }
        return now < mishap.until ? mishap.failure.again(after: Int((mishap.until - now).rounded(.up))) : nil
    }

    mutating func record(_ failure: Failure, of resident: Resident, at now: Double) {
        var moments = (troubles[resident.key]?.moments ?? []) + [now]
        if moments.count > 16 { moments.removeFirst() }
        let pause = min(rules.longestPause, rules.firstPause * Double(1 << min(10, moments.count - 1)))
        let isQuarantined = moments.count >= rules.quarantineAfter
        troubles[resident.key] = Mishap(
            failure: failure, plan: resident.asked, moments: moments, until: now + pause, isQuarantined: isQuarantined)
    }

    /// Models that are not tried again by themselves, and why.
    public var quarantined: [Key: Failure] { troubles.filter(\.value.isQuarantined).mapValues(\.failure) }

    /// Seconds after which a place will be free, from what requests took lately.
    public func retryAfter(_ key: Key, ahead: Int, at now: Double) -> Int {
        let pace = paces[key] ?? Pace()
        let resident = residents[key]
        var seconds = (pace.requestSeconds ?? rules.requestSeconds) * Double(ahead + 1) / Double(resident?.slots ?? 1)
        if resident == nil || resident?.phase == .loading { seconds += resident?.reloadSeconds ?? pace.loadSeconds ?? 1 }
        return Int(min(600, max(1, seconds.rounded(.up))))
    }
}

/// Places.
extension ResidencyBoard {
    /// Everything that follows from the present state, until nothing does.
    mutating func settle(at now: Double) -> [Decision] {
        var (out, decided) = ([Decision](), -1)
        refuseLate(at: now, &out)
        var isChanged = true
        while isChanged {
            decided = out.count
            isChanged = giveUpClaims()
            refuseBlind(&out)
            makeWayForOptions(at: now, &out)
            seat(at: now, &out)
            makeRoom(at: now, &out)
            expireIdle(at: now, &out)
            endDrained(at: now, &out)
            isChanged = isChanged || out.count > decided
        }
        return out
    }

    private mutating func refuseLate(at now: Double, _ out: inout [Decision]) {
        for late in waiting where late.deadline.map({ $0 <= now }) ?? false {
            let retryAfter = retryAfter(late.want.key, ahead: 0, at: now)
            out.append(.refuse(late.ticket, .waitedTooLong(late.want.key, seconds: now - late.arrived, retryAfter: retryAfter)))
        }
        waiting.removeAll { $0.deadline.map { $0 <= now } ?? false }
    }

    /// Who shows pictures to a model that came to run without seeing is told so: loaded anew it would come to the same.
    private mutating func refuseBlind(_ out: inout [Decision]) {
        func isInVain(_ one: Waiting) -> Bool {
            one.want.demand.hasPictures == true && residents[one.want.key].map { $0.phase == .ready && $0.isBlinded } ?? false
        }
        for one in waiting where isInVain(one) {
            out.append(.refuse(one.ticket, .sightGivenUp(one.want.key, residents[one.want.key]?.gaveUp ?? [])))
        }
        waiting.removeAll(where: isInVain)
    }

    /// Room that nobody waits for any more is not made.
    ///
    /// - Returns: whether one that was on its way out stays.
    private mutating func giveUpClaims() -> Bool {
        var isChanged = false
        claims.removeAll { key in !waiting.contains { $0.want.key == key } }
        for (key, resident) in residents where resident.phase == .draining {
            let isNeeded =
                switch resident.leaving {
                case .room: resident.roomFor.map(claims.contains) ?? false
                case .options: waiting.contains { $0.want.key == key && !resident.asked.meets($0.want.demand) }
                default: true
                }
            guard !isNeeded else { continue }
            residents[key]?.stays()
            isChanged = true
        }
        return isChanged
    }

    /// The first in turn wants options that the loaded model does not have: it is loaded anew, once it has stayed.
    private mutating func makeWayForOptions(at now: Double, _ out: inout [Decision]) {
        for (key, resident) in residents.sorted(by: { $0.key < $1.key }) where resident.phase == .ready {
            guard let first = waiting(for: key).first, !resident.asked.meets(first.want.demand) else { continue }
            if !fitsBesidePinned(first.want) {
                guard let failure = obstacle(to: first.want) else { continue }
                waiting.removeAll { $0.ticket == first.ticket }
                out.append(.refuse(first.ticket, failure))
            } else if resident.hasStayed(at: now) || resident.isIdle(at: now) {
                leave(key, .options, at: now, &out)
            }
        }
    }

    /// Whoever can go on now does, in the order of their turns.
    private mutating func seat(at now: Double, _ out: inout [Decision]) {
        var left: [Waiting] = []
        for one in waiting {
            guard var resident = residents[one.want.key], resident.phase == .ready, resident.asked.meets(one.want.demand),
                one.want.purpose != .request || resident.inFlight < resident.slots
            else {
                left.append(one)
                continue
            }
            resident.lastUsed = now
            if one.want.purpose == .request {
                resident.inFlight += 1
                seated[one.ticket] = Seated(key: one.want.key, generation: resident.generation, since: now)
            }
            residents[one.want.key] = resident
            out.append(.admit(one.ticket))
        }
        waiting = left
    }

    private mutating func expireIdle(at now: Double, _ out: inout [Decision]) {
        for (key, resident) in residents.sorted(by: { $0.key < $1.key }) {
            guard let until = resident.idleUntil, until <= now, queue(of: key) == 0 else { continue }
            leave(key, .idle, at: now, &out)
        }
    }

    /// One that drains goes with its last request, and where that takes too long, in the middle of it.
    private mutating func endDrained(at now: Double, _ out: inout [Decision]) {
        for (key, resident) in residents.sorted(by: { $0.key < $1.key }) where resident.phase == .draining {
            guard resident.inFlight == 0 || drainEnds(resident).map({ $0 <= now }) ?? false else { continue }
            residents[key]?.breaksOff(resident.leaving ?? .asked)
            out.append(.unload(key, resident.leaving ?? .asked))
        }
    }

    /// The moment at which requests that a model still works on are broken off; `nil` where it may take as long as it takes.
    ///
    /// Whoever wants it gone by name sees what is waited for and can say so himself: only those who wait for the room end that. When
    /// everything stops, whoever stops it knows how long he has.
    func drainEnds(_ resident: Resident) -> Double? {
        guard resident.phase == .draining, let since = resident.drainingSince else { return nil }
        switch resident.leaving {
        case .stop: return nil
        case .asked:
            let others = waiting.filter { $0.want.key == resident.key || claims.contains($0.want.key) }
            return others.map(\.arrived).min().map { max($0, since) + rules.longestDrain }
        default: return since + rules.longestDrain
        }
    }

    /// A model goes as soon as nothing is in flight.
    mutating func leave(_ key: Key, _ reason: Leave, for taker: Key? = nil, at now: Double, _ out: inout [Decision]) {
        guard var resident = residents[key], resident.phase != .unloading else { return }
        let isNow = resident.inFlight == 0
        (resident.leaving, resident.roomFor) = (reason, taker)
        if isNow {
            out.append(.unload(key, reason))
        } else if resident.phase != .draining {
            out.append(.drain(key, reason))
        }
        if resident.phase != .draining { resident.drainingSince = now }
        resident.phase = isNow ? .unloading : .draining
        residents[key] = resident
    }
}
