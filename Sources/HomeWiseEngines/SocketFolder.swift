// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Where engines listen. The folder is 0700, since llama-server makes its socket open to all.
package struct SocketFolder {
    /// `sun_path` of Linux has 108 bytes, of macOS 104, the closing zero included.
    static let longestPath = 103

    let path: String

    /// Uses the run folder, or a fresh private one under /tmp where that path is too long for a socket.
    ///
    /// - Throws: `Failure.storeUnusable` when there is no place for a socket.
    init(preferring folder: String) throws {
        guard "\(folder)/0123456789abcdef/s.sock".utf8.count > Self.longestPath else {
            path = folder
            return
        }
        var template = Array("/tmp/homewise-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure.cannotWrite(path: "/tmp", errno: errno) }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A name that nobody else has, and that llama-server takes for a socket (it ends in “.sock”), in a folder of its own that is to be made.
    func freshSocket() -> String {
        let number = UInt64.random(in: .min ... .max)
        return path + "/" + String(repeating: "0", count: number.leadingZeroBitCount / 4) + String(number, radix: 16) + "/s.sock"
    }

    /// Whether somebody listens at a socket.
    package static func isAlive(_ socket: String) -> Bool {
        let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard socket.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return true }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return status == 0 || errno != ECONNREFUSED
    }
}
