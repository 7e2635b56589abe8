// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How many connections a transfer uses: more as long as more help, fewer where the server will not have so many.
public struct LaneCount: Sendable {
    /// Connections at most.
    public let most: Int
    public private(set) var target: Int
    private var ceiling: Int
    private var lastLook: (time: Double, bytes: Int64)?
    private var rateBefore: Double?
    private var restsUntil = -Double.infinity

    /// Seconds between two looks.
    static let interval = 0.4
    /// More connections must bring this much more to be worth going on with.
    static let worthwhile = 1.1

    /// Seconds after which more are tried again.
    static let rest = 30.0

    public init(most: Int) {
        self.most = max(1, most)
        target = min(4, max(1, most))
        ceiling = max(1, most)
    }

    /// - Parameter bytes: received in all, absolute.
    public mutating func look(bytes: Int64, at now: Double) {
        guard let last = lastLook else { return lastLook = (now, bytes) }
        guard now - last.time >= Self.interval else { return }
        let rate = Double(bytes - last.bytes) / (now - last.time)
        lastLook = (now, bytes)
        if now >= restsUntil { ceiling = most }
        guard rate > 0, target < ceiling else { return }
        if rateBefore.map({ rate >= $0 * Self.worthwhile }) ?? true {
            rateBefore = rate
            target = min(ceiling, target * 2)
        }
    }

    /// The server turned a connection away while others are served.
    ///
    /// - Parameter busy: connections that are at work.
    public mutating func turnedAway(busy: Int, at now: Double) {
        restsUntil = now + Self.rest
        rateBefore = nil
        ceiling = max(1, min(ceiling, busy))
        target = min(target, ceiling)
    }
}
