// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite(.temporaryFolder) struct PeerOwnerTests {
    private static let header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private func owner(tcp: String, tcp6: String = "") throws -> PeerOwner {
        let root = TemporaryFolder.path
        try FileManager.default.createDirectory(atPath: root + "/proc/net", withIntermediateDirectories: true)
        try Data((Self.header + tcp).utf8).write(to: URL(filePath: root + "/proc/net/tcp"))
        try Data((Self.header + tcp6).utf8).write(to: URL(filePath: root + "/proc/net/tcp6"))
        return PeerOwner(root: root)
    }

    private func user(_ owner: PeerOwner, _ peer: String, _ own: String) throws -> UInt32? {
        try owner.user(of: Endpoint(parsing: peer), speakingTo: Endpoint(parsing: own))
    }

    private func row(_ local: String, _ remote: String, state: String = "01", user: String = "1000", inode: String = "77") -> String {
        "   3: \(local) \(remote) \(state) 00000000:00000000 00:00000000 00000000  \(user)        0 \(inode) 1 0000000000000000 20 4 30 10 -1\n"
    }

    @Test("F6 the other end is found by both addresses") func bothAddressesCount() throws {
        let owner = try owner(
            tcp: row("0100007F:A2B4", "0100007F:1111", user: "1") + row("0100007F:A2B4", "0100007F:2124", user: "1000")
                + row("0100007F:2124", "0100007F:A2B4", user: "2"),
            tcp6: row("00000000000000000000000001000000:A2B4", "00000000000000000000000001000000:2124", user: "1001")
                + row("0000000000000000FFFF00000100007F:A2B5", "0000000000000000FFFF00000100007F:2124", user: "1002"))
        #expect(try user(owner, "127.0.0.1:41652", "127.0.0.1:8484") == 1000)
        #expect(try user(owner, "[::1]:41652", "[::1]:8484") == 1001)
        // A program that speaks IPv4 by a socket for both.
        #expect(try user(owner, "127.0.0.1:41653", "127.0.0.1:8484") == 1002)
        #expect(try user(owner, "127.0.0.1:41654", "127.0.0.1:8484") == nil)
        #expect(try user(owner, "[::1]:41652", "127.0.0.1:8484") == nil)
    }

    @Test("F6 a socket that nobody has any more names nobody", arguments: [("06", "77"), ("01", "0"), ("0A", "77"), ("07", "77")])
    func orphansNameNobody(_ state: String, _ inode: String) throws {
        let owner = try owner(tcp: row("0100007F:A2B4", "0100007F:2124", state: state, user: "0", inode: inode))
        #expect(try user(owner, "127.0.0.1:41652", "127.0.0.1:8484") == nil)
    }

    @Test func oddLinesAreNoAnswerAndNoTrap() throws {
        let sound = row("0100007F:A2B4", "0100007F:2124")
        for odd in [
            "", "\n\n\n", ":", "   3: 0100007F:A2B4 0100007F:2124 ", row("0100007F:A2B4", "0100007F:2124", user: "-1"),
            row("0100007F:A2B4", "0100007F:2124", user: "4294967296"), row("0100007F:A2B4", "0100007F:2124", inode: "99999999999999999999"),
            row("0100007F:A2B4", "0100007F:2124", state: "1FF"), String(repeating: "x", count: 100_000), "\u{0}\u{0}: \u{0}",
        ] {
            #expect(try user(owner(tcp: odd), "127.0.0.1:41652", "127.0.0.1:8484") == nil, "\(odd.prefix(80))")
            #expect(try user(owner(tcp: odd + "\n" + sound), "127.0.0.1:41652", "127.0.0.1:8484") == 1000, "\(odd.prefix(80))")
        }
        #expect(try user(PeerOwner(root: TemporaryFolder.path + "/none"), "127.0.0.1:1", "127.0.0.1:2") == nil)
    }

    #if os(Linux)
        @Test("F6 our own end of a real connection is ours, and its port has a holder") func aRealConnection() async throws {
            let server = try await LoopbackServer.start { _ in .init(200) }
            let port = try #require(Int(server.url.split(separator: ":").last ?? ""))
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let mine = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(mine)
            let own = Int(UInt16(bigEndian: address.sin_port))
            #expect(try user(PeerOwner(), "127.0.0.1:\(own)", "127.0.0.1:\(port)") == getuid())
            #expect(PeerOwner().holder(of: port)?.pid == getpid())
            try await server.stop()
        }
    #endif
}
