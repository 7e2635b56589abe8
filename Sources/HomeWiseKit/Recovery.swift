// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// Brings a model back that would not run: asks the ladder what comes next, does what needs hands, remembers what helped.
actor Recovery {
    let house: HomeWise
    /// The engine that it began with.
    private let manifest: EngineManifest
    let wish: Wish
    /// What a person typed; `nil` where the choice was ours.
    let typed: String?
    /// Models that are loaded beside it; `nil` where it is alone.
    let neighbours: Neighbours?
    let report: Report
    /// What was asked for, before anything was given up; and what an earlier run had noted of it.
    private var asked: LaunchPlan?
    private var begun: [RecoveryLadder.Taken] = []
    private var ladder = RecoveryLadder()
    /// Whether this start is a person's wish; then what died too often is tried again.
    let isPersonActing: Bool
    /// All that was tried so far.
    var taken: [RecoveryLadder.Taken] { ladder.taken }
    /// Found by a look at the file's bytes: only then is there something to fetch again.
    var isDamaged = false
    /// What took the place of what was asked for: another model, another format, another way to the card.
    private var substitutes: [RecoveryLadder.Taken] = []
    /// On the models that took another's place.
    var leases: [Lease] = []

    init(
        house: HomeWise, manifest: EngineManifest, wish: Wish, typed: String?, isPersonActing: Bool? = nil, neighbours: Neighbours? = nil,
        report: @escaping Report
    ) {
        self.house = house
        self.manifest = manifest
        self.wish = wish
        self.typed = typed
        self.isPersonActing = isPersonActing ?? (typed != nil)
        self.neighbours = neighbours
        self.report = report
    }

    /// What was given up so far, a sentence each.
    var gaveUp: [String] { (ladder.taken.filter(\.rung.isLasting) + substitutes).map(\.sentence) }

    /// The engine that an order is run by.
    func engine(of order: Supervisor.Order) -> EngineManifest { order.engine?.manifest ?? manifest }

    /// The order with what this model needed the last time.
    func begin(with order: Supervisor.Order) throws -> Supervisor.Order {
        try admit(order)
        asked = order.plan
        let memory: RecoveryMemory? = try house.store.inventory.note(.recovery, key: order.fit.key)
        guard let begun = memory?.applied(to: order.plan, engine: engine(of: order).version, at: house.world.now().timeIntervalSince1970)
        else {
            return order
        }
        ladder = RecoveryLadder(taken: begun.taken)
        self.begun = begun.taken
        return Supervisor.Order(plan: begun.plan, fit: order.fit, engine: order.engine)
    }

    /// The order to go on with. - Throws: the failure, with all that was tried, when nothing is left.
    func order(after failure: Failure, _ order: Supervisor.Order) async throws -> Supervisor.Order {
        guard let cause = failure.engineCause else { throw failure }
        let trouble = Trouble(cause, order.plan)
        while let step = try await ladder.next(after: trouble, plan: order.plan, means: means(for: order, trouble, cause)) {
            try Task.checkCancellation()
            switch step {
            case .relaunch(let plan, let taken):
                if plan == order.plan { try await count(failure, order) }
                for measure in taken { report(.recovering(failure, measure)) }
                return Supervisor.Order(plan: plan, fit: order.fit, engine: order.engine)
            case .act(let measure):
                report(.recovering(failure, measure))
                guard let next = try await helped(by: measure, order) else { continue }
                if next == order { try await count(failure, order) }
                return next
            }
        }
        // What was noted before is no help any more either.
        note(nil, of: order.fit)
        died(failure, order)
        throw failure.afterTrying(ladder.taken)
    }

    /// A measure that fails must not hide what it was taken against.
    private func helped(by measure: RecoveryLadder.Taken, _ order: Supervisor.Order) async throws -> Supervisor.Order? {
        do {
            let next = try await act(measure.rung, order)
            if let words = next?.substitution(for: order) {
                substitutes.append(RecoveryLadder.Taken(measure.trouble, measure.rung, words))
                report(.note("Taken: \(words)"))
            }
            if let next, next.fit != order.fit { begin(anew: next) }
            return next
        } catch let failure as Failure where failure.code != .interrupted {
            report(.note("That did not help: \(failure.message)"))
            return nil
        }
    }

    /// Another model has a plan of its own, from which nothing was taken yet.
    private func begin(anew order: Supervisor.Order) {
        ladder = RecoveryLadder(taken: ladder.taken.filter { !$0.rung.isPlanned })
        (asked, begun) = (order.plan, [])
    }

    /// Notes what helped, once it has led to an answer; what the run began with is noted already, and grows old.
    func answered(_ order: Supervisor.Order) {
        let now = house.world.now().timeIntervalSince1970
        guard let asked, ladder.taken.filter(\.rung.isLasting) != begun.filter(\.rung.isLasting),
            let memory = RecoveryMemory(ladder.taken, asked: asked, engine: engine(of: order).version, at: now)
        else { return }
        begun = ladder.taken
        note(memory, of: order.fit)
    }

    /// That it cannot be noted is said and costs nothing else: the next start climbs again.
    private func note(_ memory: RecoveryMemory?, of fit: Fit) {
        do {
            if let memory {
                try house.store.inventory.note(memory, .recovery, key: fit.key, at: house.world.now())
            } else {
                try house.store.inventory.forget(.recovery, key: fit.key)
            }
        } catch { report(.note("What \(fit.model.name) needs to run could not be noted: \(error)")) }
    }
}

extension Supervisor.Order {
    /// What of this order stands in the place of what another one had, as a clause; `nil` where nothing does.
    fileprivate func substitution(for other: Supervisor.Order) -> String? {
        if fit.key != other.fit.key || fit.format != other.fit.format {
            return "\(fit.key) (\(fit.format.engine)) instead of \(other.fit.key) (\(other.fit.format.engine))"
        }
        guard let device = plan.placement.gpu?.engineName, let before = other.plan.placement.gpu?.engineName, device != before else {
            return nil
        }
        return "the graphics card by \(device) instead of \(before)"
    }
}
