// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import NIOCore
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Tells the user of the other end of a connection on this machine: first its address there, then ours.
typealias OwnerOfPeer = @Sendable (Endpoint, Endpoint) -> UInt32?

/// One connection, from its opening to its end.
final class Visit: Sendable {
    let id: Int
    let listener: Listener
    let channel: any Channel
    /// The other end; `nil` on a Unix socket.
    let peer: Endpoint?
    private let own: Endpoint?
    private let caller = Mutex<Caller?>(nil)
    private let owner: OwnerOfPeer

    init(id: Int, place: Place, channel: any Channel, owner: @escaping OwnerOfPeer) {
        self.id = id
        self.owner = owner
        self.channel = channel
        peer = Self.endpoint(channel.remoteAddress)
        own = Self.endpoint(channel.localAddress)
        listener = place.listener(reachedAt: own)
    }

    /// Machines are held to a share of the connections each; programs of this one are not, for nobody could tell them apart in time.
    /// Whoever has one IPv6 address has 2⁶⁴ of them, so these count as one.
    var machine: String? {
        guard case .network = listener else { return nil }
        guard let address = peer?.address.unmapped else { return "?" }
        return address.isVersion4 ? "\(address)" : "\(address.bytes.prefix(8))"
    }

    /// For the log and for turns.
    var client: String? { peer.map { "\($0.address.unmapped)" } }

    /// Who is at the other end: looked up once, when it first matters.
    func whoAsks() -> Caller {
        if let known = caller.withLock({ $0 }) { return known }
        let found = lookUp()
        caller.withLock { $0 = found }
        return found
    }

    /// Told on a Unix socket when the connection opens.
    func isKnown(_ user: UInt32?) { caller.withLock { $0 = Caller(user: user, own: getuid()) } }

    private func lookUp() -> Caller {
        guard case .loopback = listener, let peer, let own else { return listener == .socket ? .unknown : .remote }
        return Caller(user: owner(peer, own), own: getuid())
    }

    private static func endpoint(_ address: SocketAddress?) -> Endpoint? {
        guard let address, let port = address.port, let host = address.ipAddress,
            // The zone of a link-local address (“%eth0”) is not part of it.
            let parsed = HostAddress(host.prefix { $0 != "%" })
        else { return nil }
        return Endpoint(address: parsed, port: port)
    }
}

/// Where we listen.
enum Place: Sendable {
    case socket(path: String)
    /// - endpoint: with the port that was asked for: 0 for any.
    case address(Endpoint)

    func listener(reachedAt own: Endpoint?) -> Listener {
        switch self {
        case .socket: .socket
        case .address(let endpoint) where endpoint.isLoopback: .loopback(port: own?.port ?? endpoint.port)
        case .address(let endpoint): .network(address: own?.address.unmapped, port: own?.port ?? endpoint.port)
        }
    }
}

/// The user at the other end of a Unix socket, from the kernel.
enum SocketOwner {
    #if canImport(Darwin)
        private typealias Credentials = xucred
    #else
        /// `struct ucred` of socket(7).
        private struct Credentials: Sendable {
            var process: Int32
            var cr_uid: UInt32
            var group: UInt32
        }
    #endif

    static func tell(_ visit: Visit) {
        guard let provider = visit.channel as? any SocketOptionProvider else { return visit.isKnown(nil) }
        #if canImport(Darwin)
            let (level, name) = (NIOBSDSocket.OptionLevel(rawValue: 0), NIOBSDSocket.Option(rawValue: LOCAL_PEERCRED))
        #else
            let (level, name) = (NIOBSDSocket.OptionLevel.socket, NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        #endif
        let answer: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(level: level, name: name)
        // Who cannot be told is unknown, and unknown is let in nowhere by a socket.
        answer.whenComplete { result in visit.isKnown((try? result.get())?.cr_uid) }
    }
}
