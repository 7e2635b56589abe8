// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

extension MachineProbe {
    package func memory() -> SystemCapabilities.Memory {
        #if canImport(Darwin)
            if isThisMachine { return Sysctl.memory() }
        #endif
        let info = text("proc/meminfo") ?? ""
        let total = Self.field("MemTotal", in: info)
        let limit = tightestLimit(below: total)
        return .init(
            total: total, available: Self.field("MemAvailable", in: info), limit: limit?.limit, limitAvailable: limit?.left,
            swapTotal: Self.field("SwapTotal", in: info), swapFree: Self.field("SwapFree", in: info),
            pressure: text("proc/pressure/memory").flatMap(Self.pressure), limitPressure: limitPressure())
    }

    /// A line of `/proc/meminfo`, which counts in KiB.
    static func field(_ name: String, in text: String) -> ByteCount? {
        for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
            let words = line.split(separator: " ")
            guard words.count >= 2, let value = Int64(words[1]), value >= 0 else { return nil }
            let (bytes, overflow) = value.multipliedReportingOverflow(by: 1024)
            return overflow ? nil : ByteCount(bytes)
        }
        return nil
    }

    /// The cgroup level that leaves least; a limit at or above the machine's memory is none.
    private func tightestLimit(below total: ByteCount?) -> (limit: ByteCount, left: ByteCount)? {
        cgroup.levels(of: "memory").compactMap { folder -> (limit: ByteCount, left: ByteCount)? in
            guard let limit = limit(of: folder), limit < (total?.bytes ?? .max) else { return nil }
            let used = size(folder + "/memory.current") ?? size(folder + "/memory.usage_in_bytes") ?? 0
            // Subtracting numbers that are not negative cannot overflow; adding two of them can.
            let (left, overflow) = (limit - used).addingReportingOverflow(reclaimable(folder))
            return (ByteCount(limit), ByteCount(overflow ? limit : min(limit, max(0, left))))
        }.min { $0.left < $1.left }
    }

    /// Above `memory.high` the kernel slows a program down until it stands still, so it counts like the hard limit.
    private func limit(of folder: String) -> Int64? {
        [size(folder + "/memory.max"), size(folder + "/memory.high"), size(folder + "/memory.limit_in_bytes")].compactMap { $0 }.min()
    }

    /// File pages count as used, yet the kernel gives them back: they are free to take. Version 1 counts a group without
    /// the groups below it, unless the name begins with “total”.
    private func reclaimable(_ folder: String) -> Int64 {
        let statistics = text(folder + "/memory.stat") ?? ""
        return Self.statistic("total_inactive_file", in: statistics) ?? Self.statistic("inactive_file", in: statistics) ?? 0
    }

    private static func statistic(_ name: String, in text: String) -> Int64? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + " ") }) else { return nil }
        return line.split(separator: " ").last.flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The process's own group's, if the machine counts it: version 2 only.
    private func limitPressure() -> SystemCapabilities.Pressure? {
        for folder in cgroup.levels(of: "memory").reversed() {
            if let pressure = text(folder + "/memory.pressure").flatMap(Self.pressure) { return pressure }
        }
        return nil
    }

    /// Lines such as “some avg10=1.50 avg60=0.40 avg300=0.10 total=12345”, in percent.
    static func pressure(_ text: String) -> SystemCapabilities.Pressure? {
        func share(_ kind: String) -> Double? {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(kind + " ") }),
                let word = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") }),
                let percent = Double(word.dropFirst("avg10=".count)), (0...100).contains(percent)
            else { return nil }
            return percent / 100
        }
        return share("some").map { .init(some: $0, full: share("full")) }
    }

    var cgroup: CGroup { CGroup(table: text("proc/self/cgroup") ?? "") }
}
