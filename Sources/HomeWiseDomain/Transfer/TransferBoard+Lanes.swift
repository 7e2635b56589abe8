// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How work moves between lanes: a lane that crawls while others run is relieved of all it has, and at the end of the file
/// those without work take half of what the slowest still has before it.
extension TransferBoard {
    struct Lane: Sendable {
        /// The next byte that it will write.
        var position: Int64
        /// Where it is to stop; moves down when others take its rest.
        var limit: Int64
        /// When it began with this span, in seconds.
        let since: Double
        var received: Int64 = 0
        var meter = RateMeter(window: TransferBoard.look)
        /// All it had was given to another: it should drop its connection.
        var isRelieved = false

        init(range: Range<Int64>, since: Double) {
            position = range.lowerBound
            limit = range.upperBound
            self.since = since
            meter.record(bytes: 0, at: since)
        }

        var left: Int64 { limit - position }

        /// Bytes per second over the last look; `nil` before there was time for one.
        func rate(at now: Double) -> Double? {
            now - since >= TransferBoard.look ? Double(meter.bytes(at: now)) / TransferBoard.look : nil
        }
    }

    /// Seconds that a lane is watched before it is judged.
    static let look = 2.0
    /// A lane that reaches less than this share of what the others reach is relieved.
    static let crawl = 1.0 / 8
    /// What is left of a span is shared only where it would take longer than this, in seconds.
    static let worthSharing = 0.5
    /// And where it is more than this, in bytes: a new request has its price.
    static let smallestShare: Int64 = 512 << 10

    /// Whether a lane's work was given to another; it should drop its connection and claim anew.
    public func isRelieved(_ lane: Int) -> Bool { lanes[lane]?.isRelieved ?? true }

    /// All that a crawling lane has left.
    mutating func relief(at now: Double) -> Range<Int64>? {
        guard let (id, _) = lanes.filter({ isCrawling($0.key, at: now) }).min(by: { $0.value.position < $1.value.position }) else {
            return nil
        }
        return takeAll(from: id)
    }

    private func isCrawling(_ id: Int, at now: Double) -> Bool {
        guard let lane = lanes[id], lane.left > 0, let rate = lane.rate(at: now) else { return false }
        let others = lanes.filter { $0.key != id }.compactMap { $0.value.rate(at: now) ?? $0.value.meter.bytesPerSecond(at: now) }.sorted()
        guard !others.isEmpty else { return false }
        let median = others[others.count / 2]
        return rate < median * Self.crawl && Double(lane.left) > rate * Self.look
    }

    private mutating func takeAll(from id: Int) -> Range<Int64>? {
        guard var lane = lanes[id] else { return nil }
        let range = lane.position..<lane.limit
        lane.limit = lane.position
        lane.isRelieved = true
        lanes[id] = lane
        return range
    }

    /// Once nothing else is left to hand out: half of what the slowest lane has left, or all of it where that lane hangs, or
    /// where the one that asks would be done with it long before.
    mutating func share(with thief: Int, at now: Double) -> Range<Int64>? {
        guard !hasUnclaimed else { return nil }
        let candidates = lanes.filter { $0.value.left > 0 }.map { (id: $0.key, seconds: secondsLeft($0.value, at: now)) }
        guard let slowest = candidates.max(by: { $0.seconds < $1.seconds }), slowest.seconds > Self.worthSharing,
            var lane = lanes[slowest.id]
        else { return nil }
        let own = pace[thief].map { Double(lane.left) / max($0, 1) } ?? .infinity
        if lane.rate(at: now) == 0 || (lane.left < 2 * Self.smallestShare && slowest.seconds > Self.look + 2 * own) {
            return takeAll(from: slowest.id)
        }
        guard lane.left >= 2 * Self.smallestShare else { return nil }
        let middle = lane.limit - lane.left / 2
        let range = middle..<lane.limit
        lane.limit = middle
        lanes[slowest.id] = lane
        return range
    }

    /// A lane that only just began says nothing of its speed: it is left alone.
    private func secondsLeft(_ lane: Lane, at now: Double) -> Double {
        guard now - lane.since > Self.worthSharing else { return 0 }
        return Double(lane.left) / max(lane.meter.bytesPerSecond(at: now) ?? 0, 1)
    }
}

/// The hash over the file follows behind what is written, piece by piece from the start. What it has at the end of a piece
/// is the chain digest: it proves the piece and all before it, so one pass proves the whole and also tells which piece is bad.
extension TransferBoard {
    public enum Proof: Sendable, Equatable {
        /// The chain goes on; `isNew` where the digest is not on record yet.
        case sound(isNew: Bool)
        /// What an earlier run left is not what it recorded: the piece is fetched again, the hash goes back to before it.
        case damaged
        /// What was fetched anew is not what the file once was either: this source has another one.
        case foreign
    }

    /// The piece that the hash should take next; `nil` where it is not here yet, or nothing is left.
    public var nextToHash: Int? { hashed < grid.count && missing[hashed] == 0 ? hashed : nil }

    /// - Parameter digest: SHA-256 of the file from its start to the end of the piece.
    public mutating func proved(_ piece: Int, chain digest: Digest) -> Proof {
        let known = recorded[piece]
        if let known, known != digest {
            if isProven, refetched.contains(piece) { return .foreign }
            if !isProven { recorded[piece] = nil }
            refetch(piece)
            return .damaged
        }
        recorded[piece] = nil
        hashed = piece + 1
        return .sound(isNew: known == nil)
    }
}

extension TransferBoard {
    /// A piece is not what it should be, or cannot be read: it is handed out anew, once.
    public mutating func refetch(_ piece: Int) {
        guard missing[piece] == 0 else { return }
        missing[piece] = grid.length(of: piece)
        bytesHere -= grid.length(of: piece)
        refetched.insert(piece)
        // Where the frontier has not come by yet it will hand the piece out itself.
        if piece < frontier { giveBack(grid.range(of: piece)) }
    }

    /// Bytes that a lane still has before it.
    public func bytesLeft(_ lane: Int) -> Int64 { lanes[lane]?.left ?? 0 }
    /// Bytes that a lane received of its span.
    public func received(_ lane: Int) -> Int64 { lanes[lane]?.received ?? 0 }
    /// The piece that a lane is at.
    public func piece(of lane: Int) -> Int? { lanes[lane].map { grid.index(at: max(0, $0.position - 1)) } }
    /// Whether a piece was fetched again in this run.
    public func wasFetched(_ piece: Int) -> Bool { refetched.contains(piece) || !heldAtFirst.contains(piece) }
    public func isHere(_ piece: Int) -> Bool { missing[piece] == 0 }
}
