// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What an entry asks of a machine (SPECIFICATION). Everything may be left out.
public struct ModelRequirements: Sendable, Codable, Equatable {
    public var minRAM: ByteCount?
    public var preferredRAM: ByteCount?
    public var gpuRequired: Bool?
    public var gpuOptional: Bool?
    public var gpuRecommended: Bool?
    public var minGPUMemory: ByteCount?
    public var diskSpace: ByteCount?
    public var supportedBackends: [Backend]?

    enum CodingKeys: String, CodingKey {
        case minRAM = "min_ram"
        case preferredRAM = "preferred_ram"
        case gpuRequired = "gpu_required"
        case gpuOptional = "gpu_optional"
        case gpuRecommended = "gpu_recommended"
        case minGPUMemory = "min_gpu_memory"
        case diskSpace = "disk_space"
        case supportedBackends = "supported_backends"
    }
}

/// What does the arithmetic.
public enum Backend: String, Sendable, Codable, CaseIterable {
    case cpu, cuda, metal, vulkan, rocm
}
