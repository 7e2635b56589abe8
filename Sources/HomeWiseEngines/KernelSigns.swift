// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// What the kernel tells of a child beside its exit.
enum KernelSigns {
    /// Processes that the kernel has ended because memory ran out, on this machine and in all cgroups, since it was started
    /// (`oom_kill` of /proc/vmstat); `nil` where it does not tell.
    static func memoryKills() -> Int? { field("oom_kill ", in: "/proc/vmstat") }

    /// Bytes that a process has read from the disk, mapped pages included (`read_bytes` of proc_pid_io(5)).
    static func bytesRead(by pid: Int32) -> Int? { field("read_bytes: ", in: "/proc/\(pid)/io") }

    /// Bytes that came to a process through calls, whatever from (`rchar`), and through faults that had to wait for a disk of any kind
    /// (`majflt` of proc_pid_stat(5), each with what is read ahead for it).
    static func bytesCalled(by pid: Int32) -> Int? {
        guard let calls = field("rchar: ", in: "/proc/\(pid)/io") else { return nil }
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) } ?? ""
        // Behind the name, which may hold anything: state, then the tenth is the count.
        let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
        let faults = fields.count > 9 ? Int(fields[9]) ?? 0 : 0
        let (read, isTooMuch) = faults.multipliedReportingOverflow(by: readAhead)
        let (sum, isTooLarge) = calls.addingReportingOverflow(read)
        return isTooMuch || isTooLarge ? calls : sum
    }

    /// Half of what Linux reads ahead by itself.
    private static let readAhead = 64 << 10

    private static func field(_ name: String, in path: String) -> Int? {
        guard let text = FileManager.default.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) }) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
    }
}
