// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SystemCapabilities {
    public struct Memory: Sendable, Codable, Equatable {
        public var total: ByteCount?
        public var available: ByteCount?
        /// The cgroup's limit, where there is one.
        public var limit: ByteCount?
        /// What is left below the cgroup's limit.
        public var limitAvailable: ByteCount?
        /// Bytes per second that all usable cores together read from memory, where it was measured.
        public var bandwidth: Double?
        /// Zero where the system says that it has no swap.
        public var swapTotal: ByteCount?
        public var swapFree: ByteCount?
        /// How much of its time the whole machine waits for memory.
        public var pressure: Pressure?
        /// How much of their time the programs of this process's cgroup wait for memory.
        public var limitPressure: Pressure?

        public init(
            total: ByteCount? = nil, available: ByteCount? = nil, limit: ByteCount? = nil, limitAvailable: ByteCount? = nil,
            bandwidth: Double? = nil, swapTotal: ByteCount? = nil, swapFree: ByteCount? = nil, pressure: Pressure? = nil,
            limitPressure: Pressure? = nil
        ) {
            self.total = total
            self.available = available
            self.limit = limit
            self.limitAvailable = limitAvailable
            self.bandwidth = bandwidth
            self.swapTotal = swapTotal
            self.swapFree = swapFree
            self.pressure = pressure
            self.limitPressure = limitPressure
        }

        /// The most that programs here may use together: the machine's memory or the cgroup's limit.
        public var ceiling: ByteCount? { [total, limit].compactMap { $0 }.min() }
        /// What is free to take now, under both limits.
        public var free: ByteCount? { [available, limitAvailable].compactMap { $0 }.min() }
    }

    /// Shares of time lost to waiting for memory, as Linux counts them (“pressure stall information”): 0 is none, 1 all of it.
    public struct Pressure: Sendable, Codable, Equatable {
        /// Some program waited, over the last ten seconds.
        public var some: Double
        /// Every program waited, over the last ten seconds.
        public var full: Double?

        public init(some: Double, full: Double? = nil) {
            self.some = some
            self.full = full
        }
    }
}
