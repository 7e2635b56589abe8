// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What this machine is, as far as it tells. `nil` is unknown, never zero. Memory and disk are in bytes.
public struct SystemCapabilities: Sendable, Codable, Equatable {
    public var cpu: CPU
    public var memory: Memory
    public var gpus: [GPU]
    public var storage: Storage?
    /// Devices that an installed engine says it can use, in its own words; `nil` where no engine was asked.
    public var engineDevices: [String]?
    /// What could not be found out, and why: a broken driver, a probe that hung.
    public var findings: [String]

    public init(
        cpu: CPU, memory: Memory, gpus: [GPU] = [], storage: Storage? = nil, engineDevices: [String]? = nil,
        findings: [String] = []
    ) {
        self.cpu = cpu
        self.memory = memory
        self.gpus = gpus
        self.storage = storage
        self.engineDevices = engineDevices
        self.findings = findings
    }

    public struct CPU: Sendable, Codable, Equatable {
        /// “x86_64” or “arm64”.
        public var architecture: String
        public var model: String?
        public var physicalCores: Int?
        public var logicalCores: Int
        /// Cores that a cgroup's quota grants, where there is one.
        public var quotaCores: Double?
        /// Instruction set extensions that engines use, in the engine's order of preference.
        public var features: [String]

        public init(
            architecture: String, model: String? = nil, physicalCores: Int? = nil, logicalCores: Int, quotaCores: Double? = nil,
            features: [String] = []
        ) {
            self.architecture = architecture
            self.model = model
            self.physicalCores = physicalCores
            self.logicalCores = logicalCores
            self.quotaCores = quotaCores
            self.features = features
        }

        /// Cores that arithmetic can use at once: hyper-threads share their units, so physical ones count.
        public var usableCores: Double { min(Double(physicalCores ?? logicalCores), quotaCores ?? .infinity) }
    }

    public struct Memory: Sendable, Codable, Equatable {
        public var total: ByteCount?
        public var available: ByteCount?
        /// The cgroup's limit, where there is one.
        public var limit: ByteCount?
        /// What is left below the cgroup's limit.
        public var limitAvailable: ByteCount?
        /// Bytes per second that all usable cores together read from memory, where it was measured.
        public var bandwidth: Double?

        public init(
            total: ByteCount? = nil, available: ByteCount? = nil, limit: ByteCount? = nil, limitAvailable: ByteCount? = nil,
            bandwidth: Double? = nil
        ) {
            self.total = total
            self.available = available
            self.limit = limit
            self.limitAvailable = limitAvailable
            self.bandwidth = bandwidth
        }

        /// The most that programs here may use together: the machine's memory or the cgroup's limit.
        public var ceiling: ByteCount? { [total, limit].compactMap { $0 }.min() }
        /// What is free to take now, under both limits.
        public var free: ByteCount? { [available, limitAvailable].compactMap { $0 }.min() }
    }

    public struct GPU: Sendable, Codable, Equatable {
        public var kind: GPUKind
        public var name: String?
        public var memoryTotal: ByteCount?
        public var memoryFree: ByteCount?
        public var driver: String?
        public var cudaVersion: String?

        public init(
            kind: GPUKind, name: String? = nil, memoryTotal: ByteCount? = nil, memoryFree: ByteCount? = nil, driver: String? = nil,
            cudaVersion: String? = nil
        ) {
            self.kind = kind
            self.name = name
            self.memoryTotal = memoryTotal
            self.memoryFree = memoryFree
            self.driver = driver
            self.cudaVersion = cudaVersion
        }
    }

    public enum GPUKind: String, Sendable, Codable { case cuda, metal, rocm, intel }

    public struct Storage: Sendable, Codable, Equatable {
        public var path: String
        public var free: ByteCount?
        public var total: ByteCount?

        public init(path: String, free: ByteCount?, total: ByteCount?) {
            self.path = path
            self.free = free
            self.total = total
        }
    }
}

/// The original specification's view of the same facts.
extension SystemCapabilities {
    public var cpuCores: Int { cpu.physicalCores ?? cpu.logicalCores }
    public var cpuFeatures: [String] { cpu.features }
    public var availableRAM: ByteCount? { memory.free }
    public var gpuType: GPUKind? { gpus.first?.kind }
    public var gpuMemory: ByteCount? { gpus.first?.memoryTotal }
    public var cudaVersion: String? { gpus.first { $0.kind == .cuda }?.cudaVersion }
    public var metalSupport: Bool { gpus.contains { $0.kind == .metal } }
    public var availableDiskSpace: ByteCount? { storage?.free }
}
