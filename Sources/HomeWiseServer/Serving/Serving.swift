// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain
import HomeWiseKit
import Hummingbird
package import Logging

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension HouseServer {
    /// Serves until it is told to end, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - log: where requests are told of.
    ///   - onListening: called once, when every place answers, with the addresses and their real ports.
    /// - Throws: `Failure.addressInUse` with who has it, `Failure.badInput` for an address that is not this machine's.
    package func run(
        _ plan: ServingPlan, until drain: Drain, log: Logger = Logger(label: "homewise.server"),
        onListening: @escaping @Sendable ([Endpoint]) -> Void
    ) async throws {
        try await Serving(routes: routes, plan: plan, keys: keys, log: log).run(until: drain, onListening: onListening)
    }
}

/// The servers of one run: one for each place, with the same routes behind all of them.
struct Serving: Sendable {
    private enum Step: Sendable { case ended, overdue }

    let doors: Doors
    let front: Front
    let plan: ServingPlan
    let log: Logger

    init(
        routes: RouteTable, plan: ServingPlan, keys: KeyDesk?, log: Logger,
        owner: @escaping OwnerOfPeer = { Peers.user(of: $0, speakingTo: $1) }
    ) {
        doors = Doors(limits: plan.limits, owner: owner)
        var routes = routes
        doors.addRoutes(to: &routes)
        let gate = Gate(policy: plan.policy, routes: routes) { try keys?.holder(of: $0) }
        front = Front(routes: routes, gate: gate, doors: doors, logger: log)
        self.plan = plan
        self.log = log
    }

    func run(until drain: Drain, onListening: @escaping @Sendable ([Endpoint]) -> Void) async throws {
        let places = [Place.socket(path: plan.socket)] + plan.listen.endpoints.map { Place.address($0) }
        let (bound, tell) = AsyncStream<(Int, Endpoint?)>.makeStream()
        let all = try places.enumerated().map { index, place in try listening(at: place) { tell.yield((index, $0)) } }
        defer { unlink(plan.socket) }
        try await withThrowingTaskGroup(of: Step.self) { group in
            for one in all {
                group.addTask {
                    do { try await one.run() } catch { throw Self.explained(error, one.place) }
                    return .ended
                }
            }
            group.addTask {
                await Self.announce(bound, of: places.count, onListening)
                await drain.begun()
                return try await end(all)
            }
            var running = all.count
            while running > 0, let step = try await group.next() {
                if step == .ended { running -= 1 }
                if step == .overdue { break }
            }
            group.cancelAll()
        }
    }

    private static func announce(
        _ bound: AsyncStream<(Int, Endpoint?)>, of count: Int, _ onListening: @Sendable ([Endpoint]) -> Void
    ) async {
        var ports: [Int: Endpoint?] = [:]
        for await (index, endpoint) in bound {
            ports[index] = .some(endpoint)
            if ports.count == count { break }
        }
        guard ports.count == count else { return }
        onListening(ports.sorted { $0.key < $1.key }.compactMap(\.value))
    }

    /// No new connections from now on; those under way have their time, and are then broken off.
    private func end(_ all: [ListeningPlace]) async throws -> Step {
        try Task.checkCancellation()
        doors.end()
        // Each returns when its last connection is gone; the group that waits for the servers sees that by itself.
        for one in all { Task { try await one.stop() } }
        try await Task.sleep(for: plan.limits.drain)
        doors.closeAll()
        try await Task.sleep(for: .milliseconds(500))
        return .overdue
    }
}
