// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseKit
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One place that is listened at, whatever kind of line it has.
struct ListeningPlace: Sendable {
    let place: Place
    let run: @Sendable () async throws -> Void
    /// Takes no new connections; returns when the last one is gone.
    let stop: @Sendable () async throws -> Void
}

extension Serving {
    /// - Throws: `Failure.openAddress`, `Failure.unusableCertificate`.
    func listening(at place: Place, _ isBound: @escaping @Sendable (Endpoint?) -> Void) throws -> ListeningPlace {
        let channel = HouseChannel(place: place, doors: doors, responder: front.respond)
        guard case .address(let endpoint) = place, !endpoint.isLoopback else { return listening(channel, place, isBound) }
        // The plan has none of these without an identity; this holds should that ever change.
        guard let identity = plan.identity else { throw Failure.openAddress(endpoint, hasKey: true, hasTLS: false) }
        do { return try listening(TLSChannel(channel, tlsConfiguration: identity.configuration()), place, isBound) } catch {
            throw Failure.unusableCertificate(identity.certificate, "\(error)")
        }
    }

    private func listening(
        _ channel: some ServerChildChannel, _ place: Place, _ isBound: @escaping @Sendable (Endpoint?) -> Void
    ) -> ListeningPlace {
        var quiet = log
        quiet.logLevel = .error
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: place.bind,
                // Beyond what the doors let in nothing is even accepted.
                availableConnectionsDelegate: MaximumAvailableConnections(plan.limits.connections + 64)),
            onServerRunning: { isBound(place.bound(to: $0)) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        return ListeningPlace(place: place, run: { try await server.run() }, stop: { try await server.shutdownGracefully() })
    }

    static func explained(_ error: any Error, _ place: Place) -> any Error {
        guard let error = error as? IOError else { return error }
        switch place {
        case .socket(let path): return Failure.cannotWrite(path: path, errno: error.errnoCode)
        case .address(let endpoint):
            switch error.errnoCode {
            case EADDRINUSE: return Peers.taken(endpoint)
            case EACCES, EPERM:
                return Failure.badInput("\(endpoint) is not for us: ports below 1024 are the system's.", remedy: "Take a higher port.")
            default:
                let reason = String(cString: strerror(error.errnoCode))
                return Failure.badInput("Nothing can listen at \(endpoint): \(reason).", remedy: "Give an address of this machine.")
            }
        }
    }
}

extension Place {
    fileprivate var bind: BindAddress {
        switch self {
        case .socket(let path): .unixDomainSocket(path: path)
        case .address(let endpoint): .hostname("\(endpoint.address)", port: endpoint.port)
        }
    }

    /// - Returns: the address with its real port; `nil` for a socket.
    fileprivate func bound(to channel: any Channel) -> Endpoint? {
        switch self {
        case .socket(let path):
            // Its folder is private already; this holds where it is not.
            chmod(path, 0o600)
            return nil
        case .address(let endpoint): return Endpoint(address: endpoint.address, port: channel.localAddress?.port ?? endpoint.port)
        }
    }
}
