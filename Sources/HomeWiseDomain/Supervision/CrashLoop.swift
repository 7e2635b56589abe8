// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How often an engine died with a model on this machine, over all runs. What fails again and again the same way is left alone until a
/// person acts: each try costs minutes, and perhaps the machine's memory.
///
/// A death that is answered with another plan does not count: it is a measure, and the ladder bounds those. What counts is one that is
/// answered with the same plan, or with nothing.
public struct CrashLoop: Sendable, Codable, Equatable {
    public struct Death: Sendable, Codable, Equatable {
        /// Seconds since 1970.
        public var at: Double
        /// Why, as a sentence.
        public var cause: String
    }

    /// Seconds.
    public static let window = 60.0
    /// Deaths within the window that are borne.
    public static let most = 3
    /// Seconds of the first pause; the first restart has none, and each further one twice that of the one before.
    static let firstPause = 0.5

    /// Version of the engine that died; another one is given a fresh start.
    public private(set) var engine: String
    /// Within the window, in their order.
    public private(set) var deaths: [Death] = []
    /// Since when it is left alone, in seconds since 1970.
    public private(set) var quarantinedAt: Double?

    public init(engine: String) { self.engine = engine }

    public enum Verdict: Sendable, Equatable {
        /// Try again after so many seconds.
        case again(after: Double)
        case quarantined
    }

    /// - Parameter now: seconds since 1970.
    public mutating func died(_ cause: String, engine: String, at now: Double) -> Verdict {
        if engine != self.engine { self = CrashLoop(engine: engine) }
        // A note from the future says that the clock was wrong.
        deaths.removeAll { !(0...Self.window).contains(now - $0.at) }
        deaths.append(Death(at: now, cause: cause))
        if quarantinedAt == nil, deaths.count > Self.most { quarantinedAt = now }
        guard quarantinedAt == nil else { return .quarantined }
        return .again(after: deaths.count == 1 ? 0 : Self.firstPause * Double(1 << (deaths.count - 2)))
    }

    /// Since when it is left alone; `nil` where it may be started.
    public func quarantine(engine: String) -> Double? { engine == self.engine ? quarantinedAt : nil }

    /// Why it died the last time.
    public var lastCause: String? { deaths.last?.cause }
}
