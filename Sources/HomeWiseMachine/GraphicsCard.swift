// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A graphics card as the kernel shows it under /sys.
struct GraphicsCard {
    /// The device's folder.
    let folder: String
    /// The folder of the card as a display, where it is one.
    let card: String?
    /// Place on the PCI bus.
    let address: String?
    /// Four hexadecimal digits each; `nil` for what is not on a PCI bus.
    let vendor: String?
    let device: String?
    /// Kernel driver.
    let driver: String?
    /// The device tree's name, on boards.
    let compatible: String?

    init(_ probe: MachineProbe, folder: String, card: String? = nil, address: String? = nil) {
        let event = Self.fields(probe.text(folder + "/uevent") ?? "")
        let ids = event["PCI_ID"]?.split(separator: ":").map { Self.id($0) } ?? []
        self.folder = folder
        self.card = card
        self.address = address ?? event["PCI_SLOT_NAME"]
        vendor = ids.first.flatMap { $0 } ?? Self.id(probe.line(folder + "/vendor"))
        device = ids.count == 2 ? ids[1] : Self.id(probe.line(folder + "/device"))
        driver = event["DRIVER"] ?? probe.linkTarget(folder + "/driver")
        compatible = event["OF_COMPATIBLE_0"]
    }

    var pciID: String? { vendor.flatMap { vendor in device.map { vendor + ":" + $0 } } }

    private static func fields(_ event: String) -> [String: String] {
        event.split(separator: "\n").reduce(into: [:]) { fields, line in
            let halves = line.split(separator: "=", maxSplits: 1)
            if halves.count == 2 { fields[String(halves[0])] = String(halves[1]) }
        }
    }

    /// “0x10DE” or “10DE” as “10de”; the shorter “3D3” is padded.
    private static func id(_ text: (some StringProtocol)?) -> String? {
        guard let text else { return nil }
        let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : String(text)
        return UInt16(digits, radix: 16).map { String(format: "%04x", $0) }
    }
}

extension GraphicsCard {
    enum Role: Equatable {
        case gpu(SystemCapabilities.GPUKind)
        /// NVML speaks for it.
        case nvidia
        /// A GPU of AMD or Intel that no driver serves.
        case idle
        /// Shows pictures, but cannot compute: the screens of virtual machines and of remote management.
        case displayOnly
    }

    var role: Role {
        if vendor == "10de" { return .nvidia }
        if let driver, let kind = Self.kinds[driver] { return .gpu(kind) }
        // Outside of PCI nearly every driver only feeds a screen: those that compute are in the table.
        guard let vendor, !Self.screens.contains(vendor) else { return .displayOnly }
        let isIdle = driver == nil || driver == "vfio-pci" || driver == "pci-stub"
        guard isIdle else { return .gpu(.unknown) }
        return vendor == "1002" || vendor == "8086" ? .idle : .displayOnly
    }

    /// Kernel drivers whose GPUs engines can use, and how.
    private static let kinds: [String: SystemCapabilities.GPUKind] = [
        "amdgpu": .rocm, "i915": .intel, "xe": .intel, "asahi": .vulkan, "v3d": .vulkan, "panthor": .vulkan, "panfrost": .vulkan,
        "msm": .vulkan, "msm_dpu": .vulkan, "adreno": .vulkan, "pvrsrvkm": .vulkan, "powervr": .vulkan,
    ]

    /// Virtio, QEMU, Red Hat (qxl), VMware, VirtualBox, Hyper-V, Cirrus, ASPEED, Matrox, Silicon Motion.
    private static let screens: Set<String> = ["1af4", "1234", "1b36", "15ad", "80ee", "1414", "1013", "1a03", "102b", "126f"]
}

extension MachineProbe {
    /// Name of what a symbolic link points at.
    func linkTarget(_ path: String) -> String? {
        let longest = 4096
        var buffer = [CChar](repeating: 0, count: longest)
        let count = readlink(root + path, &buffer, longest)
        guard count > 0 else { return nil }
        let target = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return target.split(separator: "/").last.map(String.init)
    }
}
