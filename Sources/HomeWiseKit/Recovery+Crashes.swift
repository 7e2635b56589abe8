// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// What died too often is left alone until a person acts, over all runs of the program.
extension Recovery {
    /// A person who names a model acts: it is tried again, and what it did before is forgotten. Where the choice was ours, or a program
    /// asks, it stays as it is.
    ///
    /// - Throws: `Failure.quarantined`.
    func admit(_ order: Supervisor.Order) throws {
        let fit = order.fit
        if isPersonActing { return try house.store.inventory.forget(.crashes, key: fit.key) }
        let loop: CrashLoop? = try house.store.inventory.note(.crashes, key: fit.key)
        guard let loop, let since = loop.quarantine(engine: engine(of: order).version) else { return }
        throw Failure.quarantined(fit.key, since: since, cause: loop.lastCause)
    }

    /// Counts a death that is answered with the same plan, and waits before the next try: longer each time.
    ///
    /// - Throws: `Failure.quarantined` for one too many, with what was tried; `CancellationError`.
    func count(_ failure: Failure, _ order: Supervisor.Order) async throws {
        switch died(failure, order) {
        case .again(let seconds): if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) }
        case .quarantined:
            throw Failure.quarantined(order.fit.key, since: now, cause: failure.firstLine).afterTrying(taken)
        }
    }

    /// Counts a death after which nothing is left to try.
    @discardableResult
    func died(_ failure: Failure, _ order: Supervisor.Order) -> CrashLoop.Verdict {
        let (fit, engine) = (order.fit, engine(of: order).version)
        do {
            return try house.store.inventory.changeNote(.crashes, key: fit.key, at: house.world.now()) { (loop: inout CrashLoop?) in
                var counted = loop ?? CrashLoop(engine: engine)
                let verdict = counted.died(failure.firstLine, engine: engine, at: now)
                loop = counted
                return verdict
            }
        } catch {
            // The ladder ends by itself; only a loop over several runs goes unseen.
            report(.note("That \(fit.model.name) failed could not be noted: \(error)"))
            return .again(after: 0)
        }
    }

    private var now: Double { house.world.now().timeIntervalSince1970 }
}
