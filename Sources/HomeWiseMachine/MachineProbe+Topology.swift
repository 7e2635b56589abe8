// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

extension MachineProbe {
    /// Fast and slow cores, where the processor has both and the system says which is which.
    func kindsOfCores(_ info: CPUInfo) -> (performance: Int, efficiency: Int)? { intelKinds(info) ?? armKinds(info) }

    /// Intel's hybrids have a counter unit for each kind of core, which lists its logical cores.
    private func intelKinds(_ info: CPUInfo) -> (performance: Int, efficiency: Int)? {
        func cores(_ unit: String) -> Int? {
            guard let list = text("sys/devices/\(unit)/cpus").flatMap({ CPUList($0) }) else { return nil }
            let here = info.processors.filter { list.contains($0.number) }
            return here.isEmpty ? nil : info.cores(of: here) ?? here.count
        }
        guard let performance = cores("cpu_core"), let efficiency = cores("cpu_atom") else { return nil }
        return (performance, efficiency + (cores("cpu_lowpower") ?? 0))
    }

    /// ARM's big.LITTLE: processors of several designs, and the kernel's measure of what each can do (1024 is the fastest).
    /// Only the slowest design counts as thrifty: “middle” cores do the work in processors of three kinds.
    private func armKinds(_ info: CPUInfo) -> (performance: Int, efficiency: Int)? {
        guard Set(info.processors.compactMap(\.part)).count > 1 else { return nil }
        let capacities = info.processors.prefix(256).compactMap { number("sys/devices/system/cpu/cpu\($0.number)/cpu_capacity") }
        guard capacities.count == info.processors.count, let least = capacities.min(), capacities.contains(where: { $0 > least }) else {
            return nil
        }
        let efficiency = capacities.count { $0 == least }
        return (capacities.count - efficiency, efficiency)
    }

    /// The first core's caches. Looking at every core's would be thousands of files on a large machine.
    func caches() -> [SystemCapabilities.Cache]? {
        let caches = (0..<8).compactMap { cache("sys/devices/system/cpu/cpu0/cache/index\($0)") }
        return caches.isEmpty ? nil : caches
    }

    private func cache(_ folder: String) -> SystemCapabilities.Cache? {
        guard let level = number(folder + "/level"), (1...8).contains(level), let size = line(folder + "/size").flatMap(Self.cacheSize),
            let content = line(folder + "/type").flatMap(Self.cacheContent)
        else { return nil }
        let sharers = text(folder + "/shared_cpu_list").flatMap { CPUList($0) }
        return .init(level: Int(level), content: content, size: size, sharedBy: sharers?.count)
    }

    /// “32K” is 32 KiB; the kernel uses no other unit, but no unit at all means bytes.
    static func cacheSize(_ text: String) -> ByteCount? {
        let factor: Int64 = text.hasSuffix("K") ? 1024 : text.hasSuffix("M") ? 1 << 20 : 1
        guard let number = Int64(factor == 1 ? text[...] : text.dropLast()), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : ByteCount(bytes)
    }

    private static func cacheContent(_ text: String) -> SystemCapabilities.Cache.Content? {
        ["Data": .data, "Instruction": .instructions, "Unified": .unified][text]
    }
}
