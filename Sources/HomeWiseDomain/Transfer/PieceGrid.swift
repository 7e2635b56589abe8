// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A file cut into pieces of equal length, the last one shorter: the unit of what is recorded, hashed and fetched again.
public struct PieceGrid: Sendable, Equatable {
    /// 8 MiB: what a crash costs at most on each connection, and what a damaged place costs to mend.
    public static let standardPiece: Int64 = 8 << 20

    /// Bytes of the file.
    public let size: Int64
    /// Bytes of a piece.
    public let piece: Int64

    /// - Parameter size: bytes, at least 0.
    public init(size: Int64, piece: Int64 = standardPiece) {
        precondition(size >= 0 && piece > 0)
        self.size = size
        self.piece = piece
    }

    public var count: Int { Int(size / piece) + (size % piece > 0 ? 1 : 0) }
    public func offset(of index: Int) -> Int64 { Int64(index) * piece }
    public func length(of index: Int) -> Int64 { min(piece, size - offset(of: index)) }
    public func range(of index: Int) -> Range<Int64> { offset(of: index)..<offset(of: index) + length(of: index) }
    /// The piece that holds a byte of the file.
    public func index(at offset: Int64) -> Int { Int(offset / piece) }
}
