// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension SystemCapabilities.GPU {
    /// One line for a person: name and kind, then what is known.
    public var summary: String {
        ([title] + memoryParts + driverParts + stateParts).joined(separator: ", ")
    }

    private var title: String {
        let name = name ?? pciID.map { "PCI device \($0)" } ?? "unknown"
        return "\(name) (\(kind.rawValue)\(memoryIsShared == true ? ", integrated" : ""))"
    }

    private var memoryParts: [String] {
        var parts: [String] = []
        switch (memoryFree, memoryTotal) {
        case (let free?, let total?): parts.append("\(free) of \(total) free")
        case (nil, let total?): parts.append("memory \(total)")
        default: parts.append(memoryIsShared == true ? "works in the machine's memory" : "memory unknown")
        }
        if let sharedMemoryTotal { parts.append("may borrow \(sharedMemoryTotal) of the machine's") }
        return parts
    }

    private var driverParts: [String] {
        [
            "driver \(driver ?? "unknown")", cudaVersion.map { "CUDA \($0)" }, computeCapability.map { "compute capability \($0)" },
            isInstance == true ? "an instance of a divided card" : nil,
        ].compactMap { $0 }
    }

    private var stateParts: [String] {
        [
            utilisation.map { String(format: "%.0f %% busy", $0 * 100) }, temperature.map { String(format: "%.0f °C", $0) },
            power.map { String(format: "%.0f W", $0) },
        ].compactMap { $0 }
    }
}

extension SystemCapabilities.VulkanDevice {
    public var summary: String {
        "\(name) (\(kind.rawValue)), Vulkan \(version)" + (memory.map { ", memory \($0)" } ?? "")
    }
}

extension SystemCapabilities.Storage {
    public var summary: String {
        let room = "\(free?.description ?? "unknown") of \(total?.description ?? "unknown") free at \(path)"
        let kind = isRotational.map { $0 ? "rotating disk" : "solid-state disk" }
        return ([room, filesystem, kind, isReadOnly == true ? "read-only" : nil] as [String?]).compactMap { $0 }.joined(separator: ", ")
    }
}
