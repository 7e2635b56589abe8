// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Whose program is at the other end of a connection on this machine, by the kernel's own tables of sockets
/// (Linux: Documentation/networking/proc_net_tcp.rst). Elsewhere it cannot be told.
package struct PeerOwner: Sendable {
    let probe: MachineProbe

    package init(root: String = "/") { probe = MachineProbe(root: root) }

    /// The tables of a machine with a hundred thousand connections are shorter than this.
    private static let longestTable = 32 << 20

    /// - Parameters:
    ///   - peer: the other end's address, as we see it.
    ///   - own: ours.
    /// - Returns: the user; `nil` where the socket is in no table, or is nobody's any more.
    package func user(of peer: Endpoint, speakingTo own: Endpoint) -> UInt32? {
        row(from: peer, to: own) { $0.isConnected && $0.inode != 0 }?.user
    }

    /// The socket that holds a port of ours, whichever address it listens at.
    package func listener(at port: Int) -> (user: UInt32, inode: UInt64)? {
        for (table, digits) in [("proc/net/tcp", 8), ("proc/net/tcp6", 32)] {
            guard let bytes = probe.bytes(table, limit: Self.longestTable) else { continue }
            let needle = Array((String(format: ":%04X ", port) + String(repeating: "0", count: digits) + ":0000 0A ").utf8)
            if let row = Self.first(needle, after: digits, in: bytes, where: { _ in true }) { return (row.user, row.inode) }
        }
        return nil
    }

    private func row(from peer: Endpoint, to own: Endpoint, where isMeant: (SocketRow) -> Bool) -> SocketRow? {
        let (peer, own) = (peer.unmapped, own.unmapped)
        guard peer.address.bytes.count == own.address.bytes.count else { return nil }
        // A program may speak IPv4 by a socket for both, which stands in the other table.
        var pairs = [(peer.address.isVersion4 ? "proc/net/tcp" : "proc/net/tcp6", peer, own)]
        if peer.address.isVersion4 { pairs.append(("proc/net/tcp6", peer.mapped, own.mapped)) }
        for (table, peer, own) in pairs {
            guard let bytes = probe.bytes(table, limit: Self.longestTable) else { continue }
            let needle = Array("\(SocketRow.text(of: peer)) \(SocketRow.text(of: own)) ".utf8)
            if let row = Self.first(needle, after: 0, in: bytes, where: isMeant) { return row }
        }
        return nil
    }

    /// The first sound row that has some text after its number. The tables may be long and are asked while somebody waits: so their lines
    /// are looked through as they stand, and only those that have the text are read.
    ///
    /// - Parameter skipped: bytes between the number and the text.
    private static func first(_ needle: [UInt8], after skipped: Int, in bytes: [UInt8], where isMeant: (SocketRow) -> Bool) -> SocketRow? {
        bytes.withUnsafeBytes { all -> SocketRow? in
            guard let base = all.baseAddress else { return nil }
            var start = 0
            while start < all.count {
                let end = memchr(base + start, 0x0A, all.count - start).map { UnsafeRawPointer($0) - base } ?? all.count
                defer { start = end + 1 }
                guard let colon = memchr(base + start, Int32(UInt8(ascii: ":")), end - start).map({ UnsafeRawPointer($0) - base }) else {
                    continue
                }
                let text = colon + 2 + skipped
                guard text + needle.count <= end, memcmp(base + text, needle, needle.count) == 0 else { continue }
                if let row = SocketRow(String(decoding: all[start..<end], as: UTF8.self)), isMeant(row) { return row }
            }
            return nil
        }
    }
}

/// A line of the kernel's table of sockets.
struct SocketRow: Equatable {
    var state: UInt8
    var user: UInt32
    /// 0 for a socket that no program has any more: its user then says nothing.
    var inode: UInt64

    /// Established, or closed by one side only: TCP_ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT of net/tcp_states.h.
    var isConnected: Bool { [1, 4, 5, 8].contains(state) }

    /// “3: 0100007F:A2B4 0100007F:2124 01 00000000:00000000 00:00000000 00000000  1000        0 12345 1 …”
    init?(_ line: String) {
        let fields = line.split(separator: " ")
        guard fields.count >= 10, fields[0].last == ":", let state = UInt8(fields[3], radix: 16), let user = UInt32(fields[7]),
            let inode = UInt64(fields[9])
        else { return nil }
        (self.state, self.user, self.inode) = (state, user, inode)
    }

    /// As the table writes it: each four bytes of the address as a number of this machine.
    static func text(of endpoint: Endpoint) -> String {
        let bytes = endpoint.address.bytes
        let words = stride(from: 0, to: bytes.count, by: 4).map { start in
            let word = bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return String(format: "%08X", UInt32(bigEndian: word))
        }
        return words.joined() + String(format: ":%04X", endpoint.port)
    }
}

extension Endpoint {
    var unmapped: Endpoint { Endpoint(address: address.unmapped, port: port) }

    /// The IPv6 address that stands for an IPv4 one.
    var mapped: Endpoint {
        let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return HostAddress(bytes: prefix + address.bytes).map { Endpoint(address: $0, port: port) } ?? self
    }
}
