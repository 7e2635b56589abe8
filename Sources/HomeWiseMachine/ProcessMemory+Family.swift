// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension ProcessMemory {
    /// Memory of their own that all descendants of a process hold: engines, also while they load, and their guards.
    ///
    /// - Returns: `nil` where the system does not tell.
    package static func own(ofDescendantsOf pid: Int32 = getpid(), probe: MachineProbe = MachineProbe()) -> ByteCount? {
        let entries = probe.names(in: "proc")
        guard entries.contains("self") else { return nil }
        var parents: [Int32: Int32] = [:]
        var own: [Int32: Int64] = [:]
        for entry in entries {
            guard let id = Int32(entry), let status = probe.text("proc/\(id)/status"), let parent = number("PPid", in: status) else {
                continue
            }
            parents[id] = parent
            own[id] = MachineProbe.field("RssAnon", in: status)?.bytes ?? 0
        }
        let family = parents.keys.filter { isDescendant($0, of: pid, parents) }
        return ByteCount(family.reduce(Int64(0)) { min(1 << 50, $0 + (own[$1] ?? 0)) })
    }

    private static func isDescendant(_ id: Int32, of ancestor: Int32, _ parents: [Int32: Int32]) -> Bool {
        var (current, steps) = (id, 0)
        // While it is read the table changes: a loop in it must not hold us.
        while let parent = parents[current], parent > 0, steps < 64 {
            if parent == ancestor { return true }
            (current, steps) = (parent, steps + 1)
        }
        return false
    }

    /// A line such as “PPid:	12” of proc_pid_status(5).
    private static func number(_ name: String, in text: String) -> Int32? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }) else { return nil }
        return Int32(line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces))
    }
}
