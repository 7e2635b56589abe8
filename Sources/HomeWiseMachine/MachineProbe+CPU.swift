// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

extension MachineProbe {
    package func cpu() -> SystemCapabilities.CPU {
        #if canImport(Darwin)
            if isThisMachine { return Sysctl.cpu(architecture: architecture) }
        #endif
        let info = CPUInfo(bytes("proc/cpuinfo") ?? [])
        let online = text("sys/devices/system/cpu/online").flatMap { CPUList($0) }
        let logical = max(1, online?.count ?? info.processors.count)
        let kinds = kindsOfCores(info)
        return .init(
            architecture: architecture, model: info.model, physicalCores: info.physicalCores ?? physicalCores(logical: logical),
            logicalCores: logical, quotaCores: quotaCores(), features: info.features, vendor: info.vendor, sockets: info.sockets,
            performanceCores: kinds?.performance, efficiencyCores: kinds?.efficiency, allowedCores: allowedCores(info, logical: logical),
            caches: caches())
    }

    /// Where cpuinfo names no cores, as on ARM: without hyper-threads each logical core is a physical one.
    private func physicalCores(logical: Int) -> Int? {
        if line("sys/devices/system/cpu/smt/active") == "0" { return logical }
        guard let siblings = text("sys/devices/system/cpu/cpu0/topology/thread_siblings_list").flatMap({ CPUList($0) }),
            logical.isMultiple(of: siblings.count)
        else { return nil }
        return logical / siblings.count
    }

    /// A cpuset or an affinity mask may leave out cores that cpuinfo still lists: Docker's `--cpuset-cpus`, `taskset`.
    private func allowedCores(_ info: CPUInfo, logical: Int) -> Int? {
        guard let status = text("proc/self/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }),
            let allowed = CPUList(String(line.dropFirst("Cpus_allowed_list:".count)))
        else { return nil }
        // LXC numbers the container's cores anew in cpuinfo, but not here: then the two lists only agree in their length.
        guard allowed.count < info.processors.count else { return nil }
        let here = info.processors.filter { allowed.contains($0.number) }
        return here.isEmpty ? nil : info.cores(of: here) ?? here.count
    }

    /// Cores that this process's cgroup may use: the tightest quota on the way up to the root.
    func quotaCores() -> Double? {
        cgroup.levels(of: "cpu").compactMap { folder -> Double? in
            if let max = text(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace), max.count == 2 {
                return Self.quota(Double(max[0]), period: Double(max[1]))
            }
            return Self.quota(
                number(folder + "/cpu.cfs_quota_us").map { Double($0) }, period: number(folder + "/cpu.cfs_period_us").map { Double($0) })
        }.min()
    }

    private static func quota(_ quota: Double?, period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0, (quota / period).isFinite else { return nil }
        return quota / period
    }
}
