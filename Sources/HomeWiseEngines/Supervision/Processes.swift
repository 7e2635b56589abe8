// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Looks at processes; on a system without /proc there is nothing to see.
enum Processes {
    static func sight(of pid: Int32) -> EngineRecord.Sight? {
        guard let started = started(pid) else { return nil }
        return EngineRecord.Sight(
            pid: pid, started: started, program: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"),
            mark: variable(EnginePlace.variable, of: pid))
    }

    /// - Returns: ticks since the system started; `nil` for one that is not there, or only waits to be looked at.
    static func started(_ pid: Int32) -> UInt64? {
        guard let fields = fields(pid), fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }

    /// Seconds of processor time that a process has taken.
    static func seconds(_ pid: Int32) -> Double? {
        guard let fields = fields(pid), fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return nil
        }
        return (user + system) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    static func parent(of pid: Int32) -> Int32? { fields(pid).flatMap { $0.count > 1 ? Int32($0[1]) : nil } }

    /// What stands behind the name, which may hold blanks and brackets, in proc_pid_stat(5).
    private static func fields(_ pid: Int32) -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return text.lastIndex(of: ")").map { text[text.index(after: $0)...].split(separator: " ") }
    }

    static func boot() -> String? {
        FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id")
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// Of the environment that it was started with.
    static func variable(_ name: String, of pid: Int32) -> String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return nil }
        return data.split(separator: 0).lazy.map { String(decoding: $0, as: UTF8.self) }.first { $0.hasPrefix(name + "=") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    static func all() -> [Int32] { ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) } }
}
