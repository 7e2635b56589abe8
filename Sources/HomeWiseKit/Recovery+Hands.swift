// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseEngines

/// The measures that need hands.
extension Recovery {
    /// Those of a trouble's ladder that could be taken now. Fetching a damaged file again is part of its repair.
    func means(for order: Supervisor.Order, _ trouble: Trouble, _ cause: ExitCause.Kind) async throws -> Set<Rung> {
        var means: Set<Rung> = [isDamaged ? .repairFile : .verifyFile]
        if order.plan.placement.gpu?.engineName != nil { means.insert(.probeAgain) }
        if trouble == .memory, await neighbours?.canGive() == true { means.insert(.evictIdle) }
        for rung in Rung.ladder(for: trouble) where !taken.contains(where: { $0.rung == rung && $0.trouble == trouble }) {
            do {
                if try await isAtHand(rung, for: order, cause) { means.insert(rung) }
            } catch let failure as Failure where failure.code != .interrupted {
                report(.note("Whether \(rung.words) could not be found out: \(failure.message)"))
            }
        }
        return means
    }

    /// Whether there is something that this measure could take.
    private func isAtHand(_ rung: Rung, for order: Supervisor.Order, _ cause: ExitCause.Kind) async throws -> Bool {
        switch rung {
        case .lowerQuantization, .lowerTier: try await smaller(than: order.fit, rung) != nil
        case .otherBackend: try await otherDevice(order) != nil
        case .installEngine: try await canRenewEngine(of: order, after: cause)
        case .otherFormat: try await inOtherFormat(order.fit) != nil
        default: false
        }
    }

    /// - Returns: the order to start again with; `nil` where this did not help.
    func act(_ rung: Rung, _ order: Supervisor.Order) async throws -> Supervisor.Order? {
        switch rung {
        case .evictIdle: try await neighbours?.give() == true ? order : nil
        case .probeAgain: try await hasDevice(order) ? order : nil
        case .otherBackend: try await otherDevice(order)
        case .installEngine: try await withEngineAnew(order)
        case .otherFormat: try await take(inOtherFormat(order.fit))
        case .verifyFile: try await look(at: order.fit)
        case .repairFile: try await repair(order.fit) ? order : nil
        case .lowerQuantization, .lowerTier: try await take(smaller(than: order.fit, rung))
        default: nil
        }
    }

    private func hasDevice(_ order: Supervisor.Order) async throws -> Bool {
        guard let name = order.plan.placement.gpu?.engineName else { return false }
        return try await devices(order).contains { $0.name == name }
    }

    /// A look starts nothing: what it finds decides on what comes next.
    private func look(at fit: Fit) async throws -> Supervisor.Order? {
        let verdicts = try await house.verify([fit.key], report: report)
        isDamaged = verdicts.contains { [.damaged, .missing, .changed].contains($0.state) }
        if !isDamaged { report(.note("\(fit.key) is sound: every byte is as it was published")) }
        return nil
    }

    private func repair(_ fit: Fit) async throws -> Bool {
        let verdicts = try await house.verify([fit.key], isRepairing: true, report: report)
        isDamaged = verdicts.contains { $0.state != .sound }
        return !isDamaged
    }

    /// The best that is here and takes less: of the same model where a person did not say which, or another model where nobody asked
    /// for this one.
    private func smaller(than fit: Fit, _ rung: Rung) async throws -> Fit? {
        let machine = try await house.hardware()
        if rung == .lowerQuantization {
            guard typed?.contains(":") != true else { return nil }
            let planner = try house.planner(wish, machine: machine)
            return planner.variants(of: fit.model, quantization: nil).filter { $0.size < fit.variant.size }
                .map { planner.plan(fit.model, $0) }.first { $0.isInstalled && $0.format == fit.format }
        }
        guard typed == nil else { return nil }
        return try house.choose(wish, machine: machine).candidates.first {
            $0.isInstalled && $0.format == fit.format && $0.model.writes && $0.variant.size < fit.variant.size
                && $0.model.name != fit.model.name
        }
    }

    private func take(_ fit: Fit?) async throws -> Supervisor.Order? {
        guard let fit, let installed = try house.installed().first(where: { "\($0.name):\($0.quantization)" == fit.key }) else {
            return nil
        }
        try leases.append(house.lease(on: installed, purpose: "running"))
        // Only such as may come unasked are chosen.
        if try house.engineInUse(for: fit.format) == nil { _ = try await house.installEngine(fit.format.engine, report: report) }
        let chosen = try await house.engine(for: fit.format, report: report)
        // What is saved for it holds for it, whoever's place it takes.
        let options = try house.savedOptions(fit.key)
        let plan = try await options.applied(to: house.launchPlan(HomeWise.Ready(fit: fit, installed: installed)))
        report(.launching(plan, fit))
        return Supervisor.Order(plan: plan, fit: fit, engine: chosen)
    }
}
