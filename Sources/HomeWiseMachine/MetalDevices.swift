// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

#if canImport(Metal)
    import HomeWiseDomain
    import Metal

    /// GPUs of a Mac.
    enum MetalDevices {
        static func gpus() -> [SystemCapabilities.GPU] {
            MTLCopyAllDevices().map { device in
                // What Metal lets a program take without slowing down: about three quarters of a unified memory.
                let size = Int64(exactly: device.recommendedMaxWorkingSetSize).flatMap { $0 > 0 ? ByteCount($0) : nil }
                return .init(kind: .metal, name: device.name, memoryTotal: size, memoryIsShared: device.hasUnifiedMemory)
            }
        }
    }
#endif
