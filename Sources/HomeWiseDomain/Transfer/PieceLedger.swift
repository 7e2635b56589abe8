// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which pieces of a file are here, under way or still wanted. Pieces are handed out in order, so that a hash over the
/// whole can follow close behind.
public struct PieceLedger: Sendable, Equatable {
    /// 8 MiB: what a crash or a bad piece costs at most on each connection.
    public static let standardPiece: Int64 = 8 << 20

    public let size: Int64
    public let piece: Int64
    private var states: [State]

    private enum State: Sendable { case wanted, underWay, here }

    /// - Parameters:
    ///   - size: bytes of the file, at least 0.
    ///   - done: indices of the pieces that are here and proven; indices outside the file are ignored.
    public init(size: Int64, piece: Int64 = standardPiece, done: some Sequence<Int> = []) {
        precondition(size >= 0 && piece > 0)
        self.size = size
        self.piece = piece
        states = Array(repeating: .wanted, count: Int((size + piece - 1) / piece))
        for index in done where states.indices.contains(index) { states[index] = .here }
    }

    public var count: Int { states.count }
    public var isComplete: Bool { states.allSatisfy { $0 == .here } }
    public var bytesHere: Int64 { states.indices.filter { states[$0] == .here }.reduce(0) { $0 + length(of: $1) } }

    /// The next wanted piece, now under way; `nil` when none is left to begin.
    public mutating func claim() -> Int? {
        guard let index = states.firstIndex(of: .wanted) else { return nil }
        states[index] = .underWay
        return index
    }

    public mutating func complete(_ index: Int) { states[index] = .here }

    /// Gives a piece back that could not be fetched.
    public mutating func release(_ index: Int) {
        if states[index] == .underWay { states[index] = .wanted }
    }

    public func offset(of index: Int) -> Int64 { Int64(index) * piece }
    public func length(of index: Int) -> Int64 { min(piece, size - offset(of: index)) }
}
