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
    package var host: String

    /// This process.
    package static let own = ProcessIdentity(
        pid: getpid(), start: startTime(of: getpid()) ?? 0, boot: bootIdentifier, host: ProcessInfo.processInfo.hostName)

    /// - Returns: `nil` where nobody here can tell, because it runs on another machine that has the same disk.
    package var isAlive: Bool? {
        guard host == Self.own.host else { return nil }
        guard boot == Self.own.boot else { return false }
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        return Self.startTime(of: pid).map { $0 == start } ?? true
    }

    #if canImport(Darwin)
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
