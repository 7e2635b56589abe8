// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Who fetches what of one file: hands out spans to lanes (connections) in the order of the file, gives the rest of a slow
/// lane to a quick one, and follows the hash that runs over the beginning.
///
/// Pure: time is a parameter (seconds since any fixed moment), and the caller does what is returned.
public struct TransferBoard: Sendable {
    public let grid: PieceGrid
    /// Bytes of each piece that are not written yet.
    var missing: [Int64]
    /// No piece before this one waits to be handed out for the first time.
    var frontier = 0
    /// What lanes gave back, by its place in the file.
    private var returned: [Range<Int64>] = []
    var lanes: [Int: Lane] = [:]
    /// What each lane last reached, in bytes per second: how much it is given at a time.
    var pace: [Int: Double] = [:]
    /// Pieces from the start that the hash has passed.
    public internal(set) var hashed = 0
    /// Chain digests that earlier runs recorded, not yet seen again.
    var recorded: [Int: Digest]
    /// Pieces that earlier runs left.
    let heldAtFirst: Set<Int>
    /// Pieces that were here and are fetched again.
    var refetched: Set<Int> = []
    /// Whether what is recorded is beyond doubt: a piece that was fetched anew must meet it too.
    let isProven: Bool
    let isThrottled: Bool
    /// Bytes that are written.
    public internal(set) var bytesHere: Int64

    /// Pieces that may be written ahead of the hash: what was written last is still in memory when it is hashed.
    static let window = 64
    /// A span is at most so many pieces: a far server is asked less often, and little is given back when a lane ends.
    static let longestSpan = 4
    /// A lane is given as much as it fetches in about so many seconds.
    static let spanSeconds = 2.0

    /// - Parameters:
    ///   - held: pieces that earlier runs left, each with the chain digest that was recorded, where it had one.
    ///   - isProven: the digests led to the file's published one, when it was whole.
    ///   - isThrottled: lanes are kept slow on purpose: their speed says nothing of them.
    public init(grid: PieceGrid, held: [Int: Digest?] = [:], isProven: Bool = false, isThrottled: Bool = false) {
        self.grid = grid
        self.isProven = isProven
        self.isThrottled = isThrottled
        missing = (0..<grid.count).map { grid.length(of: $0) }
        recorded = [:]
        bytesHere = 0
        heldAtFirst = Set(held.keys)
        for (index, digest) in held where missing.indices.contains(index) {
            bytesHere += missing[index]
            missing[index] = 0
            recorded[index] = digest
        }
    }

    public enum Claim: Sendable, Equatable {
        /// Fetch these bytes.
        case span(Range<Int64>)
        /// There is nothing to do just now: others are at it, or the hash must catch up.
        case wait
        /// Everything is here and hashed.
        case done
    }

    public var isDone: Bool { hashed == grid.count }
    /// Lanes that fetch at this moment.
    public var busyLanes: Int { lanes.count }
    /// Nothing is left to hand out to a lane that is not at work yet.
    public var hasUnclaimed: Bool { !returned.isEmpty || (frontier..<grid.count).contains { missing[$0] > 0 } }

    /// What a lane without work should do. Work that is handed out is its own until `release`.
    public mutating func claim(_ lane: Int, at now: Double) -> Claim {
        if isDone { return .done }
        guard
            let range = nextReturned() ?? (isThrottled ? nil : relief(at: now)) ?? nextPieces(for: lane)
                ?? (isThrottled ? nil : share(with: lane, at: now))
        else { return .wait }
        lanes[lane] = Lane(range: range, since: now)
        return .span(range)
    }

    /// Asks to write what a lane received next.
    ///
    /// - Returns: how many of the bytes are still its own to write, and whether it should go on reading.
    public mutating func admit(_ count: Int64, from lane: Int, at now: Double) -> (allowed: Int64, goesOn: Bool) {
        guard var state = lanes[lane] else { return (0, false) }
        let allowed = max(0, min(count, state.limit - state.position))
        state.position += allowed
        state.received += allowed
        state.meter.record(bytes: state.received, at: now)
        lanes[lane] = state
        return (allowed, state.position < state.limit)
    }

    /// Bytes that were admitted are written now.
    ///
    /// - Returns: pieces that became whole by it.
    public mutating func landed(_ range: Range<Int64>) -> [Int] {
        var whole: [Int] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let index = grid.index(at: position)
            let end = min(range.upperBound, grid.range(of: index).upperBound)
            missing[index] -= end - position
            bytesHere += end - position
            if missing[index] == 0 { whole.append(index) }
            position = end
        }
        return whole
    }

    /// A lane stops, for whatever reason; what it did not fetch is handed out anew.
    public mutating func release(_ lane: Int, at now: Double) {
        guard let state = lanes.removeValue(forKey: lane) else { return }
        if let rate = state.meter.bytesPerSecond(at: now), rate > 0 { pace[lane] = rate }
        if state.position < state.limit { giveBack(state.position..<state.limit) }
    }

    mutating func giveBack(_ range: Range<Int64>) {
        let place = returned.firstIndex { $0.lowerBound > range.lowerBound } ?? returned.endIndex
        returned.insert(range, at: place)
    }

    private mutating func nextReturned() -> Range<Int64>? { returned.isEmpty ? nil : returned.removeFirst() }

    /// The next pieces in the order of the file, more of them for a quick lane while there are enough for all.
    private mutating func nextPieces(for lane: Int) -> Range<Int64>? {
        while frontier < grid.count, missing[frontier] == 0 { frontier += 1 }
        guard frontier < min(grid.count, hashed + Self.window) else { return nil }
        let first = frontier
        let wanted = Int(min((pace[lane] ?? 0) * Self.spanSeconds / Double(grid.piece), Double(Self.longestSpan)))
        let fair = (grid.count - first) / (2 * max(1, lanes.count + 1))
        let end = min(first + max(1, min(wanted, fair)), grid.count)
        frontier += 1
        while frontier < end, missing[frontier] == grid.length(of: frontier) { frontier += 1 }
        return grid.offset(of: first)..<grid.range(of: frontier - 1).upperBound
    }
}
