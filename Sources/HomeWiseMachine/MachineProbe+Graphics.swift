// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension MachineProbe {
    typealias Graphics = (gpus: [SystemCapabilities.GPU], findings: [String])

    /// GPUs that a driver serves, and what stands in the way of the others.
    func graphics() -> Graphics {
        #if canImport(Metal)
            if isThisMachine { return (MetalDevices.gpus(), []) }
        #endif
        let cards = graphicsCards()
        let nvidia = NVML.read(libraries: nvmlLibraries, patience: patience)
        var gpus = nvidia.gpus
        var findings = nvidia.findings
        for card in cards {
            switch card.role {
            case .nvidia: findings += nvidiaFinding(card, nvidia)
            case .idle: findings.append("\(article(card)) card is here (\(label(card))), but \(Self.idleReason(card.driver)).")
            case .gpu(let kind): gpus.append(gpu(card, kind))
            case .displayOnly: break
            }
        }
        if gpus.isEmpty, nvidia.findings.isEmpty, exists("dev/dxg") {
            findings.append("Windows offers a GPU to this Linux (WSL), but only NVIDIA's can be asked about from here.")
        }
        return (Self.sorted(gpus), findings)
    }

    /// Cards with their own memory before those that share the machine's; what cannot be spoken to comes last.
    private static func sorted(_ gpus: [SystemCapabilities.GPU]) -> [SystemCapabilities.GPU] {
        func rank(_ gpu: SystemCapabilities.GPU) -> Int { (gpu.kind == .unknown ? 2 : 0) + (gpu.memoryIsShared == true ? 1 : 0) }
        return gpus.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }

    /// WSL keeps the library that Windows lends at a place that the loader may not know.
    private var nvmlLibraries: [String] {
        let lent = "usr/lib/wsl/lib/libnvidia-ml.so.1"
        return exists(lent) ? [nvmlLibrary, root + lent] : [nvmlLibrary]
    }

    private func nvidiaFinding(_ card: GraphicsCard, _ nvidia: NVML.Answer) -> [String] {
        let isServed = card.driver.map { $0.hasPrefix("nvidia") } ?? false
        // NVML has already said what is wrong with the cards of its own driver.
        if isServed, nvidia.isInstalled { return [] }
        let reason =
            switch card.driver {
            case "nouveau": "its driver is nouveau, with which CUDA does not work: install NVIDIA's own driver"
            case _ where isServed:
                "its driver's library \(nvmlLibrary) cannot be loaded: install the driver's user part"
                    + " (a container must be started with the GPU)"
            default: Self.idleReason(card.driver)
            }
        return ["An NVIDIA card is here (\(label(card))), but \(reason)."]
    }

    private static func idleReason(_ driver: String?) -> String {
        driver == "vfio-pci" ? "it is reserved for virtual machines (vfio-pci)" : "no driver serves it: install its maker's driver"
    }

    private func article(_ card: GraphicsCard) -> String { card.vendor == "1002" ? "An AMD" : "An Intel" }

    private func label(_ card: GraphicsCard) -> String {
        [name(of: card) ?? card.pciID, card.address.map { "at \($0)" }].compactMap { $0 }.joined(separator: " ")
    }
}

extension MachineProbe {
    /// All graphics cards: those with a display driver, then those on the PCI bus that have none.
    func graphicsCards() -> [GraphicsCard] {
        let cards = names(in: "sys/class/drm").filter(Self.isCard).map { name in
            GraphicsCard(self, folder: "sys/class/drm/\(name)/device", card: "sys/class/drm/\(name)")
        }
        let known = Set(cards.compactMap(\.address))
        let others = names(in: "sys/bus/pci/devices").filter { !known.contains($0) && isDisplay("sys/bus/pci/devices/\($0)") }
        return cards + others.map { GraphicsCard(self, folder: "sys/bus/pci/devices/\($0)", address: $0) }
    }

    /// “card0”, but not its connector “card0-DP-1”.
    private static func isCard(_ name: String) -> Bool {
        let number = name.dropFirst("card".count)
        return name.hasPrefix("card") && !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// PCI class 03 is a display controller, 12 00 a processing accelerator.
    private func isDisplay(_ folder: String) -> Bool {
        let kind = line(folder + "/class")
        return kind.map { $0.hasPrefix("0x03") || $0.hasPrefix("0x1200") } ?? false
    }
}
