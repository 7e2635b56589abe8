// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// What a malicious engine would try first. Nothing is harmed where it succeeds.
struct Escape {
    /// A file of the person's, a place to write to, a port on loopback and a socket of another program.
    private let secret, place, port, socket: String
    private let model: String

    /// - Parameter words: “SECRET PLACE PORT SOCKET”.
    init?(_ words: String, model: String) {
        let parts = words.split(separator: " ").map(String.init)
        guard parts.count == 4 else { return nil }
        (secret, place, port, socket, self.model) = (parts[0], parts[1], parts[2], parts[3], model)
    }

    /// What it could do, a word each; “nothing” where it could do nothing.
    func report() -> String {
        let manager = Self.parent(of: getppid())
        let could: [(String, Bool)] = [
            ("read", canOpen(secret, O_RDONLY)),
            ("list", opendir((secret as NSString).deletingLastPathComponent) != nil),
            ("write", canOpen(place, O_WRONLY | O_CREAT)),
            ("truncate", truncate(secret, 0) == 0),
            ("remove", unlink(place) == 0),
            ("change-model", canOpen(model, O_WRONLY)),
            ("connect", canConnect()),
            ("datagram", Foundation.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) >= 0),
            ("socket", canReach(socket)),
            ("signal", kill(manager, 0) == 0),
            ("signal-guard", kill(getppid(), 0) == 0),
            ("ptrace", canTrace(manager)),
            ("memory", canOpen("/proc/\(manager)/mem", O_RDONLY)),
            ("environment", canOpen("/proc/\(manager)/environ", O_RDONLY)),
        ]
        let done = could.filter(\.1).map(\.0)
        return done.isEmpty ? "nothing" : done.joined(separator: " ")
    }

    private static func parent(of pid: Int32) -> Int32 {
        let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap { Int32($0) } ?? 1
    }

    private func canOpen(_ path: String, _ flags: Int32) -> Bool {
        let descriptor = open(path, flags, 0o600)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private func canConnect() -> Bool {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0, let port = UInt16(port) else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        (address.sin_family, address.sin_port, address.sin_addr.s_addr) = (sa_family_t(AF_INET), port.bigEndian, inet_addr("127.0.0.1"))
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private func canReach(_ path: String) -> Bool {
        let descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// PTRACE_SEIZE does not stop the other one, and ends with us.
    private func canTrace(_ pid: Int32) -> Bool {
        #if os(Linux)
            typealias Trace = @convention(c) (Int, Int, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int
            guard let symbol = dlsym(nil, "ptrace") else { return false }
            let trace = unsafeBitCast(symbol, to: Trace.self)
            guard trace(0x4206, Int(pid), nil, nil) == 0 else { return false }
            return true
        #else
            return false
        #endif
    }
}
