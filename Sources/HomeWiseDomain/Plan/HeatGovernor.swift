// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How hot the processor may be, in °C.
public struct HeatLimits: Sendable, Equatable {
    /// From here on threads are taken away one by one.
    public var warning: Double
    /// From here on one thread is left.
    public var critical: Double

    /// What a person may set: lower is a room's temperature, higher is more than any processor allows.
    static let range = 40.0...110.0

    /// - Throws: `Failure.badInput` for what is out of range, or in the wrong order.
    public init(warning: Double = 85, critical: Double = 95) throws(Failure) {
        guard Self.range.contains(warning), Self.range.contains(critical), warning < critical else {
            throw Failure.badInput(
                "\(warning.rounded(toPlaces: 1)) and \(critical.rounded(toPlaces: 1)) °C are no limits for a processor's temperature.",
                remedy: "Give a warning and a higher critical one, both between 40 and 110 °C.")
        }
        (self.warning, self.critical) = (warning, critical)
    }

    private init() { (warning, critical) = (85, 95) }

    /// 85 and 95 °C: below what processors slow themselves down at (100 °C with Intel, 95 °C with AMD's desktop ones).
    public static let standard = HeatLimits()
}

/// How many threads the heat of the processor allows: fewer while it is hot, more only when it has been cool for a while. A machine
/// that is left to throttle itself is slow for all programs and loud.
public struct HeatGovernor: Sendable {
    /// Threads at most.
    public private(set) var ceiling: Int
    private let most: Int
    private let limits: HeatLimits
    private var hotSince: Double?
    private var coolSince: Double?
    private var loweredAt: Double?
    private var raisedAt: Double?
    private var patience = Self.shortestPatience

    /// Seconds: a peak of one look is no heat.
    static let peak = 2.0
    /// Seconds until a thread less shows: a cooler needs that long.
    static let settling = 10.0
    /// °C below the warning from which on it counts as cool.
    static let margin = 5.0
    /// Seconds for which it must have been cool before a thread is given back; twice as long after each one that made it hot again.
    static let shortestPatience = 20.0
    static let longestPatience = 320.0
    /// Seconds: heat that comes back sooner came from the thread that was given back.
    static let regret = 60.0

    /// - Parameter most: threads that the engine was started for.
    public init(most: Int, limits: HeatLimits) {
        self.most = max(1, most)
        self.limits = limits
        ceiling = self.most
    }

    /// - Parameters:
    ///   - celsius: the hottest part of the processor; `nil` where the machine does not tell.
    ///   - threads: that the engine has now: one is taken from these.
    ///   - now: seconds of a clock that only goes on.
    public mutating func look(_ celsius: Double?, threads: Int, at now: Double) {
        guard let celsius, celsius >= limits.warning else { return cool(celsius, now) }
        coolSince = nil
        let since = hotSince ?? now
        hotSince = since
        if celsius >= limits.critical { return lower(to: 1, now) }
        guard now - since >= Self.peak, loweredAt.map({ now - $0 >= Self.settling }) ?? true else { return }
        lower(to: min(ceiling, threads) - 1, now)
    }

    private mutating func lower(to threads: Int, _ now: Double) {
        let threads = max(1, threads)
        guard threads < ceiling else { return }
        let isRegretted = raisedAt.map { now - $0 < Self.regret } ?? false
        patience = isRegretted ? min(patience * 2, Self.longestPatience) : patience
        (ceiling, loweredAt) = (threads, now)
    }

    /// A sensor that went away counts as a cool one: nobody is to be slow for ever because of it.
    private mutating func cool(_ celsius: Double?, _ now: Double) {
        hotSince = nil
        guard ceiling < most else { return }
        if let celsius, celsius > limits.warning - Self.margin {
            coolSince = nil
            return
        }
        let since = coolSince ?? now
        coolSince = since
        guard now - since >= patience else { return }
        if let loweredAt, now - loweredAt > 2 * Self.longestPatience { patience = Self.shortestPatience }
        (ceiling, raisedAt, coolSince) = (ceiling + 1, now, now)
    }
}
