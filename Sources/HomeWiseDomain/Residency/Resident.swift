// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A model that is in memory, on its way there or on its way out.
public struct Resident: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case loading
        case ready
        /// Requests that it works on.
        case busy(Int)
        /// It ends with the last of these requests; nobody new is let in.
        case draining(Int)
        /// Its engine was told to end, and holds its memory until it has.
        case unloading
    }

    enum Phase: Equatable { case loading, ready, draining, unloading }

    /// “model:quantization”.
    public let key: String
    /// What was asked for: recovery may have given some of it up.
    public internal(set) var asked: LaunchPlan
    public internal(set) var planned: Footprint
    /// What it was seen to hold, once it has answered; it outranks the plan.
    public internal(set) var observed: Footprint?
    public internal(set) var inFlight = 0
    public internal(set) var isPinned = false
    public internal(set) var keepAlive: KeepAlive
    /// The highest of those who asked for it.
    public internal(set) var priority: RequestPriority
    /// Seconds on the owner's clock.
    public internal(set) var readySince: Double?
    public internal(set) var lastUsed: Double
    /// Seconds that it takes to load it again.
    public internal(set) var reloadSeconds: Double
    /// Requests that it has answered.
    public internal(set) var served = 0
    /// What recovery gave up, a sentence each.
    public internal(set) var gaveUp: [String] = []
    /// Whether it was to see pictures, and what runs does not.
    public internal(set) var isBlinded = false
    /// Why it is on its way out.
    public internal(set) var leaving: ResidencyBoard.Leave?
    var phase = Phase.loading
    /// Asked for by name, and not only by requests: it loads on also when nobody waits for it.
    var isWanted = false
    /// Since when nobody new is let in.
    var drainingSince: Double?
    /// Who gets the room of one that drains for another.
    var roomFor: String?
    /// Told from one that had its key before.
    let generation: Int

    init(_ want: ResidencyBoard.Want, generation: Int, keepAlive: KeepAlive, reloadSeconds: Double, at now: Double) {
        key = want.key
        asked = want.plan
        planned = want.footprint
        self.keepAlive = keepAlive
        priority = want.priority
        lastUsed = now
        self.reloadSeconds = reloadSeconds
        isWanted = want.purpose != .request
        self.generation = generation
    }

    public var footprint: Footprint { observed ?? planned }

    public var state: State {
        switch phase {
        case .loading: .loading
        case .ready: inFlight > 0 ? .busy(inFlight) : .ready
        case .draining: .draining(inFlight)
        case .unloading: .unloading
        }
    }

    /// It was to go, and need not.
    mutating func stays() { (phase, leaving, roomFor, drainingSince) = (.ready, nil, nil, nil) }

    /// It goes, whoever is served.
    mutating func breaksOff(_ reason: ResidencyBoard.Leave) { (phase, leaving) = (.unloading, reason) }

    var isOnItsWayOut: Bool { phase == .draining || phase == .unloading }
    var slots: Int { max(1, asked.options.parallel) }

    /// One that was loaded by name and not used yet is not gone before it could be.
    static let firstUse = 60.0

    /// When it is unloaded if nothing happens; `nil` for never and for one that works.
    public var idleUntil: Double? {
        guard phase == .ready, inFlight == 0, !isPinned, case .after(let seconds) = keepAlive else { return nil }
        return lastUsed + (served == 0 ? max(seconds, Self.firstUse) : seconds)
    }

    /// How much it is worth to keep it, the least first to go: seconds of loading that each byte would cost, times how likely it is
    /// to be used soon.
    ///
    /// Source: GreedyDual-Size (Cao and Irani, “Cost-Aware WWW Proxy Caching Algorithms”, USITS 1997) ranks by cost/size over a clock
    /// that goes on with each eviction. Evictions are rare here, so the time since the last use stands for that clock: what was not
    /// used for twice as long is half as likely to be used in the next second.
    func worth(at now: Double) -> Double {
        let bytes = max(1e6, Double(footprint.total))
        let weight = priority == .interactive ? 2.0 : 1.0
        return weight * max(0.05, reloadSeconds) / bytes / max(1, now - lastUsed)
    }

    /// Seconds that it may stay at least while others wait: long enough that loading is a small part of it.
    ///
    /// Two models that do not fit together and are both asked for all the time then swap at this pace, and not with each request.
    var leastStay: Double { min(30, max(2, 2 * reloadSeconds)) }

    /// Seconds without a request after which it counts as idle: whoever waited for an answer asks the next question a moment later.
    /// (“Deceptive idleness”: Iyer and Druschel, “Anticipatory Scheduling”, SOSP 2001.)
    var grace: Double { min(2, max(0.1, reloadSeconds / 4)) }

    var staysUntil: Double? { readySince.map { $0 + leastStay } }
    var idleSince: Double { lastUsed + grace }

    func hasStayed(at now: Double) -> Bool { staysUntil.map { $0 <= now } ?? false }

    func isIdle(at now: Double) -> Bool { phase == .ready && inFlight == 0 && (hasStayed(at: now) || idleSince <= now) }
}

/// Who goes first. One that waits for long goes before those that came later, whatever theirs is.
public enum RequestPriority: String, Sendable, Codable, CaseIterable {
    /// Nobody sits before it.
    case batch
    case interactive
}
