// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// A machine that connects for us.
public struct ProxyAddress: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Asked with CONNECT.
        case http
        /// SOCKS, version 5; the proxy looks names up.
        case socks
    }

    public let kind: Kind
    public let host: String
    public let port: Int
    /// “name:password”, for the proxy alone.
    public let userInfo: String?
}

/// Which requests go through a proxy, as the usual environment variables say it:
///
/// - `HTTPS_PROXY`, `HTTP_PROXY` (URL): for addresses of that scheme. `ALL_PROXY`: where the scheme has none of its own.
/// - `NO_PROXY` (list): names, `.suffixes`, addresses, networks (`10.0.0.0/8`), each with or without a port, or `*`.
///
/// A name in small letters goes before the one in capitals. This machine itself is never reached through a proxy.
public struct ProxySettings: Sendable, Equatable {
    private let proxies: [WebAddress.Scheme: String]
    private let exceptions: [String]

    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            for key in [name.lowercased(), name] { if let value = environment[key], !value.isEmpty { return value } }
            return nil
        }
        // Under a web server HTTP_PROXY is what a stranger's “Proxy:” header says (CVE-2016-5385).
        let plain = environment["REQUEST_METHOD"] == nil ? value("HTTP_PROXY") : environment["http_proxy"]
        var proxies: [WebAddress.Scheme: String] = [:]
        proxies[.https] = value("HTTPS_PROXY") ?? value("ALL_PROXY")
        proxies[.http] = plain ?? value("ALL_PROXY")
        self.proxies = proxies
        exceptions = (value("NO_PROXY") ?? "").split(whereSeparator: { ", \t".contains($0) }).map { $0.lowercased() }
    }

    /// The proxy that an address is reached through; `nil` for none.
    ///
    /// - Throws: `Failure` where the variable holds none that can be used.
    public func proxy(for address: WebAddress) throws -> ProxyAddress? {
        guard let text = proxies[address.scheme], !Self.isThisMachine(address.host),
            !exceptions.contains(where: { Self.covers($0, address) })
        else { return nil }
        return try Self.parse(text)
    }

    private static func isThisMachine(_ host: WebAddress.Host) -> Bool {
        switch host {
        case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
        case .address(let address): [.loopback, .unspecified].contains(address.addressClass)
        }
    }

    private static func parse(_ text: String) throws -> ProxyAddress {
        let (scheme, rest) =
            text.range(of: "://").map { (text[..<$0.lowerBound].lowercased(), text[$0.upperBound...]) } ?? ("http", text[...])
        let kind: ProxyAddress.Kind? = ["http": .http, "socks5": .socks, "socks5h": .socks, "socks": .socks][scheme]
        guard let kind, let parsed = try? WebAddress.configured("http://\(rest)") else {
            throw Failure.badInput(
                "The proxy “\(WebAddress.redacted(text))” cannot be used.",
                remedy: "Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to an address that begins with http:// or socks5://, or unset it.")
        }
        guard kind == .http || parsed.userInfo == nil else {
            throw Failure.badInput(
                "The SOCKS proxy \(parsed.address.host) cannot be given a name and password.",
                remedy: "Use one that needs none, or an HTTP proxy.")
        }
        let named = rest.prefix { $0 != "/" }.hasSuffix(":\(parsed.address.port)")
        return ProxyAddress(
            kind: kind, host: parsed.address.host.bare, port: named ? parsed.address.port : (kind == .socks ? 1080 : 80),
            userInfo: parsed.userInfo.map { $0.removingPercentEncoding ?? $0 })
    }

    private static func covers(_ exception: String, _ address: WebAddress) -> Bool {
        if exception == "*" { return true }
        guard let (name, port) = split(exception), port == nil || port == address.port else { return false }
        switch address.host {
        case .name(let host):
            let suffix = name.hasPrefix("*.") ? name.dropFirst(2) : name.hasPrefix(".") ? name.dropFirst() : name[...]
            return !suffix.isEmpty && (host == suffix || host.hasSuffix("." + suffix))
        case .address(let host):
            return HostAddress(name) == host || Self.network(name).map { Self.contains($0, host) } ?? false
        }
    }

    /// “name:port”, “[v6]:port”, “v6” or “name”.
    private static func split(_ text: String) -> (name: String, port: Int?)? {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let port = text[text.index(after: end)...]
            return (String(text[..<end].dropFirst()), port.isEmpty ? nil : Int(port.dropFirst()) ?? -1)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), Int(parts[1]) ?? -1) : (text, nil)
    }

    private static func network(_ text: String) -> (HostAddress, Int)? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = HostAddress(parts[0]), let length = Int(parts[1]), (0...base.bytes.count * 8).contains(length)
        else {
            return nil
        }
        return (base, length)
    }

    private static func contains(_ network: (base: HostAddress, length: Int), _ address: HostAddress) -> Bool {
        guard network.base.bytes.count == address.bytes.count else { return false }
        return (0..<network.length).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return network.base.bytes[bit / 8] & mask == address.bytes[bit / 8] & mask
        }
    }
}

extension WebAddress.Host {
    /// Without the brackets that an IPv6 address has inside a URL.
    public var bare: String {
        switch self {
        case .name(let name): name
        case .address(let address): "\(address)"
        }
    }
}
