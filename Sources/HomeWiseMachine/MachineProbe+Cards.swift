// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

extension MachineProbe {
    /// What the kernel tells of a card whose driver works. File names: Linux, Documentation/gpu/amdgpu and Documentation/ABI/testing.
    func gpu(_ card: GraphicsCard, _ kind: SystemCapabilities.GPUKind) -> SystemCapabilities.GPU {
        var gpu = SystemCapabilities.GPU(
            kind: kind, name: name(of: card), driver: card.driver, pciID: card.pciID, pciAddress: card.address)
        switch kind {
        case .rocm: readAMD(card, &gpu)
        case .intel: readIntel(card, &gpu)
        case .vulkan: gpu.memoryIsShared = true  // the GPUs of boards and phones have no memory of their own
        default: break
        }
        // A sleeping card would be woken by the question, which takes seconds on some laptops.
        if line(card.folder + "/power/runtime_status") != "suspended" { readState(card, &gpu) }
        return gpu
    }

    private func readAMD(_ card: GraphicsCard, _ gpu: inout SystemCapabilities.GPU) {
        setMemory(&gpu, total: size(card.folder + "/mem_info_vram_total"), used: size(card.folder + "/mem_info_vram_used"))
        gpu.sharedMemoryTotal = size(card.folder + "/mem_info_gtt_total").map { ByteCount($0) }
        gpu.sharedMemoryUsed = size(card.folder + "/mem_info_gtt_used").map { ByteCount($0) }
        // The driver shows the voltage of a northbridge only where CPU and GPU are one chip, and the load of the memory
        // only where the GPU has its own (amdgpu_pm.c).
        if line(hardwareMonitor(card) + "/in1_label") == "vddnb" {
            gpu.memoryIsShared = true
        } else if exists(card.folder + "/mem_busy_percent") {
            gpu.memoryIsShared = false
        }
    }

    /// Intel's drivers tell little: i915 the memory of no card but in Intel's own builds, xe that of each tile in some versions.
    private func readIntel(_ card: GraphicsCard, _ gpu: inout SystemCapabilities.GPU) {
        let tiles = (0..<4).compactMap { size(card.folder + "/tile\($0)/physical_vram_size_bytes") }
        let total = card.card.flatMap { size($0 + "/lmem_total_bytes") } ?? Self.sum(tiles)
        let available = card.card.flatMap { size($0 + "/lmem_avail_bytes") }
        setMemory(&gpu, total: total, used: total.flatMap { total in available.flatMap { $0 <= total ? total - $0 : nil } })
        // Intel's integrated GPU has had this place on the bus since 2004; a card sits behind a bridge, on a bus of its own.
        let isCard = card.address.map { !$0.contains(":00:") } ?? false
        gpu.memoryIsShared = card.address?.hasSuffix(":00:02.0") == true ? true : isCard || total != nil ? false : nil
    }

    private static func sum(_ sizes: [Int64]) -> Int64? {
        guard !sizes.isEmpty else { return nil }
        return sizes.reduce(Int64?(0)) { sum, size in
            sum.flatMap { sum in
                let (next, overflow) = sum.addingReportingOverflow(size)
                return overflow ? nil : next
            }
        }
    }

    private func setMemory(_ gpu: inout SystemCapabilities.GPU, total: Int64?, used: Int64?) {
        // Zero is what a driver says that does not know.
        guard let total, total > 0 else { return }
        gpu.memoryTotal = ByteCount(total)
        guard let used, used <= total else { return }
        gpu.memoryUsed = ByteCount(used)
        gpu.memoryFree = ByteCount(total - used)
    }

    private func readState(_ card: GraphicsCard, _ gpu: inout SystemCapabilities.GPU) {
        let monitor = hardwareMonitor(card)
        gpu.utilisation = number(card.folder + "/gpu_busy_percent").flatMap { (0...100).contains($0) ? Double($0) / 100 : nil }
        // Thousandths of a degree and millionths of a watt.
        gpu.temperature = (number(monitor + "/temp1_input") ?? number(monitor + "/temp2_input")).map { Double($0) / 1e3 }
            .flatMap { (-50...150).contains($0) ? $0 : nil }
        gpu.power = (number(monitor + "/power1_average") ?? number(monitor + "/power1_input")).map { Double($0) / 1e6 }
            .flatMap { (0...2000).contains($0) ? $0 : nil }
    }

    /// The folder of the card's sensors: its number differs from start to start.
    private func hardwareMonitor(_ card: GraphicsCard) -> String {
        card.folder + "/hwmon/" + (names(in: card.folder + "/hwmon").first ?? "none")
    }
}
