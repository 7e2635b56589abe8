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

    /// As people write them; `nil` leaves what is there.
    ///
    /// - Parameters:
    ///   - connections: 1 to 32.
    ///   - bandwidth: a size a second, “5MB” or “5MB/s”; 0 for no limit.
    ///   - hours: “01:00-07:00”.
    /// - Throws: `Failure.badInput` that names the value.
    public static func parsing(
        connections: String? = nil, bandwidth: String? = nil, hours: String? = nil, over limits: TransferLimits = TransferLimits()
    ) throws -> TransferLimits {
        var limits = limits
        if let connections {
            guard let number = Int(connections), (1...32).contains(number) else {
                throw Failure.badInput("“\(connections.prefix(40))” is no number of connections.", remedy: "Give 1 to 32.")
            }
            limits.connections = number
        }
        if let bandwidth {
            let rate = try ByteCount(parsing: bandwidth.hasSuffix("/s") ? String(bandwidth.dropLast(2)) : bandwidth).bytes
            guard rate == 0 || rate >= 1000 else {
                throw Failure.badInput("\(bandwidth) a second would never end.", remedy: "Give at least 1kB, or 0 for no limit.")
            }
            limits.bytesPerSecond = rate == 0 ? nil : Double(rate)
        }
        if let hours { limits.window = try DailyWindow(parsing: hours) }
        return limits
    }

    /// What one connection may have received and not yet been allowed to take, in bytes: four reads of 1 MiB, and some room.
    static let readAhead = 8_388_608.0

    /// Connections that are worth having: a narrow budget is not cut into slices that would each look stalled.
    public var usefulConnections: Int {
        guard let bytesPerSecond else { return max(1, connections) }
        return max(1, min(connections, Int(min(bytesPerSecond / 500_000, 64))))
    }
}
