// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How a transfer stands, as far as it can honestly be said.
public struct TransferStatus: Sendable, Equatable {
    /// Why nothing comes in just now.
    public enum Rest: Sendable, Equatable {
        /// A source failed and is asked again in so many seconds.
        case retrying(Failure, seconds: Double)
        /// The hours in which large transfers may run have not begun: so many seconds.
        case outsideHours(DailyWindow, seconds: Int)
    }

    /// Bytes that are written to the disk.
    public var received: Int64
    /// Bytes of the whole.
    public var total: Int64
    /// Connections at work.
    public var connections: Int
    /// Where the bytes come from now.
    public var sources: [String]
    public var rest: Rest?

    public init(received: Int64, total: Int64, connections: Int = 0, sources: [String] = [], rest: Rest? = nil) {
        self.received = received
        self.total = total
        self.connections = connections
        self.sources = sources
        self.rest = rest
    }
}

/// What a person allows a transfer to take.
public struct TransferLimits: Sendable, Equatable {
    /// Connections at a time within one file.
    public var connections: Int
    /// Bytes per second over all connections; `nil` for as many as there are.
    public var bytesPerSecond: Double?
    /// Hours of the day in which it may run; `nil` for all.
    public var window: DailyWindow?

    public init(connections: Int = 8, bytesPerSecond: Double? = nil, window: DailyWindow? = nil) {
        self.connections = connections
        self.bytesPerSecond = bytesPerSecond
        self.window = window
    }

    /// Connections that are worth having: a narrow budget is not cut into slices that would each look stalled.
    public var usefulConnections: Int {
        guard let bytesPerSecond else { return max(1, connections) }
        return max(1, min(connections, Int(min(bytesPerSecond / 500_000, 64))))
    }
}
