// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// One process among all that ever had its number: for disks whose locks cannot be trusted.
package struct ProcessIdentity: Sendable, Equatable, Codable {
    package var pid: Int32
    /// In the system's own units; numbers are used again, these pairs are not while the machine runs.
    package var start: UInt64
    /// Changes with every start of the machine.
    package var boot: String
    /// For people: it may change at any time.
    package var host: String
    /// Which machine; `nil` in what older versions wrote, which went by the host's name.
    package var machine: String?
    /// Whose numbers `pid` is one of: two containers have their own on one machine. `nil` where it is not known.
    package var space: String?

    package init(pid: Int32, start: UInt64, boot: String, host: String, machine: String? = nil, space: String? = nil) {
        (self.pid, self.start, self.boot, self.host, self.machine, self.space) = (pid, start, boot, host, machine, space)
    }

    /// This process.
    package static let own = ProcessIdentity(
        pid: getpid(), start: startTime(of: getpid()) ?? 0, boot: bootIdentifier, host: ProcessInfo.processInfo.hostName,
        machine: machineIdentifier(), space: processSpace)

    /// - Returns: `nil` where nobody here can tell, because it runs on another machine that has the same disk, or in another
    ///   container.
    package var isAlive: Bool? {
        guard isOfThisMachine else { return nil }
        guard boot == Self.own.boot else { return false }
        if let space, let own = Self.own.space, space != own { return nil }
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        return Self.startTime(of: pid).map { $0 == start } ?? true
    }

    /// A machine's own number decides, as a host's name changes; of what older versions wrote, name or boot.
    private var isOfThisMachine: Bool {
        if let machine, let own = Self.own.machine { return machine == own }
        return host == Self.own.host || (!boot.isEmpty && boot == Self.own.boot && machine == nil)
    }

    /// As the system keeps it (machine-id(5)); `nil` where it has none yet, as in many containers: then the host's name must do.
    ///
    /// - Parameter files: asked in turn.
    static func machineIdentifier(in files: [String] = ["/etc/machine-id", "/var/lib/dbus/machine-id"]) -> String? {
        for file in files {
            guard let data = FileManager.default.contents(atPath: file) else { continue }
            let text = String(decoding: data.prefix(64), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if text.utf8.count == 32, text.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }), text.contains(where: { $0 != "0" }) {
                return text
            }
        }
        return nil
    }

    #if canImport(Darwin)
        private static let processSpace: String? = nil

        private static let bootIdentifier: String = {
            var (size, text) = (64, [CChar](repeating: 0, count: 64))
            guard sysctlbyname("kern.bootsessionuuid", &text, &size, nil, 0) == 0 else { return "" }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }()

        private static func startTime(of pid: Int32) -> UInt64? {
            var (info, size) = (kinfo_proc(), MemoryLayout<kinfo_proc>.stride)
            var name = [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid]
            guard sysctl(&name, 4, &info, &size, nil, 0) == 0, size > 0 else { return nil }
            let time = info.kp_proc.p_starttime
            return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_usec)
        }
    #else
        /// “pid:[4026531836]” (namespaces(7)).
        private static let processSpace: String? = {
            var text = [CChar](repeating: 0, count: 64)
            let count = readlink("/proc/self/ns/pid", &text, text.count)
            return count > 0 ? String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
        }()

        private static let bootIdentifier =
            text("/proc/sys/kernel/random/boot_id")?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""

        /// The twenty-second field of `stat` (proc(5)); the second may hold spaces and is in parentheses.
        private static func startTime(of pid: Int32) -> UInt64? {
            guard let fields = text("/proc/\(pid)/stat")?.split(separator: ")").last?.split(separator: " "), fields.count > 19 else {
                return nil
            }
            // A dead one that nobody has looked at yet holds nothing any more.
            return fields[0] == "Z" ? 0 : UInt64(fields[19])
        }

        private static func text(_ path: String) -> String? {
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
    #endif
}
