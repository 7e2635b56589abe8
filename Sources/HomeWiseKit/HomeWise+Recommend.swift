// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

extension HomeWise {
    /// Ranks the models for a machine. For this one, the best are laid out by the engine itself before they are named.
    ///
    /// - Parameter machine: another machine to plan for; `nil` for this one.
    public func recommend(_ wish: Wish, for machine: SystemCapabilities? = nil) async throws -> Choice {
        if let machine {
            return try simulatedPlanner(wish, machine).choose(from: registry)
        }
        var planner = try await planner(wish, machine: machineForChoice())
        var choice = try planner.choose(from: registry)
        for _ in 0..<Self.rounds {
            guard try await confirm(choice.ranked.prefix(Self.finalists), &planner) else { break }
            choice = try planner.choose(from: registry)
        }
        return choice
    }

    /// Models at the top that are worth asking the engine about.
    private static let finalists = 5
    /// What the engine says may rule a finalist out, and bring another one up.
    private static let rounds = 3

    /// - Returns: whether anything new was learned.
    private func confirm(_ fits: some Sequence<Fit>, _ planner: inout Planner) async throws -> Bool {
        var hasLearned = false
        for fit in fits {
            let key = Planner.LayoutKey(model: fit.key, options: fit.options)
            guard planner.layouts[key] == nil else { continue }
            do {
                guard let layout = try await layout(of: fit) else { continue }
                planner.layouts[key] = layout
                hasLearned = true
            } catch is Failure {
                // An engine that cannot lay a model out leaves the estimate, which names its own basis.
                continue
            }
        }
        return hasLearned
    }

    /// One model on a machine, with all figures, whether it fits or not.
    ///
    /// - Throws: `Failure.unknownModel`, `Failure.badInput` for a model without files.
    public func plan(_ name: String, wish: Wish, for machine: SystemCapabilities? = nil) async throws -> ModelPlan {
        let (model, quantization) = try registry.model(named: name)
        var wish = wish
        wish.isNamed = true
        var planner =
            if let machine { try simulatedPlanner(wish, machine) } else { try await self.planner(wish, machine: machineForChoice()) }
        let variants = planner.variants(of: model, quantization: quantization)
        guard let smallest = variants.last else {
            throw Failure.badInput("The registry names no file for \(model.name).", remedy: "Choose another model: homewise list --all")
        }
        // What fits; else the smallest, with the reason that rules it out.
        var fit = planner.plan(model, smallest)
        for variant in variants {
            let candidate = planner.plan(model, variant)
            if machine == nil { _ = try await confirm([candidate], &planner) }
            let confirmed = planner.plan(model, variant)
            guard planner.obstacle(to: confirmed) == nil else { continue }
            fit = confirmed
            break
        }
        let threads = max(1, Int(planner.machine.cpu.usableCores))
        var launch = LaunchPlan(
            model: try store.models().first { $0.key == fit.key }?.path ?? "\(model.id).gguf", alias: model.id, options: fit.options,
            placement: fit.placement, threads: threads, reasons: [])
        launch.task = model.task
        return ModelPlan(
            fit: fit, obstacle: planner.refusal(of: model)?.text ?? planner.obstacle(to: fit)?.text,
            needs: MachineNeeds(fit, wish: wish, calibration: planner.calibration),
            command: [try engineInUse()?.server ?? "llama-server"] + launch.llamaServerArguments(socket: "SOCKET"),
            observed: try store.inventory.note(.memory, key: Self.memoryKey(fit), as: ObservedMemory.self))
    }

    /// For another machine: what was measured, calibrated and fetched here does not hold there.
    private func simulatedPlanner(_ wish: Wish, _ machine: SystemCapabilities) throws -> Planner {
        var planner = try Planner(machine: machine, wish: wish, accepted: store.inventory.acceptedTerms())
        planner.facts = try knownFacts()
        planner.isSimulated = true
        return planner
    }

    static func memoryKey(_ fit: Fit) -> String { "\(fit.key) \(fit.options.arguments.joined(separator: " "))" }
}

/// One model on one machine: what it takes, what it gives, and how it would be started.
public struct ModelPlan: Sendable, Encodable {
    public var fit: Fit
    /// What rules it out here; `nil` where it fits.
    public var obstacle: String?
    public var needs: MachineNeeds
    /// The engine's command, with SOCKET for the private socket.
    public var command: [String]
    /// What a running engine took with these options, beside what was planned.
    public var observed: ObservedMemory?
}

/// The private memory of a running engine, and what had been planned, in bytes.
public struct ObservedMemory: Sendable, Codable, Equatable {
    public var planned: ByteCount
    public var seen: ByteCount
}
