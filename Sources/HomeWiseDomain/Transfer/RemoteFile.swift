// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A file as a source describes it once resolved: what it is, and where its bytes can be asked for.
public struct RemoteFile: Sendable, Equatable {
    /// For people and error messages.
    public var name: String
    public var url: String
    /// Bytes; `nil` where only the first answer will tell.
    public var size: Int64?
    /// Where the source publishes one.
    public var digest: Digest?
    /// Secret to send, to this URL's origin alone.
    public var authorization: String?

    /// A petabyte: what claims to be larger is a lie, and sums of such sizes are far from overflow.
    public static let plausibleSizes: ClosedRange<Int64> = 1...(1 << 50)

    public init(name: String, url: String, size: Int64?, digest: Digest?, authorization: String? = nil) {
        self.name = name
        self.url = url
        self.size = size
        self.digest = digest
        self.authorization = authorization
    }
}

/// How a model's bytes come out of what a source serves.
public struct Delivery: Sendable, Equatable {
    public enum Packing: Sendable, Equatable {
        /// The file is the model.
        case plain
        /// The model is this member of an archive.
        case member(SafePath)
    }

    /// In order: where there are several, their contents are joined.
    public var parts: [(file: RemoteFile, packing: Packing)]

    public init(parts: [(file: RemoteFile, packing: Packing)]) { self.parts = parts }

    public static func == (left: Self, right: Self) -> Bool {
        left.parts.elementsEqual(right.parts) { $0.file == $1.file && $0.packing == $1.packing }
    }

    /// Bytes over the wire, where all parts tell their size.
    public var transferSize: Int64? {
        parts.reduce(Int64(0)) { sum, part in sum.flatMap { sum in part.file.size.map { sum + $0 } } }
    }
}

/// Where the bytes of one transfer go. The store implements it; sources fill it.
public protocol TransferTarget: Sendable {
    /// Size of the whole and the pieces that earlier runs left, proven.
    var ledger: PieceLedger { get }
    /// - Throws: `Failure` when the disk refuses.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws
    /// Records a piece as fetched for good.
    func finish(piece index: Int, digest: Digest) throws
}
