// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What kind of place an address is, by the registries of special-purpose addresses (RFC 6890 and its successors).
public enum AddressClass: String, Sendable, Hashable, CaseIterable {
    /// Reached by everybody alike.
    case `public`
    case loopback
    /// 10/8, 172.16/12, 192.168/16, fc00::/7 and what else belongs to one network alone.
    case `private`
    /// 169.254/16 and fe80::/10: among them the addresses where clouds hand out the machine's own keys.
    case linkLocal
    /// 100.64/10, between a provider and its customers.
    case shared
    /// 0/8 and `::`; a connection to it ends on this very machine.
    case unspecified
    case multicast
    case documentation
    case benchmark
    /// Not given out, or out of use (6to4, Teredo, 240/4).
    case reserved
}

extension HostAddress {
    /// An IPv6 address that carries an IPv4 address within is as public as that one: a gateway leads there.
    public var addressClass: AddressClass { isVersion4 ? Self.version4Class(bytes) : version6Class }

    private static func version4Class(_ bytes: [UInt8]) -> AddressClass {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _): .unspecified
        case (10, _, _), (172, 16...31, _), (192, 168, _): .private
        case (100, 64...127, _): .shared
        case (127, _, _): .loopback
        case (169, 254, _): .linkLocal
        case (192, 0, 2), (198, 51, 100), (203, 0, 113): .documentation
        case (198, 18...19, _): .benchmark
        case (192, 0, 0), (192, 88, 99), (240..., _, _): .reserved
        case (224..., _, _): .multicast
        default: .public
        }
    }

    private var version6Class: AddressClass {
        if let embedded { return embedded }
        switch (bytes[0], bytes[1]) {
        case (0xfe, 0x80...0xbf): return .linkLocal
        case (0xfc...0xfd, _), (0xfe, 0xc0...0xff): return .private
        case (0xff, _): return .multicast
        case (0x20, 0x01): return Self.class2001(bytes)
        case (0x3f, 0xff) where bytes[2] < 0x10: return .documentation
        case (0x20...0x3f, _): return .public
        default: return .reserved
        }
    }

    private static func class2001(_ bytes: [UInt8]) -> AddressClass {
        switch (bytes[2], bytes[3]) {
        case (0x0d, 0xb8): .documentation
        case (0x00, 0x02) where bytes[4] == 0 && bytes[5] == 0: .benchmark
        // Teredo, ORCHID and the rest of the protocol assignments.
        case (0x00...0x01, _): .reserved
        default: .public
        }
    }

    /// The class that the embedded IPv4 address gives to forms that have one.
    private var embedded: AddressClass? {
        let end = Self.version4Class(Array(bytes[12...]))
        if bytes[..<12].allSatisfy({ $0 == 0 }) {
            if bytes[12...] == [0, 0, 0, 0] { return .unspecified }
            if bytes[12...] == [0, 0, 0, 1] { return .loopback }
            return end == .public ? .reserved : end
        }
        // ::ffff:a.b.c.d, ::ffff:0:a.b.c.d and 64:ff9b::a.b.c.d lead to the IPv4 address itself.
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff { return end }
        if bytes[..<8].allSatisfy({ $0 == 0 }), bytes[8...11] == [0xff, 0xff, 0, 0] { return end }
        if bytes[..<12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0] { return end }
        if bytes[..<6] == [0, 0x64, 0xff, 0x9b, 0, 1] { return .private }
        if bytes[..<2] == [0x20, 0x02] {
            let inner = Self.version4Class(Array(bytes[2...5]))
            return inner == .public ? .reserved : inner
        }
        return nil
    }
}

/// Which addresses a host may lead to. What a person typed or configured may be anywhere: mirrors at home are welcome. A host
/// that somebody else named (a redirect, a listing) may lead to public addresses, and to such as the person's own host has:
/// so no page on the web sends this program into a home network, and a mirror at home may still spread over two machines.
public struct AddressPolicy: Sendable, Equatable {
    /// `nil`: a person named the host.
    private let granted: Set<AddressClass>?

    public static let configured = AddressPolicy(granted: nil)

    /// - Parameter classes: of the addresses of the host that a person named, and that led here.
    public static func foreign(granting classes: Set<AddressClass>) -> AddressPolicy {
        AddressPolicy(granted: classes.union([.public]))
    }

    public func permits(_ address: HostAddress) -> Bool { granted?.contains(address.addressClass) ?? true }

    /// Every address counts, not only the one that would be used: else a name with a public and a private one gets through by luck.
    public func firstRefused(_ addresses: [HostAddress]) -> HostAddress? { addresses.first { !permits($0) } }
}
