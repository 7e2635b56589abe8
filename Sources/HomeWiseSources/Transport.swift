// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore
import NIOHTTP1
import Synchronization

/// HTTP as HomeWise speaks it: redirects followed by hand, secrets sent to the origin they belong to and nowhere else, hosts that
/// strangers name kept out of private networks, a short wait for a connection and a bounded one for every byte after it.
package final class Transport: Sendable {
    package let policy: RetryPolicy
    let shelf: TransportShelf
    let names: NameBook
    private let proxies: ProxySettings
    /// Hosts that redirects and listings led to, with what they may be: a transfer asks there again without walking the
    /// redirects once more, and the name may mean another address by then.
    private let learned = Mutex<[WebAddress.Host: Set<AddressClass>]>([:])

    /// - Parameters:
    ///   - environment: read for proxies (`ProxySettings`) and for certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
    ///   - lookup: tells the addresses of a name; the system's own where none is given.
    ///   - memoryOfNames: how long what it told holds.
    ///   - clients: how many hosts' connections are kept in any case.
    ///   - idle: beyond that number, those of a host without a connection for so long are given up.
    package init(
        policy: RetryPolicy = RetryPolicy(), environment: [String: String] = [:], lookup: NameLookup? = nil,
        memoryOfNames: Duration = .seconds(60), clients: Int = 32, idle: Duration = .seconds(3_600)
    ) {
        self.policy = policy
        proxies = ProxySettings(environment: environment)
        shelf = TransportShelf(policy: policy, trust: TrustedAuthorities(environment: environment), most: clients, idle: idle)
        names = NameBook(policy: policy, memory: memoryOfNames, lookup: lookup ?? SystemNames.lookup(within: policy.resolveWithin))
    }

    package func shutdown() async throws { try await shelf.shutdown() }

    struct Answer: Sendable {
        /// Where the body came from, after redirects.
        var url: URL
        var status: Int
        var headers: HTTPHeaders
        var body: HTTPClientResponse.Body
        var host: String { url.host ?? "the source" }
        func header(_ name: String) -> String? { headers.first(name: name) }
        /// For `AnswerCheck`.
        var head: AnswerHead { AnswerHead(status: status, headers.lazy.map { ($0.name, $0.value) }) }
        /// How long the source asks to be left alone, where it does.
        func retryAfter(now: Date = Date()) -> RetryAfter? {
            RetryAfter({ headers[$0] }, isLimited: status == 429 || status == 503, now: now)
        }
    }

    /// Redirects that are followed.
    static let mostHops = 10

    /// GET, redirects followed.
    ///
    /// - Parameters:
    ///   - headers: `Range`, `If-Range` and `Accept` go along every step; all others stay at the origin of `address`.
    ///   - authorization: value of `Authorization`. Like `secrets` it is sent to the exact origin of `address` (scheme, host and
    ///     port) and no more once a redirect has left it, not even when another one leads back: a stranger must not choose
    ///     what is asked for in our name.
    ///   - secrets: other headers that are one.
    ///   - namedBy: the address that a person configured and whose answer named this one; `nil` where a person named it.
    ///     Decides whether it may lead into a private network (`AddressPolicy`).
    ///   - limit: each step must have begun to answer by then; look-up of the name and connection included.
    /// - Throws: `Failure` for anything that kept an answer from coming; an answer of any status is returned. No failure shows
    ///   a query, a name, a password or a header's value.
    func get(
        _ address: String, headers: [(String, String)] = [], authorization: String? = nil, secrets: [(String, String)] = [],
        namedBy: String? = nil, within limit: Duration? = nil
    ) async throws -> Answer {
        let start = try Self.start(address, mayHoldUserInfo: authorization != nil && namedBy == nil)
        let own = secrets + (authorization.map { [("Authorization", $0)] } ?? [])
        var journey = try await Journey(from: start, headers: headers, secrets: own, pass: pass(for: start, namedBy: namedBy))
        var mayAskAgain = true
        while true {
            let response = try await step(&journey, within: limit ?? policy.answerWithin)
            let status = Int(response.status.code)
            if AnswerGuard.wantsAnotherConnection(status), mayAskAgain {
                mayAskAgain = false
            } else if [301, 302, 303, 307, 308].contains(status) {
                try journey.follow(response.headers.first(name: "Location"))
            } else {
                return try Answer(url: journey.url(), status: status, headers: response.headers, body: response.body)
            }
        }
    }

    private func step(_ journey: inout Journey, within limit: Duration) async throws -> HTTPClientResponse {
        let here = journey.here
        let proxy = try proxies.proxy(for: here)
        let (policy, request, namedBy) = (journey.policy, journey.request(), journey.namedBy)
        let host = here.host.bare
        do {
            let (addresses, response) = try await bounded(within: limit, host: host) { () -> ([HostAddress], HTTPClientResponse) in
                let addresses = try await self.addresses(of: here.host, isProxied: proxy != nil)
                if let refused = policy.firstRefused(addresses) {
                    throw Failure.forbiddenAddress(host: host, address: "\(refused)", kind: refused.addressClass, namedBy: namedBy)
                }
                return try await (addresses, self.send(request, to: here, proxy: proxy, addresses))
            }
            journey.arrived(at: addresses)
            learn(journey)
            return response
        } catch { throw failure(error, host: host) }
    }

    private func send(
        _ request: HTTPClientRequest, to here: WebAddress, proxy: ProxyAddress?, _ addresses: [HostAddress]
    ) async throws -> HTTPClientResponse {
        let pin = try await names.pin(here.host, port: here.port, of: addresses)
        let client = try shelf.client(for: .init(proxy: proxy, pin: pin))
        do { return try await client.execute(request, timeout: .hours(24)) } catch {
            throw await explained(error, here, proxy: proxy, pin: pin)
        }
    }

    /// Nobody here can look a name up for a proxy, so behind one only plain addresses are checked.
    private func addresses(of host: WebAddress.Host, isProxied: Bool) async throws -> [HostAddress] {
        switch host {
        case .address(let address): [address]
        case .name(let name): isProxied ? [] : try await names.addresses(of: name)
        }
    }

    /// What the first step may lead to.
    private func pass(for start: WebAddress, namedBy: String?) async throws -> Journey.Pass {
        guard let namedBy else {
            return learned.withLock { $0[start.host] }.map { .foreign(granting: $0, namedBy: start.host.bare) } ?? .configured
        }
        let base = try Self.start(namedBy, mayHoldUserInfo: true)
        if base.host == start.host { return .configured }
        let addresses = try await addresses(of: base.host, isProxied: proxies.proxy(for: base) != nil)
        return .foreign(granting: Set(addresses.map(\.addressClass)), namedBy: base.host.bare)
    }

    /// Bounded: a long-lived process sees many delivery hosts.
    private func learn(_ journey: Journey) {
        guard let (host, grant) = journey.learned else { return }
        learned.withLock { hosts in
            if hosts.count >= 1_000 { hosts.removeAll() }
            hosts[host] = grant
        }
    }

    private func bounded<Value: Sendable>(
        within limit: Duration, host: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw Failure.stalled(host: host, seconds: Int(limit.components.seconds))
            }
            defer { group.cancelAll() }
            // The first to end decides; there are two, so there is a first.
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private static func start(_ address: String, mayHoldUserInfo: Bool) throws -> WebAddress {
        do { return try mayHoldUserInfo ? WebAddress.configured(address).address : WebAddress(address) } catch let fault as WebAddress.Fault
        {
            throw Failure.badAddress(address, reason: fault.reason)
        }
    }
}

/// Scheme, host and port: what a secret is bound to.
struct Origin: Hashable {
    private let origin: WebAddress.Origin?
    /// What is no web address has an origin of its own.
    private let text: String?

    init(_ url: URL) {
        origin = try? WebAddress.configured(url.absoluteString).address.origin
        text = origin == nil ? url.absoluteString : nil
    }
}

extension URL {
    /// Host, and port where one is named: “hub.example:8080”.
    var authority: String { (host ?? "") + (port.map { ":\($0)" } ?? "") }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
