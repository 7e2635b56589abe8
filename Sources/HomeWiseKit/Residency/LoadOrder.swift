// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// How whoever asks came to a model: that decides on whether another one may take its place.
public enum Naming: Sendable, Codable, Hashable {
    /// By the name that it is asked for with.
    case asGiven
    /// A person typed this, and it was looked up for him.
    case typed(String)
    /// Nobody named it: the choice was ours.
    case chosen

    /// - Returns: `nil` where nobody named it.
    func words(for name: String) -> String? {
        switch self {
        case .asGiven: name
        case .typed(let words): words
        case .chosen: nil
        }
    }
}

/// How a model is to be loaded, if it is not here already.
struct LoadOrder: Sendable {
    /// What somebody asked for, as it was written.
    struct Wanted: Hashable, Sendable {
        var selector: String
        var options: ModelOptions
        /// Pictures are among what is asked.
        var hasPictures = false
        var naming = Naming.asGiven

        /// - Parameter options: these, over what is saved.
        func demand(_ options: ModelOptions) -> LaunchDemand {
            var demand = options.demand
            demand.hasPictures = hasPictures ? true : nil
            return demand
        }
    }

    var key: String
    var ready: HomeWise.Ready
    var plan: LaunchPlan
    var wish: Wish
    /// What a person or a program named it by; `nil` where the choice was ours.
    var typed: String?
    /// What was asked for and what is saved, together.
    var options: ModelOptions
    /// What of it an engine that runs already must give.
    var demand: LaunchDemand

    func want(
        _ priority: RequestPriority, _ purpose: ResidencyBoard.Want.Purpose, client: String = "", patience: Double? = nil,
        on house: HomeWise
    ) -> ResidencyBoard.Want {
        ResidencyBoard.Want(
            key: key, plan: plan, demand: demand, footprint: Footprint(ready.fit, plan: plan, cpu: house.probe.cpu()),
            priority: priority, purpose: purpose, client: client, keepAlive: options.idleUnload, patience: patience,
            loadSeconds: Self.seconds(ready.fit.variant.size))
    }

    /// A guess until it was loaded once: half a second, and a gigabyte in two.
    private static func seconds(_ size: ByteCount) -> Double { 0.5 + Double(size.bytes) / 0.5e9 }

    /// What the engine takes that came to run, also where recovery changed the plan.
    func footprint(of order: Supervisor.Order, on house: HomeWise) -> Footprint {
        Footprint(order.fit, plan: order.plan, cpu: house.probe.cpu())
    }
}

extension HomeWise {
    /// Plans a model that is here.
    ///
    /// - Parameter held: what our engines hold; it counts as free, because they give way.
    /// - Throws: `Failure.unknownModel`, `Failure.modelTooLarge` with the figures.
    func loadOrder(_ wanted: LoadOrder.Wanted, wish: Wish, held: Footprint, report: @escaping Report) async throws -> LoadOrder {
        let start = ContinuousClock.now
        report(.loading(LoadStep(.configuration)))
        let name = try await name(of: wanted.selector, report: report)
        let machine = MemoryBudget.without(held, try await hardware())
        var fit = try choose(named: name, wish: wish, machine: machine)
        let options = try wanted.options.over(savedOptions(fit.key))
        try options.check()
        let wish = options.applied(to: wish)
        if !options.isEmpty { fit = try choose(named: fit.key, wish: wish, machine: machine) }
        guard let installed = try installed().first(where: { "\($0.name):\($0.quantization)" == fit.key }) else {
            throw Failure.notHere(wanted.selector, near: try self.installed().map { "\($0.name):\($0.quantization)" })
        }
        let ready = Ready(fit: fit, installed: installed)
        let plan = try await options.applied(to: launchPlan(ready, saved: options.count, since: start, report: report))
        return LoadOrder(
            key: fit.key, ready: ready, plan: plan, wish: wish, typed: wanted.naming.words(for: name), options: options,
            demand: wanted.demand(options))
    }
}

/// Why a model came or went, and what its engine tells.
public enum ResidencyEvent: Sendable {
    case model(String, Event)
    case draining(String, ResidencyBoard.Leave)
    case unloading(String, ResidencyBoard.Leave)
    case unloaded(String)
}
