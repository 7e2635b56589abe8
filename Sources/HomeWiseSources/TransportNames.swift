// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import NIOCore
import NIOPosix
import Synchronization

/// Tells the addresses of a name, in the order in which they are to be tried.
package typealias NameLookup = @Sendable (String) async throws -> [HostAddress]

/// Looks names up once for all who ask, and remembers for a while what was found and which address answered.
actor NameBook {
    private struct Entry {
        var addresses: [HostAddress]
        var until: ContinuousClock.Instant
    }

    private let policy: RetryPolicy
    private let memory: Duration
    private let lookup: NameLookup
    private var entries: [String: Entry] = [:]
    private let lookups = SharedWork<[HostAddress]>()
    private let races = SharedWork<HostAddress>()
    /// The address of a name and port that answered last.
    private var answering: [String: HostAddress] = [:]

    init(policy: RetryPolicy, memory: Duration, lookup: @escaping NameLookup) {
        self.policy = policy
        self.memory = memory
        self.lookup = lookup
    }

    /// - Throws: `Failure.noRoute` for a name that nobody knows.
    func addresses(of name: String) async throws -> [HostAddress] {
        if let entry = entries[name], entry.until > .now { return entry.addresses }
        let addresses = try await lookups.run(name) { [lookup] in try await lookup(name) }
        guard !addresses.isEmpty else { throw Failure.noRoute(host: name, reason: "the name has no address") }
        if entries.count >= 1_000 { entries = [:] }
        entries[name] = Entry(addresses: addresses, until: .now + memory)
        return addresses
    }

    /// The one address that connections to a name go to. Where there are several, they are tried side by side (RFC 8305), so
    /// that a dead one costs a quarter of a second and not the whole patience.
    ///
    /// - Returns: `nil` where the host is an address already, or where a proxy looks it up.
    func pin(_ host: WebAddress.Host, port: Int, of addresses: [HostAddress]) async throws -> TransportShelf.Pin? {
        guard case .name(let name) = host, let first = addresses.first else { return nil }
        guard addresses.count > 1 else { return .init(name: name, address: first) }
        let key = "\(name):\(port)"
        if let known = answering[key], addresses.contains(known) { return .init(name: name, address: known) }
        let race = AddressRace(addresses: addresses, port: port)
        let found = try await races.run("\(key) \(addresses)") { [policy] in try await race.winner(name: name, within: policy.connectWithin)
        }
        if answering.count >= 1_000 { answering = [:] }
        answering[key] = found
        return .init(name: name, address: found)
    }

    /// An address that does not answer any more is not the one to go to.
    func forget(_ pin: TransportShelf.Pin) {
        entries[pin.name] = nil
        for (key, address) in answering where address == pin.address && key.hasPrefix("\(pin.name):") { answering[key] = nil }
    }
}

/// Does a thing once for all who ask for it at the same time. Whoever gives up ends it; those who still wait begin it anew.
actor SharedWork<Value: Sendable> {
    private var underWay: [String: Task<Value, any Error>] = [:]

    func run(_ key: String, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        while true {
            let task = underWay[key] ?? Task { try await body() }
            underWay[key] = task
            defer { if underWay[key] == task { underWay[key] = nil } }
            do {
                return try await withTaskCancellationHandler {
                    try await task.value
                } onCancel: {
                    task.cancel()
                }
            } catch is CancellationError { try Task.checkCancellation() }
        }
    }
}

/// Connects to several addresses of one name side by side and keeps the first that answers.
struct AddressRace {
    let addresses: [HostAddress]
    let port: Int

    func winner(name: String, within limit: Duration) async throws -> HostAddress {
        let group = MultiThreadedEventLoopGroup.singleton
        let resolver = CheckedAddresses(addresses: addresses, port: port, loop: group.next())
        let channel = try await ClientBootstrap(group: resolver.loop).resolver(resolver).connectTimeout(TimeAmount(limit))
            .connect(host: name, port: port).get()
        let address = channel.remoteAddress?.ipAddress.flatMap { HostAddress($0.prefix { $0 != "%" }) }
        // Closed without a byte: it has told what it was for.
        channel.close(promise: nil)
        guard let address, addresses.contains(address) else { throw Failure.noRoute(host: name, reason: "the connection leads elsewhere") }
        return address
    }

    /// Gives the library's race only what was checked.
    private struct CheckedAddresses: Resolver {
        let addresses: [HostAddress]
        let port: Int
        let loop: any EventLoop

        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { sockets { $0.isVersion4 } }
        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { sockets { !$0.isVersion4 } }
        func cancelQueries() {}

        private func sockets(_ isWanted: (HostAddress) -> Bool) -> EventLoopFuture<[SocketAddress]> {
            do {
                return loop.makeSucceededFuture(try addresses.filter(isWanted).map { try SocketAddress(ipAddress: "\($0)", port: port) })
            } catch { return loop.makeFailedFuture(error) }
        }
    }
}
