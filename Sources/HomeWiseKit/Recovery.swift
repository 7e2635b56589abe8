// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// Brings a model back that would not run: asks the ladder what comes next, does what needs hands, remembers what helped.
actor Recovery {
    let house: HomeWise
    let manifest: EngineManifest
    let wish: Wish
    let isNamed: Bool
    let report: Report
    private var ladder = RecoveryLadder()
    /// Found by a look at the file's bytes: only then is there something to fetch again.
    var isDamaged = false
    /// On the models that took another's place.
    var leases: [Lease] = []

    init(house: HomeWise, manifest: EngineManifest, wish: Wish, isNamed: Bool, report: @escaping Report) {
        self.house = house
        self.manifest = manifest
        self.wish = wish
        self.isNamed = isNamed
        self.report = report
    }

    /// The order with what this model needed the last time.
    func begin(with order: Supervisor.Order) throws -> Supervisor.Order {
        let memory: RecoveryMemory? = try house.store.inventory.note(.recovery, key: order.fit.key)
        guard let begun = memory?.applied(to: order.plan, engine: manifest.version, at: house.world.now().timeIntervalSince1970) else {
            return order
        }
        ladder = RecoveryLadder(taken: begun.taken)
        return Supervisor.Order(plan: begun.plan, fit: order.fit)
    }

    /// The order to go on with. - Throws: the failure, with all that was tried, when nothing is left.
    func order(after failure: Failure, _ order: Supervisor.Order) async throws -> Supervisor.Order {
        guard let cause = failure.engineCause else { throw failure }
        while let step = try await ladder.next(after: Trouble(cause), plan: order.plan, means: means(for: order)) {
            try Task.checkCancellation()
            switch step {
            case .relaunch(let plan, let taken):
                for measure in taken { report(.recovering(failure, measure)) }
                return Supervisor.Order(plan: plan, fit: order.fit)
            case .act(let measure):
                report(.recovering(failure, measure))
                if let next = try await act(measure.rung, order) { return next }
            }
        }
        throw failure.afterTrying(ladder.taken)
    }

    /// Notes what helped. That it cannot be noted is said and costs nothing else: the next start climbs again.
    func worked(_ order: Supervisor.Order) {
        let now = house.world.now()
        guard let memory = RecoveryMemory(ladder.taken, engine: manifest.version, at: now.timeIntervalSince1970) else { return }
        do {
            try house.store.inventory.note(memory, .recovery, key: order.fit.key, at: now)
        } catch { report(.note("What \(order.fit.model.name) needed could not be noted: \(error)")) }
    }
}
