// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Keeps one client of the library for each way of connecting, since a client takes its proxy and its table of names once and
/// for all. Plain addresses share one; a name has one for the address that was checked, so that no second look-up can lead
/// elsewhere (the library connects to that address and still asks for, and checks, the name).
final class TransportShelf: Sendable {
    struct Route: Sendable, Hashable {
        var proxy: ProxyAddress?
        var pin: Pin?
    }

    /// A name and the address of it that was checked.
    struct Pin: Sendable, Hashable {
        var name: String
        var address: HostAddress
    }

    private struct Entry {
        let client: HTTPClient
        var lastUse: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Route: Entry] = [:]
        /// Read once: a bundle of all authorities takes some milliseconds.
        var security: TLSConfiguration?
        var isShut = false
    }

    private let policy: RetryPolicy
    private let trust: TrustedAuthorities
    private let state = Mutex(State())

    init(policy: RetryPolicy, trust: TrustedAuthorities) {
        self.policy = policy
        self.trust = trust
    }

    /// - Throws: `Failure` when the certificates that the environment names cannot be read.
    func client(for route: Route) throws -> HTTPClient {
        let now = ContinuousClock.now
        let (client, stale) = try state.withLock { state in
            guard !state.isShut else { throw CancellationError() }
            if let entry = state.entries[route] {
                state.entries[route]?.lastUse = now
                return (entry.client, [HTTPClient]())
            }
            let security = try state.security ?? trust.configuration()
            state.security = security
            let client = makeClient(for: route, security)
            let stale = Self.removeStale(&state.entries, now: now)
            state.entries[route] = Entry(client: client, lastUse: now)
            return (client, stale)
        }
        // Idle for an hour, so there is nothing that its end could break, and nobody to tell.
        for client in stale { client.shutdown { _ in } }
        return client
    }

    func shutdown() async throws {
        let clients = state.withLock { state in
            state.isShut = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.client)
        }
        for client in clients { try await client.shutdown() }
    }

    /// Delivery hosts change their addresses for ever; a process that lives for months keeps those of the last hour.
    private static func removeStale(_ entries: inout [Route: Entry], now: ContinuousClock.Instant) -> [HTTPClient] {
        guard entries.count >= 32 else { return [] }
        let stale = entries.filter { $0.value.lastUse + .seconds(3_600) < now }
        for route in stale.keys { entries[route] = nil }
        return stale.values.map(\.client)
    }

    private func makeClient(for route: Route, _ security: TLSConfiguration) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: security, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(policy.connectWithin), read: TimeAmount(min(policy.stallAfter, policy.answerWithin))))
        // One request after the other on plain connections is faster than streams of one HTTP/2 connection, and
        // reads of 1 MiB halve the processor time of a download (measured, FEASIBILITY).
        configuration.httpVersion = .http1Only
        // How often to try again is decided in one place, and it is not the connection pool.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let pin = route.pin, route.proxy == nil { configuration.dnsOverride = [pin.name: "\(pin.address)"] }
        configuration.proxy = route.proxy.map(Self.proxy)
        configuration.http1_1ConnectionDebugInitializer = Self.prepare
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Called on a new connection before anything is sent on it.
    private static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 20))
            .flatMap { channel.setOption(.maxMessagesPerRead, value: 2) }
            .flatMapThrowing {
                let pipeline = channel.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandler(AnswerGuard(), position: .after(decoder))
            }
    }

    private static func proxy(_ proxy: ProxyAddress) -> HTTPClient.Configuration.Proxy {
        switch proxy.kind {
        case .socks: return .socksServer(host: proxy.host, port: proxy.port)
        case .http:
            let parts = proxy.userInfo?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return .server(
                host: proxy.host, port: proxy.port,
                authorization: parts.map { .basic(username: $0[0], password: $0.count > 1 ? $0[1] : "") })
        }
    }
}
