// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Follows the cores that are really free, and cool, with the threads of a running engine: down soon, because one busy neighbour
/// makes all threads wait, and up only when a core has been free for a while.
public struct ThreadGovernor: Sendable {
    /// Threads that the engine has now.
    public private(set) var threads: Int
    private let cpu: SystemCapabilities.CPU
    private var ceiling: Int
    /// Whether more was allowed just now: it is taken as soon as it is seen to be free.
    private var isEager = false
    /// Seconds for which a core must have been free before it is taken; longer after one that had to be given back at once.
    private var patience = Self.shortestPatience
    private var lowerSince: Double?
    private var higher: (since: Double, threads: Int)?
    private var raisedAt: Double?

    /// Seconds: one look may fall into a short burst.
    static let burst = 0.4
    /// Seconds.
    static let shortestPatience = 1.5
    static let longestPatience = 24.0
    /// Seconds: a core that is given back sooner was not free.
    static let regret = 4.0

    /// - Parameters:
    ///   - threads: threads at the start.
    ///   - ceiling: threads that the engine was started for; more it cannot have.
    public init(threads: Int, ceiling: Int, cpu: SystemCapabilities.CPU) {
        self.threads = threads
        self.ceiling = max(1, ceiling)
        self.cpu = cpu
    }

    /// A person allows another number of threads: fewer hold at once, more from the next look on.
    ///
    /// - Returns: what changes now.
    public mutating func allow(_ ceiling: Int) -> ThreadPolicy.Decision? {
        let ceiling = max(1, ceiling)
        guard ceiling != self.ceiling else { return nil }
        isEager = ceiling > self.ceiling
        self.ceiling = ceiling
        guard threads > ceiling else { return nil }
        (threads, lowerSince, higher) = (ceiling, nil, nil)
        return ThreadPolicy.Decision(threads: ceiling, reason: "no more are allowed")
    }

    /// - Parameters:
    ///   - load: of others, over some tenths of a second until now.
    ///   - heat: threads that the processor's temperature allows, and that temperature in °C.
    ///   - now: seconds of a clock that only goes on.
    /// - Returns: the new number of threads and why; `nil` where nothing changes.
    public mutating func look(_ load: ThreadPolicy.Load, heat: (ceiling: Int, celsius: Double?)? = nil, at now: Double)
        -> ThreadPolicy.Decision?
    {
        var decision = ThreadPolicy().threads(cpu: cpu, load: load)
        decision.threads = min(decision.threads, ceiling)
        if let heat, heat.ceiling < decision.threads {
            let celsius = heat.celsius.map { "at \(Int($0.rounded())) °C" } ?? "hot"
            decision = ThreadPolicy.Decision(threads: max(1, heat.ceiling), reason: "the processor is \(celsius)")
            // Heat was waited for already.
            if decision.threads < threads { return set(decision) }
        }
        if decision.threads < threads { return lower(decision, now) }
        lowerSince = nil
        if decision.threads > threads { return raise(decision, now) }
        higher = nil
        return nil
    }

    private mutating func lower(_ decision: ThreadPolicy.Decision, _ now: Double) -> ThreadPolicy.Decision? {
        higher = nil
        let since = lowerSince ?? now
        lowerSince = since
        guard now - since >= Self.burst else { return nil }
        let isRegretted = raisedAt.map { now - $0 < Self.regret } ?? false
        patience = isRegretted ? min(patience * 2, Self.longestPatience) : Self.shortestPatience
        return set(decision)
    }

    private mutating func set(_ decision: ThreadPolicy.Decision) -> ThreadPolicy.Decision {
        (threads, lowerSince, higher) = (decision.threads, nil, nil)
        return decision
    }

    private mutating func raise(_ decision: ThreadPolicy.Decision, _ now: Double) -> ThreadPolicy.Decision? {
        let seen = higher ?? (now, decision.threads)
        // As many as were free all the time.
        higher = (seen.since, min(seen.threads, decision.threads))
        guard isEager || now - seen.since >= patience else { return nil }
        let raised = ThreadPolicy.Decision(threads: min(seen.threads, decision.threads), reason: decision.reason)
        (threads, higher, raisedAt, isEager) = (raised.threads, nil, now, false)
        return raised
    }
}
