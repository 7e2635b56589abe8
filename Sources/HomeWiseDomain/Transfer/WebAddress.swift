// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An address on the web, read once and strictly. Its text is in a form that every parser reads alike, so what was checked is
/// what is connected to.
public struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable {
        case http
        case https

        public var standardPort: Int { self == .https ? 443 : 80 }
    }

    public enum Host: Sendable, Hashable, CustomStringConvertible {
        /// In small letters, without a dot at its end.
        case name(String)
        case address(HostAddress)

        public var description: String {
            switch self {
            case .name(let name): name
            case .address(let address): address.isVersion4 ? "\(address)" : "[\(address)]"
            }
        }
    }

    /// What a secret is bound to.
    public struct Origin: Sendable, Hashable, CustomStringConvertible {
        public let scheme: Scheme
        public let host: Host
        public let port: Int

        public var description: String { "\(scheme)://\(host)" + (port == scheme.standardPort ? "" : ":\(port)") }
    }

    /// Why a text is no web address, as the end of a sentence.
    public struct Fault: Error, Equatable {
        public let reason: String
        /// `file:`, `data:`, `unix:` and whatever else is not the web.
        static let scheme = Fault(reason: "it does not begin with https:// or http://")
        public var isScheme: Bool { self == .scheme }
    }

    public let origin: Origin
    /// Begins with a slash; percent-encoded.
    public let path: String
    /// Without the question mark. Often a signature: never shown.
    public let query: String?

    public var scheme: Scheme { origin.scheme }
    public var host: Host { origin.host }
    public var port: Int { origin.port }

    /// All of it, for a request alone. People are shown `shown`.
    public var description: String { shown + (query.map { "?\($0)" } ?? "") }
    /// Without the query.
    public var shown: String { "\(origin)\(path)" }

    init(origin: Origin, path: String, query: String?) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// - Throws: `Fault`; a name and password in the address are one.
    public init(_ text: String) throws {
        let parts = try Parts(text)
        guard parts.userInfo == nil else { throw Fault(reason: "it holds a name and password") }
        try self.init(parts)
    }

    /// An address that a person configured, which may hold a name and a password for its own origin.
    public static func configured(_ text: String) throws -> (address: WebAddress, userInfo: String?) {
        let parts = try Parts(text)
        return try (WebAddress(parts), parts.userInfo.map(String.init))
    }

    private init(_ parts: Parts) throws {
        let (host, port) = try Self.authority(parts.authority)
        origin = Origin(scheme: parts.scheme, host: host, port: port ?? parts.scheme.standardPort)
        path = Self.withoutDots(Self.encoded(parts.path.isEmpty ? "/" : parts.path))
        query = parts.query.map { Self.encoded($0) }
    }
}

/// The text, cut where RFC 3986 cuts it.
private struct Parts {
    let scheme: WebAddress.Scheme
    let userInfo: Substring?
    let authority: Substring
    let path: Substring
    let query: Substring?

    init(_ text: String) throws {
        try WebAddress.check(text)
        // Bytes, not characters: every range of a transfer comes through here.
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), let scheme = WebAddress.Scheme(rawValue: text[..<colon].lowercased())
        else {
            throw WebAddress.Fault.scheme
        }
        guard bytes[colon...].starts(with: "://".utf8) else { throw WebAddress.Fault(reason: "it names no host") }
        self.scheme = scheme
        let start = bytes.index(colon, offsetBy: 3)
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        let rest = bytes[start..<end]
        let slash = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? end
        let question = rest[slash...].firstIndex(of: UInt8(ascii: "?"))
        path = text[slash..<(question ?? end)]
        query = question.map { text[bytes.index(after: $0)..<end] }
        let at = rest[..<slash].lastIndex(of: UInt8(ascii: "@"))
        userInfo = at.map { text[start..<$0] }
        authority = text[(at.map { bytes.index(after: $0) } ?? start)..<slash]
    }
}

extension WebAddress {
    /// Bytes that no address may have: they end headers and lines, or are a slash to some parsers and none to others.
    static func check(_ text: String) throws {
        guard text.utf8.count <= 16_384 else { throw Fault(reason: "it is too long") }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw Fault(reason: "it holds a control character") }
        guard !text.utf8.contains(UInt8(ascii: "\\")) else { throw Fault(reason: "it holds a backslash") }
    }

    private static func authority(_ text: Substring) throws -> (Host, Int?) {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]"), let address = HostAddress(text[..<end].dropFirst()), !address.isVersion4 else {
                throw Fault(reason: "the IPv6 address in it is none")
            }
            return try (.address(address), port(text[text.index(after: end)...]))
        }
        let name = text.prefix { $0 != ":" }
        return try (host(name), port(text[name.endIndex...]))
    }

    private static func port(_ text: Substring) throws -> Int? {
        guard !text.isEmpty, text != ":" else { return nil }
        guard text.first == ":", let port = ContentRange.number(text.dropFirst()), (1...65_535).contains(port) else {
            throw Fault(reason: "the port in it is none")
        }
        return Int(port)
    }

    private static func host(_ text: Substring) throws -> Host {
        // Some letters from afar (K, the Kelvin sign) are plain ones once lowered.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw Fault(reason: "the name of the host in it is none (give its xn-- form)") }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let address = HostAddress(name) { return .address(address) }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy({ isLabel($0) }), let last = labels.last else {
            throw Fault(reason: "the name of the host in it is none")
        }
        // What ends in a number is an IPv4 address to some resolvers, in one of many spellings.
        guard !last.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), !(last.hasPrefix("0x") && last.dropFirst(2).utf8.allSatisfy(HostAddress.isHex))
        else { throw Fault(reason: "the IPv4 address in it is not written as four plain numbers") }
        return .name(name)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f }
    }

    /// Leaves what RFC 3986 allows as it is (a signature must not change), and encodes the rest.
    private static func encoded(_ text: Substring) -> String {
        if text.utf8.allSatisfy({ isAllowed($0) }) { return String(text) }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 16)
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count && HostAddress.isHex(bytes[index + 1])
                && HostAddress.isHex(bytes[index + 2])
            if isEscape || isAllowed(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x37 + nibble }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        // -._~ !$&'()*+,;= :@/?
        case 0x2d, 0x2e, 0x5f, 0x7e, 0x21, 0x24, 0x26...0x2c, 0x3b, 0x3d, 0x3a, 0x40, 0x2f, 0x3f: true
        default: false
        }
    }
}
