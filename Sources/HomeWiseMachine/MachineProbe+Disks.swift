// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension MachineProbe {
    /// Whether a disk turns. What lies on a network, in an overlay or across disks has no block device of its own, and stays unknown.
    ///
    /// - Parameter device: its numbers, such as “8:2”.
    func isRotational(_ device: String) -> Bool? {
        guard device.allSatisfy({ $0.isASCII && $0.isNumber || $0 == ":" }) else { return nil }
        return isRotational(folder: "sys/dev/block/" + device, depth: 0)
    }

    /// - Parameter depth: encrypted disks on volumes on arrays are three deep; a loop of links is none.
    private func isRotational(folder: String, depth: Int) -> Bool? {
        let below = names(in: folder + "/slaves")
        if !below.isEmpty {
            let answers = depth < 8 ? Set(below.map { isRotational(folder: folder + "/slaves/" + $0, depth: depth + 1) }) : [nil]
            return answers.count == 1 ? answers.first.flatMap { $0 } : nil
        }
        // Through the link, “..” is the folder that really holds the partition's: its disk.
        let disk = exists(folder + "/partition") ? folder + "/.." : folder
        switch line(disk + "/queue/rotational") {
        case "0": return false
        // Virtual disks call themselves rotating, whatever lies beneath them.
        case "1": return isVirtual(folder) ? nil : true
        default: return nil
        }
    }

    /// Disks on the buses of virtio, Xen and Hyper-V.
    private func isVirtual(_ folder: String) -> Bool {
        Self.realPath(root + folder)?.split(separator: "/").contains { ["virtio", "vbd-", "VMBUS:"].contains(where: $0.hasPrefix) } ?? false
    }

    /// The path without symbolic links; `nil` where it leads nowhere.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
