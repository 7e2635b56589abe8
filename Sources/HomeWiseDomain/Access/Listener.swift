// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The place that a request came in by.
public enum Listener: Sendable, Equatable {
    /// A Unix socket, which no browser reaches.
    case socket
    /// An address that only programs of this machine reach.
    case loopback(port: Int)
    /// Any other address, always with TLS: the address that was reached, and the port.
    case network(address: HostAddress?, port: Int)

    var port: Int? {
        switch self {
        case .socket: nil
        case .loopback(let port), .network(_, let port): port
        }
    }

    var scheme: String { if case .network = self { "https" } else { "http" } }
}

/// Who is at the other end of a connection.
public enum Caller: String, Sendable, Equatable, Codable {
    /// A program of the person whose models these are.
    case sameUser = "same_user"
    /// A program of somebody else on this machine. Root counts as one: what runs as root for others (a container's proxy) carries their
    /// requests.
    case otherUser = "other_user"
    /// A program on this machine whose owner cannot be told.
    case unknown
    case remote

    /// - Parameters:
    ///   - user: owner of the other end; `nil` where it cannot be told.
    ///   - own: who we are.
    public init(user: UInt32?, own: UInt32) { self = user.map { $0 == own ? .sameUser : .otherUser } ?? .unknown }
}

/// What a route asks of who uses it.
public struct RouteRule: Sendable, Equatable {
    public static let json = ["application/json"]

    public var scope: AccessScope
    public var isChanging: Bool
    /// Types that a body may have.
    public var mediaTypes: [String]
    /// Bytes that a body may have.
    public var longestBody: Int

    public init(scope: AccessScope, isChanging: Bool, mediaTypes: [String] = RouteRule.json, longestBody: Int) {
        self.scope = scope
        self.isChanging = isChanging
        self.mediaTypes = mediaTypes
        self.longestBody = longestBody
    }

    /// For what is no route: whoever may not even hear that there is none is told nothing.
    public static let none = RouteRule(scope: .open, isChanging: false, longestBody: .max)
}
