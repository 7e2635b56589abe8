// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension PeerOwner {
    /// The program that listens at a port: its number and name. `nil` where it is somebody else's, whose files we may not look at.
    package func holder(of port: Int) -> (pid: Int32, name: String)? {
        guard let inode = listener(at: port)?.inode else { return nil }
        let link = "socket:[\(inode)]"
        for pid in numbers(in: "proc") where numbers(in: "proc/\(pid)/fd").contains(where: { target(of: "proc/\(pid)/fd/\($0)") == link }) {
            return (pid, name(of: pid) ?? "?")
        }
        return nil
    }

    private func numbers(in folder: String) -> [Int32] { probe.names(in: folder).compactMap { Int32($0) } }

    private func target(of link: String) -> String? {
        var text = [UInt8](repeating: 0, count: 64)
        let count = text.withUnsafeMutableBytes { readlink(probe.root + link, $0.baseAddress!, $0.count) }
        return count > 0 ? String(decoding: text[..<count], as: UTF8.self) : nil
    }

    private func name(of pid: Int32) -> String? { probe.line("proc/\(pid)/comm") }
}
