// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SystemCapabilities {
    public struct CPU: Sendable, Codable, Equatable {
        /// “x86_64” or “arm64”.
        public var architecture: String
        /// “Intel”, “AMD”, “Arm”, “Apple”.
        public var vendor: String?
        public var model: String?
        public var sockets: Int?
        public var physicalCores: Int?
        public var logicalCores: Int
        /// Fast cores of a processor that has two kinds of them; `nil` where all are alike or the system does not tell.
        public var performanceCores: Int?
        /// Slow, thrifty cores of a processor that has two kinds of them.
        public var efficiencyCores: Int?
        /// Physical cores that this process may run on, where a cpuset or an affinity mask leaves out some.
        public var allowedCores: Int?
        /// Cores that a cgroup's quota grants, where there is one.
        public var quotaCores: Double?
        /// Instruction set extensions that engines use, in the engine's order of preference.
        public var features: [String]
        /// Caches of the first core, the smallest first.
        public var caches: [Cache]?

        public init(
            architecture: String, model: String? = nil, physicalCores: Int? = nil, logicalCores: Int, quotaCores: Double? = nil,
            features: [String] = [], vendor: String? = nil, sockets: Int? = nil, performanceCores: Int? = nil,
            efficiencyCores: Int? = nil, allowedCores: Int? = nil, caches: [Cache]? = nil
        ) {
            self.architecture = architecture
            self.vendor = vendor
            self.model = model
            self.sockets = sockets
            self.physicalCores = physicalCores
            self.logicalCores = logicalCores
            self.performanceCores = performanceCores
            self.efficiencyCores = efficiencyCores
            self.allowedCores = allowedCores
            self.quotaCores = quotaCores
            self.features = features
            self.caches = caches
        }

        /// Cores that arithmetic can use at once: hyper-threads share their units, so physical ones count.
        public var usableCores: Double {
            // A profile may say anything; no machine has more.
            min(Double(physicalCores ?? logicalCores), Double(allowedCores ?? .max), quotaCores ?? .infinity, 65_536)
        }
    }

    /// One cache, as the first core sees it.
    public struct Cache: Sendable, Codable, Equatable {
        public enum Content: String, Sendable, Codable { case data, instructions, unified }

        /// 1 is the nearest to the core.
        public var level: Int
        public var content: Content
        /// Size of one such cache.
        public var size: ByteCount
        /// Logical cores that share one such cache.
        public var sharedBy: Int?

        public init(level: Int, content: Content, size: ByteCount, sharedBy: Int? = nil) {
            self.level = level
            self.content = content
            self.size = size
            self.sharedBy = sharedBy
        }
    }
}
