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
        let use: Use
    }

    /// Whether a client is in use, and until when it was: told by its connections, which outlive the request that opened them, and
    /// are closed some seconds after the last byte that came over them.
    private final class Use: Sendable {
        private let state: Mutex<(connections: Int, last: ContinuousClock.Instant)>

        init(now: ContinuousClock.Instant) { state = Mutex((0, now)) }

        func asked(at now: ContinuousClock.Instant) { state.withLock { $0.last = now } }
        func opened() { state.withLock { $0.connections += 1 } }
        func closed() { state.withLock { $0 = ($0.connections - 1, .now) } }
        func isOver(since moment: ContinuousClock.Instant) -> Bool { state.withLock { $0.connections == 0 && $0.last < moment } }
    }

    private struct State {
        var entries: [Route: Entry] = [:]
        /// Read once: a bundle of all authorities takes some milliseconds.
        var security: TLSConfiguration?
        var isShut = false
    }

    private let policy: RetryPolicy
    private let trust: TrustedAuthorities
    private let most: Int
    private let idle: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - most: clients that are kept whether they are used or not.
    ///   - idle: beyond that number, one without a connection for so long is given up.
    init(policy: RetryPolicy, trust: TrustedAuthorities, most: Int, idle: Duration) {
        self.policy = policy
        self.trust = trust
        self.most = most
        self.idle = idle
    }

    /// - Throws: `Failure` when the certificates that the environment names cannot be read.
    func client(for route: Route) throws -> HTTPClient {
        let now = ContinuousClock.now
        let (client, stale) = try state.withLock { state in
            guard !state.isShut else { throw CancellationError() }
            if let entry = state.entries[route] {
                entry.use.asked(at: now)
                return (entry.client, [HTTPClient]())
            }
            let security = try state.security ?? trust.configuration()
            state.security = security
            let use = Use(now: now)
            let client = makeClient(for: route, security, use)
            let stale = removeStale(&state.entries, now: now)
            state.entries[route] = Entry(client: client, use: use)
            return (client, stale)
        }
        // Without a connection for an hour, so there is nothing that its end could break, and nobody to tell.
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
    private func removeStale(_ entries: inout [Route: Entry], now: ContinuousClock.Instant) -> [HTTPClient] {
        guard entries.count >= most else { return [] }
        let stale = entries.filter { $0.value.use.isOver(since: now - idle) }
        for route in stale.keys { entries[route] = nil }
        return stale.values.map(\.client)
    }

    private func makeClient(for route: Route, _ security: TLSConfiguration, _ use: Use) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: security, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(policy.connectWithin), read: TimeAmount(min(policy.stallAfter, policy.answerWithin))))
        // One request after the other on plain connections is faster than streams of one HTTP/2 connection (measured).
        configuration.httpVersion = .http1Only
        // How often to try again is decided in one place, and it is not the connection pool.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let pin = route.pin, route.proxy == nil { configuration.dnsOverride = [pin.name: "\(pin.address)"] }
        configuration.proxy = route.proxy.map(Self.proxy)
        configuration.http1_1ConnectionDebugInitializer = { channel in
            use.opened()
            channel.closeFuture.whenComplete { _ in use.closed() }
            return Self.prepare(channel)
        }
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// How much is read from a connection at once. On a plain one large reads halve the processor time; still larger ones take
    /// memory and save nothing (measured).
    private static let plainReads: (bytes: Int, atOnce: UInt) = (512 << 10, 2)
    /// On an encrypted one nothing is gained by them and much is lost: all that is read in one go is decrypted into one buffer, which
    /// doubles until it has room for one record more, and is copied as a whole each time, since whoever has the last one still reads
    /// it. With room for a record left, the buffer stays at 128 KiB.
    private static let secureReads: (bytes: Int, atOnce: UInt) = ((128 - 16) << 10, 1)

    /// Called on a new connection before anything is sent on it.
    private static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit { isSecure(channel) ? secureReads : plainReads }
            .flatMap { reads in
                channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: reads.bytes))
                    .flatMap { channel.setOption(.maxMessagesPerRead, value: reads.atOnce) }
            }
            .flatMapThrowing {
                let pipeline = channel.pipeline.syncOperations
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandler(AnswerGuard(), position: .after(decoder))
            }
    }

    private static func isSecure(_ channel: any Channel) -> Bool {
        do { _ = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self) } catch { return false }
        return true
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
