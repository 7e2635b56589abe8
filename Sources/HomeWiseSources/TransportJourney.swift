// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOHTTP1

/// One request with the redirects that it meets: decides at each step what may be sent and where it may lead.
struct Journey: Sendable {
    /// Whether a person named the first host, or who did.
    enum Pass: Sendable {
        case configured
        case foreign(granting: Set<AddressClass>, namedBy: String)
    }

    private let start: WebAddress
    private let headers: [(String, String)]
    private let secrets: [(String, String)]
    private let pass: Pass
    private(set) var here: WebAddress
    /// As it may be shown.
    private(set) var chain: [String]
    private var isAtHome = true
    private var grant: Set<AddressClass>

    /// - Throws: `Failure` for headers that would break out of their line.
    init(from start: WebAddress, headers: [(String, String)], secrets: [(String, String)], pass: Pass) throws {
        for (name, value) in headers + secrets { try Self.check(name, value) }
        self.start = start
        self.headers = headers
        self.secrets = secrets
        self.pass = pass
        here = start
        chain = [start.shown]
        grant = if case .foreign(let classes, _) = pass { classes } else { [] }
    }

    /// What a new request needs wherever it goes; everything else is bound to where it began.
    private static let carried: Set = ["range", "if-range", "accept"]

    /// Built from nothing at every step: a header that is not named here is not sent.
    func request() -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(here)")
        request.headers = HTTPHeaders([("User-Agent", "homewise"), ("Accept-Encoding", "identity")])
        for (name, value) in headers where isAtHome || Self.carried.contains(name.lowercased()) {
            request.headers.add(name: name, value: value)
        }
        if isAtHome { for (name, value) in secrets { request.headers.add(name: name, value: value) } }
        return request
    }

    /// - Throws: `Failure.insecureRedirect` for a step from https down, or away from the web; `badReply` for no target or one too many.
    mutating func follow(_ location: String?) throws {
        let host = here.host.bare
        let target: WebAddress
        do { target = try here.resolving(location ?? "") } catch let fault as WebAddress.Fault {
            if fault.isScheme { throw Failure.insecureRedirect(from: host, to: WebAddress.redacted(location ?? "")) }
            throw Failure.badReply(host: host, "a redirect whose target cannot be used (\(fault.reason))").adding("retry", "no")
        }
        guard target.scheme == .https || here.scheme == .http else { throw Failure.insecureRedirect(from: host, to: target.shown) }
        here = target
        chain.append(target.shown)
        if target.origin != start.origin { isAtHome = false }
        guard chain.count <= Transport.mostHops + 1 else { throw Failure.tooManyRedirects(host: start.host.bare, chain: chain) }
    }

    private var isConfigured: Bool { if case .configured = pass { true } else { false } }
    private var isFirst: Bool { chain.count == 1 }

    var policy: AddressPolicy {
        isConfigured && here.host == start.host ? .configured : .foreign(granting: grant)
    }

    /// Who is to blame for where this step leads.
    var namedBy: String {
        if case .foreign(_, let name) = pass, isFirst { return name }
        return start.host.bare
    }

    /// A private host that a person named may send to others of its kind.
    mutating func arrived(at addresses: [HostAddress]) {
        if isFirst, isConfigured { grant = Set(addresses.map(\.addressClass)) }
    }

    /// A host that only strangers have named, with what it may be.
    var learned: (WebAddress.Host, Set<AddressClass>)? {
        here.host == start.host && isConfigured ? nil : (here.host, grant)
    }

    /// - Throws: `Failure`, should the library's parser not take what ours wrote.
    func url() throws -> URL {
        guard let url = URL(string: "\(here)") else { throw Failure.badAddress(here.shown, reason: "it cannot be read") }
        return url
    }

    private static func check(_ name: String, _ value: String) throws {
        let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
        guard isName, value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }) else {
            throw Failure.badInput(
                "The header “\(name.filter { $0.isASCII && ($0.isLetter || $0 == "-") })” cannot be sent: it holds a control character.",
                remedy: "Check the token or the name and password for a line break.")
        }
    }
}
