// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An address of this machine or another, and a port.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    public let address: HostAddress
    /// 0 for one that the system picks.
    public let port: Int

    public init(address: HostAddress, port: Int) { (self.address, self.port) = (address, port) }

    /// “127.0.0.1:8484”, “[::1]:8484” or “localhost:8484”. Other names are none: what they stand for may change after it was looked at.
    ///
    /// - Throws: `Failure.badInput`.
    public init(parsing text: String) throws {
        guard let authority = Authority(text), let port = authority.port, let address = authority.address ?? authority.loopback else {
            throw Failure.badInput(
                "“\(text.prefix(60))” is no address to listen at.",
                remedy: "Give an address and a port, such as 127.0.0.1:8484 or [::1]:8484.")
        }
        self.init(address: address, port: port)
    }

    public var description: String { (address.isVersion4 ? "\(address)" : "[\(address)]") + ":\(port)" }

    /// Whether only programs of this machine reach it.
    public var isLoopback: Bool { address.isLoopback }
}

extension HostAddress {
    public static let localhost4 = HostAddress(bytes: [127, 0, 0, 1])
    public static let localhost6 = HostAddress(bytes: [UInt8](repeating: 0, count: 15) + [1])

    /// 127.0.0.0/8 and ::1. An IPv4 address written as IPv6 is none: nobody who means loopback writes it so.
    public var isLoopback: Bool { isVersion4 ? bytes[0] == 127 : self == .localhost6 }

    /// The IPv4 address that an IPv6 one stands for (`::ffff:0:0/96`), which is how a socket for both sees it.
    public var unmapped: HostAddress {
        guard bytes.count == 16, bytes[..<12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] else { return self }
        return HostAddress(bytes: Array(bytes[12...])) ?? self
    }
}

/// What stands between the scheme and the path: a name or an address, and perhaps a port. Read strictly, in small letters.
public struct Authority: Sendable, Hashable {
    /// A name as DNS writes it, without a dot at its end; `nil` where it is an address.
    public let name: String?
    public let address: HostAddress?
    public let port: Int?

    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 261 else { return nil }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), let address = HostAddress(text[text.index(after: text.startIndex)..<end]),
                !address.isVersion4, let port = Self.port(after: text[text.index(after: end)...])
            else { return nil }
            (name, self.address, self.port) = (nil, address, port)
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            guard let port = Self.port(after: text[end...]) else { return nil }
            self.port = port
            address = HostAddress(text[..<end])
            name = address == nil ? Self.name(text[..<end]) : nil
            guard address != nil || name != nil else { return nil }
        }
    }

    /// The address that “localhost” always stands for (RFC 6761).
    var loopback: HostAddress? { name == "localhost" ? .localhost4 : nil }

    /// - Returns: `nil` for what is no port; a `nil` within where there is none.
    private static func port(after text: some StringProtocol) -> Int?? {
        guard !text.isEmpty else { return .some(nil) }
        let digits = text.dropFirst()
        guard text.first == ":", (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            digits == "0" || digits.first != "0", let port = Int(digits), port <= 65_535
        else { return nil }
        return port
    }

    private static func name(_ text: some StringProtocol) -> String? {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let areSound = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0 || $0 == 0x2d || $0 == 0x5f }
        }
        // What ends in a number is an address that somebody wrote oddly.
        guard areSound, let last = labels.last, !last.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return text.lowercased()
    }
}
