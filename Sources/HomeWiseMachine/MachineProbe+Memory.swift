// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension MachineProbe {
    package func memory() -> SystemCapabilities.Memory {
        let info = text("proc/meminfo") ?? ""
        let total = Self.field("MemTotal", in: info)
        let limit = tightestLimit(below: total)
        return .init(
            total: total, available: Self.field("MemAvailable", in: info), limit: limit?.limit, limitAvailable: limit?.left)
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
            let limit = number(folder + "/memory.max") ?? number(folder + "/memory.limit_in_bytes")
            guard let limit, limit < (total?.bytes ?? .max) else { return nil }
            let used = number(folder + "/memory.current") ?? number(folder + "/memory.usage_in_bytes") ?? 0
            // File pages count as used, yet the kernel gives them back: they are free to take.
            let cache = Self.statistic("inactive_file", in: text(folder + "/memory.stat") ?? "")
            return (ByteCount(limit), ByteCount(max(0, limit - used + cache)))
        }.min { $0.left < $1.left }
    }

    /// A file that holds one number; “max” and garbage are no number.
    private func number(_ path: String) -> Int64? { text(path).flatMap { Int64($0.trimmed) } }

    private static func statistic(_ name: String, in text: String) -> Int64 {
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") {
            return line.split(separator: " ").last.flatMap { Int64($0) } ?? 0
        }
        return 0
    }

    var cgroup: CGroup { CGroup(table: text("proc/self/cgroup") ?? "") }
}

/// Where this process stands in the control groups, from `/proc/self/cgroup` (v1 and v2).
struct CGroup {
    /// Controllers (empty for v2) and path of each line.
    private let lines: [(controllers: [Substring], path: String)]

    init(table: String) {
        lines = table.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return (parts[1].split(separator: ","), String(parts[2]))
        }
    }

    /// Folders under `sys/fs/cgroup`, from the process's own group up to the root. In a container the path of the
    /// host may not exist inside; the root then holds the container's own limits.
    func levels(of controller: String) -> [String] {
        lines.flatMap { line -> [String] in
            guard line.controllers.isEmpty || line.controllers.contains(Substring(controller)) else { return [] }
            let base = "sys/fs/cgroup" + (line.controllers.isEmpty ? "" : "/" + controller)
            var parts = line.path.split(separator: "/").filter { $0 != ".." }
            var levels = [base]
            while !parts.isEmpty {
                levels.append(base + "/" + parts.joined(separator: "/"))
                parts.removeLast()
            }
            return levels
        }
    }
}
