// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Asks the operating system what this machine is. The root is a parameter, so that recorded trees of other machines
/// can be read the same way.
package struct MachineProbe: Sendable {
    /// Folder that holds `proc` and `sys`.
    package var root: String
    /// Library that NVIDIA's driver brings; loaded at run time, absent on most machines.
    package var nvmlLibrary: String
    /// Vulkan's loader; it loads every vendor's driver, so it is only opened on request.
    package var vulkanLibrary: String
    /// “x86_64” or “arm64”: a recording may come from another machine than the one that reads it.
    package var architecture: String
    /// How long a vendor's library may take to answer before it is given up.
    package var patience: Duration

    package init(
        root: String = "/", nvmlLibrary: String = "libnvidia-ml.so.1", vulkanLibrary: String = MachineProbe.vulkanLoader,
        architecture: String = MachineProbe.compiledArchitecture, patience: Duration = .seconds(3)
    ) {
        self.root = root.hasSuffix("/") ? root : root + "/"
        self.nvmlLibrary = nvmlLibrary
        self.vulkanLibrary = vulkanLibrary
        self.architecture = architecture
        self.patience = patience
    }

    /// Never fails: what cannot be found out is `nil`, and a finding where that is worth knowing.
    ///
    /// - Parameters:
    ///   - store: folder whose disk matters; it need not exist yet.
    ///   - more: further model folders.
    ///   - includingVulkan: also list Vulkan's devices, which loads every graphics driver: up to a second.
    package func capabilities(store: String, more: [String] = [], includingVulkan: Bool = false) -> SystemCapabilities {
        let graphics = graphics()
        var machine = SystemCapabilities(
            cpu: cpu(), memory: memory(), gpus: graphics.gpus, storage: StorageProbe.storage(of: store, probe: self),
            findings: graphics.findings, product: product,
            moreStorage: more.isEmpty ? nil : more.map { StorageProbe.storage(of: $0, probe: self) })
        if includingVulkan { machine.add(vulkan()) }
        return machine
    }

    /// The maker's name for the machine: the device tree's on boards, the firmware's on PCs; virtual machines often have none.
    private var product: String? {
        #if canImport(Darwin)
            if isThisMachine { return Sysctl.text("hw.model") }
        #endif
        let name = text("proc/device-tree/model") ?? text("sys/class/dmi/id/product_name")
        let trimmed = name?.trimmingCharacters(in: .whitespacesAndNewlines.union(.controlCharacters))
        // What makers leave in the field when they fill in nothing.
        guard let trimmed, !trimmed.isEmpty, !["System Product Name", "To Be Filled By O.E.M.", "Default string"].contains(trimmed) else {
            return nil
        }
        return trimmed
    }

    /// Whether the machine asked about is the one this program runs on, and not a recording.
    var isThisMachine: Bool { root == "/" }

    package static var compiledArchitecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    package static var vulkanLoader: String {
        #if canImport(Darwin)
            "libvulkan.1.dylib"
        #else
            "libvulkan.so.1"
        #endif
    }
}
