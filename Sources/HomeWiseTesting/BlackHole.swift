// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// An address of this machine that swallows connections: they are neither accepted nor refused, as behind a broken route. It is a
/// socket whose queue is full, to which the kernel answers nothing.
package final class BlackHole: Sendable {
    package struct Impossible: Error {}

    package let address: String
    private let sockets: [Int32]

    /// - Throws: `Impossible` where neither `::1` nor 127.0.0.2 can be listened on at that port.
    package init(port: Int) throws {
        guard let port = UInt16(exactly: port) else { throw Impossible() }
        for address in ["::1", "127.0.0.2"] {
            guard let listener = Self.socket(address, port, { bind($0, $1, $2) == 0 && listen($0, 0) == 0 }) else { continue }
            // More than the queue holds; each is left hanging.
            let fill = (0..<8).compactMap { _ in
                Self.socket(address, port) { fcntl($0, F_SETFL, O_NONBLOCK) == 0 && (connect($0, $1, $2) == 0 || errno == EINPROGRESS) }
            }
            self.address = address
            sockets = fill + [listener]
            return
        }
        throw Impossible()
    }

    deinit { for socket in sockets { close(socket) } }

    private static func socket(_ text: String, _ port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Int32? {
        let family = text.contains(":") ? AF_INET6 : AF_INET
        let descriptor = Foundation.socket(family, streams, 0)
        guard descriptor >= 0 else { return nil }
        let isDone = family == AF_INET6 ? use6(descriptor, text, port, use) : use4(descriptor, text, port, use)
        if isDone { return descriptor }
        close(descriptor)
        return nil
    }

    #if canImport(Glibc)
        private static let streams = Int32(SOCK_STREAM.rawValue)
    #else
        private static let streams = SOCK_STREAM
    #endif

    private static func use4(
        _ descriptor: Int32, _ text: String, _ port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func use6(
        _ descriptor: Int32, _ text: String, _ port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, text, &address.sin6_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }
}
