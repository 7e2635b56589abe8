// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@testable import HomeWiseSources

@Suite struct AddressPolicyTests {
    @Test(
        "E4 addresses are known for what they are",
        arguments: [
            ("8.8.8.8", AddressClass.public), ("100.63.255.255", .public), ("100.128.0.1", .public), ("172.32.0.1", .public),
            ("192.167.1.1", .public), ("169.253.1.1", .public), ("198.20.0.1", .public), ("2606:4700::1", .public), ("2a00::", .public),
            ("2001:4860:4860::8888", .public), ("::ffff:8.8.8.8", .public), ("64:ff9b::8.8.8.8", .public), ("127.0.0.1", .loopback),
            ("127.255.255.254", .loopback), ("::1", .loopback), ("::ffff:127.0.0.1", .loopback), ("64:ff9b::7f00:1", .loopback),
            ("2002:7f00:1::", .loopback), ("::127.0.0.1", .loopback), ("::ffff:0:127.0.0.1", .loopback), ("10.0.0.1", .private),
            ("172.16.0.1", .private), ("172.31.255.255", .private), ("192.168.0.1", .private), ("fc00::1", .private), ("fdff::1", .private),
            ("fec0::1", .private), ("2002:c0a8:1::1", .private), ("64:ff9b:1::1", .private), ("::ffff:10.1.2.3", .private),
            ("169.254.169.254", .linkLocal), ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("64:ff9b::a9fe:a9fe", .linkLocal),
            ("100.64.0.1", .shared), ("100.127.255.255", .shared), ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified),
            ("::", .unspecified), ("224.0.0.1", .multicast), ("239.255.255.255", .multicast), ("ff02::1", .multicast),
            ("192.0.2.1", .documentation), ("198.51.100.7", .documentation), ("203.0.113.9", .documentation),
            ("2001:db8::1", .documentation),
            ("3fff::1", .documentation), ("198.18.0.1", .benchmark), ("198.19.255.255", .benchmark), ("2001:2::1", .benchmark),
            ("192.0.0.1", .reserved), ("192.88.99.1", .reserved), ("240.0.0.1", .reserved), ("255.255.255.255", .reserved),
            ("2001::1", .reserved), ("2001:10::1", .reserved), ("2002:808:808::", .reserved), ("100::1", .reserved), ("4000::1", .reserved),
            ("5f00::1", .reserved), ("::8.8.8.8", .reserved),
        ])
    func classes(_ text: String, _ kind: AddressClass) throws { #expect(try #require(HostAddress(text)).addressClass == kind) }

    /// Hosts, as an attacker would write them, that mean a machine off the public network.
    static let hostile: [String] = {
        let inner: [[UInt8]] = [
            [127, 0, 0, 1], [127, 1, 2, 3], [10, 0, 0, 1], [172, 16, 5, 4], [192, 168, 1, 1], [169, 254, 169, 254], [100, 64, 0, 1],
            [198, 18, 0, 1], [0, 0, 0, 0], [224, 0, 0, 1], [240, 0, 0, 1],
        ]
        var hosts: [String] = inner.flatMap(spellings)
        hosts += [
            "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[fe80::1]", "[fe80::a9fe:a9fe]", "[fc00::1]", "[fd12:3456::1]",
            "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[2001::7f00:1]", "[100::1]", "[::1%25lo]", "[::1%lo]", "localhost", "LOCALHOST",
            "localhost.", "LocalHost.", "localhost%00", "loc%61lhost", "localhost%2F", "localhost\\", "foo.localhost", "x@127.0.0.1",
            "8.8.8.8@127.0.0.1", "8.8.8.8:80@127.0.0.1", "127.0.0.1\\@8.8.8.8", "127.0.0.1%2F8.8.8.8", "0", "0.", "00", "0x0", "0.0",
            "127.1", "127.0.1",
            "127.1.", "10.1", "192.168.257", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "ⓛocalhost", "localhost。",
            "[::ffff:127.1]",
            "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:7f00:1]", "rebound.test", "mixed.test", "mapped.test", "home.test", "metadata.test",
        ]
        return hosts
    }()

    private static func spellings(_ bytes: [UInt8]) -> [String] {
        let number = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        func joined(_ part: (UInt8) -> String) -> String { bytes.map(part).joined(separator: ".") }
        func octal(_ byte: UInt8) -> String { "0" + String(byte, radix: 8) }
        func hex(_ byte: UInt8) -> String { "0x" + String(byte, radix: 16) }
        let groups = "\(String(number >> 16, radix: 16)):\(String(number & 0xffff, radix: 16))"
        return [
            joined { "\($0)" }, joined { "\($0)" } + ".", "\(number)", "\(number).", "0x" + String(number, radix: 16),
            "0X" + String(number, radix: 16, uppercase: true), "0" + String(number, radix: 8), joined(octal), joined(hex),
            joined { "000" + octal($0) }, joined { "0x00" + String($0, radix: 16) }, "\(bytes[0]).\(number & 0xff_ffff)",
            "\(bytes[0]).\(bytes[1]).\(number & 0xffff)", "\(hex(bytes[0])).\(octal(bytes[1])).\(bytes[2]).\(bytes[3])",
            "\(UInt64(number) + (1 << 32))", "[::ffff:\(joined { "\($0)" })]", "[::FFFF:\(groups)]", "[::ffff:0:\(groups)]",
            "[0:0:0:0:0:ffff:\(groups)]", "[64:ff9b::\(groups)]", "[64:ff9b::\(joined { "\($0)" })]", "[2002:\(groups)::]", "[::\(groups)]",
            joined { "%\(String(0x30 + $0 % 10, radix: 16))" },
        ]
    }

    /// What names mean in these tests. `rebound.test` was public a moment ago.
    private static func lookUp(_ name: String) -> [HostAddress] {
        let table = [
            "rebound.test": ["127.0.0.1"], "mixed.test": ["8.8.8.8", "10.0.0.1"], "mapped.test": ["::ffff:127.0.0.1"],
            "home.test": ["2606:4700::1", "192.168.1.1"], "metadata.test": ["169.254.169.254"], "localhost": ["::1", "127.0.0.1"],
            "foo.localhost": ["127.0.0.1"],
        ]
        return (table[name] ?? ["8.8.8.8"]).compactMap { HostAddress($0) }
    }

    private func refused(_ journey: Journey) -> Bool {
        switch journey.here.host {
        case .address(let address): journey.policy.firstRefused([address]) != nil
        case .name(let name): journey.policy.firstRefused(Self.lookUp(name)) != nil
        }
    }

    /// Walks public hosts up to `position`, where the hostile one is: 0 is the address that a listing names.
    private func isBlocked(_ host: String, at position: Int) -> Bool {
        do {
            let hostile = "https://\(host)/x"
            let pass = Journey.Pass.foreign(granting: [.public], namedBy: "hub.test")
            var journey = try Journey(
                from: WebAddress(position == 0 ? hostile : "https://hub.test/0"), headers: [], secrets: [],
                pass: position == 0 ? pass : .configured)
            for step in 0..<position {
                guard !refused(journey) else { return false }
                journey.arrived(at: [HostAddress("8.8.8.8")].compactMap { $0 })
                try journey.follow(step == position - 1 ? hostile : "https://cdn\(step).test/y")
            }
            return refused(journey)
        } catch { return true }
    }

    @Test("E4 A15 every spelling is blocked at every step") func spellings() {
        let hosts = Set(Self.hostile)
        #expect(hosts.count >= 300)
        var open: [String] = []
        for host in hosts { for position in 0...3 where !isBlocked(host, at: position) { open.append("\(position) \(host)") } }
        #expect(open.isEmpty, "\(open)")
        for position in 0...3 { #expect(!isBlocked("cdn.example", at: position) && !isBlocked("8.8.8.8", at: position)) }
    }

    @Test("E4 a person's own private host may lead to its like, and to no other kind") func homeNetwork() throws {
        func reached(_ target: String, from start: String) throws -> Bool {
            var journey = try Journey(from: WebAddress(start), headers: [], secrets: [], pass: .configured)
            guard case .address(let address) = journey.here.host, !refused(journey) else { return false }
            journey.arrived(at: [address])
            try journey.follow(target)
            return !refused(journey)
        }
        #expect(try reached("http://192.168.1.9/", from: "http://192.168.1.5/") && reached("http://10.0.0.1/", from: "http://192.168.1.5/"))
        #expect(try reached("http://127.0.0.1:2/", from: "http://127.0.0.1:1/") && reached("http://8.8.8.8/", from: "http://10.0.0.1/"))
        #expect(
            try !reached("http://169.254.169.254/", from: "http://192.168.1.5/") && !reached("http://127.0.0.1/", from: "http://10.0.0.1/"))
        #expect(try !reached("http://192.168.1.5/", from: "http://127.0.0.1/") && !reached("http://0.0.0.0/", from: "http://127.0.0.1/"))
        #expect(try reached("http://8.8.8.8:81/", from: "http://8.8.8.8/") && !reached("http://127.0.0.1/", from: "http://8.8.8.8/"))
    }
}
