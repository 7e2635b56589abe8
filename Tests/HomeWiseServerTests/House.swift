// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import HomeWiseTesting
import Hummingbird
import Logging
import Synchronization

@testable import HomeWiseServer

/// A house without models, served on loopback, that counts what reaches its routes.
final class House: Sendable {
    let keys: KeyDesk
    let routes: RouteTable
    let drain = Drain()
    let socket = TemporaryFolder.path + "/s.sock"
    private let counted = Atomic(0)
    private let ports = Mutex<[Endpoint]>([])

    var calls: Int { counted.load(ordering: .sequentiallyConsistent) }
    var port: Int { ports.withLock { $0.last?.port ?? 0 } }
    /// All that is served, of us and of the tests.
    var places: [(method: String, path: String, isChanging: Bool, scope: AccessScope)] {
        routes.routes.map { route in
            let path = route.path.split(separator: "/").map { $0.hasPrefix(":") ? "x" : String($0) }.joined(separator: "/")
            return (route.method.rawValue, "/" + path, route.isChanging, route.scope)
        }
    }

    private init(_ routes: RouteTable, _ keys: KeyDesk) { (self.routes, self.keys) = (routes, keys) }

    /// - Parameters:
    ///   - isCounting: routes do nothing but count; otherwise they are the real ones.
    ///   - caller: whose programs ask; `nil` for what the system says.
    static func open(
        isCounting: Bool = true, at endpoints: [String] = ["127.0.0.1:0"], policy: AccessPolicy = AccessPolicy(),
        limits: ServerLimits = ServerLimits(), identity: ServerIdentity? = nil, caller: UInt32? = nil, more: RouteTable = RouteTable(),
        _ body: @escaping @Sendable (House) async throws -> Void
    ) async throws {
        let world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path])
        try await HomeWise.open(world) { house in
            try await house.withResidency { residency in
                let server = HouseServer(
                    residency: residency, feed: LoadFeed(), hello: .init(version: "test", pid: 1, home: "SECRETPLACE"), keys: house.keyDesk
                ) { _ in nil }
                var table = server.routes
                for route in more.routes { table.add(route) }
                let served = House(table, house.keyDesk)
                var plan = try ServingPlan(
                    socket: served.socket,
                    listen: ListenPlan(endpoints.map { try Endpoint(parsing: $0) }, hasKey: true, hasTLS: identity != nil),
                    identity: identity)
                (plan.policy, plan.limits) = (policy, limits)
                let routes = isCounting ? served.counting() : table
                let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let serving =
                    caller.map { user in Serving(routes: routes, plan: plan, keys: house.keyDesk, log: log) { _, _ in user } }
                    ?? Serving(routes: routes, plan: plan, keys: house.keyDesk, log: log)
                try await run(serving, served, body)
            }
        }
    }

    private static func run(_ serving: Serving, _ house: House, _ body: @escaping @Sendable (House) async throws -> Void) async throws {
        let (ready, tell) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { tell.finish() }
                try await serving.run(until: house.drain) { endpoints in
                    house.ports.withLock { $0 = endpoints }
                    tell.yield()
                }
            }
            for await _ in ready { break }
            guard house.port != 0 else { return try await group.next() ?? () }
            try await body(house)
            group.cancelAll()
        }
    }

    private func counting() -> RouteTable {
        var table = RouteTable()
        for route in routes.routes {
            table.add(
                Route(
                    method: route.method, path: route.path, scope: route.scope, dialect: route.dialect, longestBody: route.longestBody,
                    mediaTypes: route.mediaTypes
                ) { [self] _, _ in
                    counted.add(1, ordering: .sequentiallyConsistent)
                    return try Reply.json(["reached": "SECRETPLACE"])
                })
        }
        return table
    }
}
