// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which connections there are, and who gives way when there are too many: never one that is being served, and of the others the one
/// that has waited longest. So whoever opens thousands and says nothing makes room for whoever comes with a request.
public struct ConnectionBoard: Sendable {
    public enum Arrival: Equatable, Sendable {
        case admitted
        /// The other one is closed for it.
        case admittedInsteadOf(Int)
        case refused
    }

    private struct Connection {
        var client: String?
        /// When its present wait began, in the order of all; `nil` while it is served.
        var waitsSince: Int?
    }

    private let total: Int
    private let perClient: Int
    private var connections: [Int: Connection] = [:]
    private var order = 0

    public init(total: Int, perClient: Int) { (self.total, self.perClient) = (total, perClient) }

    public var count: Int { connections.count }

    /// - Parameter client: who is held to a share of its own; `nil` for whoever is held to the total alone.
    public mutating func arrived(_ id: Int, client: String?) -> Arrival {
        var arrival = Arrival.admitted
        if let client, connections.values.count(where: { $0.client == client }) >= perClient {
            guard let victim = oldest(where: { $0.client == client }) else { return .refused }
            arrival = .admittedInsteadOf(victim)
        } else if connections.count >= total {
            guard let victim = oldest(where: { _ in true }) else { return .refused }
            arrival = .admittedInsteadOf(victim)
        }
        if case .admittedInsteadOf(let victim) = arrival { connections[victim] = nil }
        connections[id] = Connection(client: client, waitsSince: next())
        return arrival
    }

    public mutating func isServed(_ id: Int) { connections[id]?.waitsSince = nil }

    public mutating func waits(_ id: Int) {
        let now = next()
        connections[id]?.waitsSince = now
    }

    public mutating func left(_ id: Int) { connections[id] = nil }

    private mutating func next() -> Int {
        order &+= 1
        return order
    }

    private func oldest(where isMeant: (Connection) -> Bool) -> Int? {
        var oldest: (id: Int, since: Int)?
        for (id, connection) in connections where isMeant(connection) {
            guard let since = connection.waitsSince, since < oldest?.since ?? .max else { continue }
            oldest = (id, since)
        }
        return oldest?.id
    }
}
