// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What this machine is, as far as it tells. `nil` is unknown, never zero. Memory and disk are in bytes.
public struct SystemCapabilities: Sendable, Codable, Equatable {
    public var cpu: CPU
    public var memory: Memory
    /// GPUs that a driver serves, the most useful first; a card whose driver does not work is a finding instead.
    public var gpus: [GPU]
    public var storage: Storage?
    /// Devices that an installed engine says it can use, in its own words; `nil` where no engine was asked.
    public var engineDevices: [String]?
    /// What could not be found out, and why: a broken driver, a probe that hung.
    public var findings: [String]
    /// What the maker calls the whole machine, such as “Raspberry Pi 5 Model B Rev 1.0”.
    public var product: String?
    /// Disks of further model folders, where any were asked for.
    public var moreStorage: [Storage]?
    /// What Vulkan lists, software devices included; `nil` where it was not asked, is not installed, or did not answer.
    public var vulkanDevices: [VulkanDevice]?

    public init(
        cpu: CPU, memory: Memory, gpus: [GPU] = [], storage: Storage? = nil, engineDevices: [String]? = nil,
        findings: [String] = [], product: String? = nil, moreStorage: [Storage]? = nil, vulkanDevices: [VulkanDevice]? = nil
    ) {
        self.cpu = cpu
        self.memory = memory
        self.gpus = gpus
        self.storage = storage
        self.engineDevices = engineDevices
        self.findings = findings
        self.product = product
        self.moreStorage = moreStorage
        self.vulkanDevices = vulkanDevices
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
