// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SystemCapabilities {
    public struct GPU: Sendable, Codable, Equatable {
        public var kind: GPUKind
        public var name: String?
        /// The card's own memory; on an integrated GPU the part of the machine's memory that the firmware set aside for it.
        public var memoryTotal: ByteCount?
        public var memoryFree: ByteCount?
        public var memoryUsed: ByteCount?
        /// The GPU works in the machine's memory: what it takes is missing there.
        public var memoryIsShared: Bool?
        /// What the GPU may borrow of the machine's memory (AMD: GTT). A budget apart from `memoryTotal`.
        public var sharedMemoryTotal: ByteCount?
        public var sharedMemoryUsed: ByteCount?
        public var driver: String?
        public var cudaVersion: String?
        /// CUDA's name for the generation, such as “8.9”.
        public var computeCapability: String?
        /// Degrees Celsius.
        public var temperature: Double?
        /// Watts.
        public var power: Double?
        /// Share of the last moments in which the GPU worked: 0 to 1.
        public var utilisation: Double?
        /// NVIDIA: the card is cut into instances. This entry is then one of them, with its own memory.
        public var isInstance: Bool?
        /// Vendor and device on the PCI bus, such as “10de:2684”.
        public var pciID: String?
        /// Place on the PCI bus, such as “0000:01:00.0”.
        public var pciAddress: String?

        public init(
            kind: GPUKind, name: String? = nil, memoryTotal: ByteCount? = nil, memoryFree: ByteCount? = nil, driver: String? = nil,
            cudaVersion: String? = nil, memoryUsed: ByteCount? = nil, memoryIsShared: Bool? = nil,
            sharedMemoryTotal: ByteCount? = nil, sharedMemoryUsed: ByteCount? = nil, computeCapability: String? = nil,
            temperature: Double? = nil, power: Double? = nil, utilisation: Double? = nil, isInstance: Bool? = nil,
            pciID: String? = nil, pciAddress: String? = nil
        ) {
            self.kind = kind
            self.name = name
            self.memoryTotal = memoryTotal
            self.memoryFree = memoryFree
            self.memoryUsed = memoryUsed
            self.memoryIsShared = memoryIsShared
            self.sharedMemoryTotal = sharedMemoryTotal
            self.sharedMemoryUsed = sharedMemoryUsed
            self.driver = driver
            self.cudaVersion = cudaVersion
            self.computeCapability = computeCapability
            self.temperature = temperature
            self.power = power
            self.utilisation = utilisation
            self.isInstance = isInstance
            self.pciID = pciID
            self.pciAddress = pciAddress
        }
    }

    /// The way in which engines speak to a GPU.
    public enum GPUKind: String, Sendable, Codable {
        case cuda, metal, rocm, intel
        /// Only Vulkan reaches it.
        case vulkan
        case unknown

        /// A kind that a newer version wrote is unknown to this one, and no error.
        public init(from decoder: any Decoder) throws {
            self = try Self(rawValue: decoder.singleValueContainer().decode(String.self)) ?? .unknown
        }
    }

    /// A device as Vulkan lists it.
    public struct VulkanDevice: Sendable, Codable, Equatable {
        public enum Kind: String, Sendable, Codable {
            case integrated, discrete, virtual
            /// The processor plays the GPU (llvmpipe): slower than an engine on the processor itself.
            case software
            case other
        }

        public var name: String
        public var kind: Kind
        /// Newest Vulkan that the device's driver speaks, such as “1.3.280”.
        public var version: String
        /// The largest heap that is local to the device.
        public var memory: ByteCount?
        /// Vendor and device on the PCI bus, such as “10de:2684”; `nil` for a device that is not on one.
        public var pciID: String?

        public init(name: String, kind: Kind, version: String, memory: ByteCount? = nil, pciID: String? = nil) {
            self.name = name
            self.kind = kind
            self.version = version
            self.memory = memory
            self.pciID = pciID
        }
    }
}
