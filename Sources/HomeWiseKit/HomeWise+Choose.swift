// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Ranks the registry's models for this machine, with a reason for each that is ruled out.
    public func choose(_ wish: Wish, machine: SystemCapabilities) throws -> Choice {
        try planner(wish, machine: machine).choose(from: registry)
    }

    /// One model, named by a person.
    ///
    /// - Throws: `Failure.unknownModel` with the nearest names, `Failure.modelTooLarge` with the figures,
    ///   `Failure.diskFull`, `Failure.termsNotAccepted`.
    public func choose(named name: String, wish: Wish, machine: SystemCapabilities) throws -> Fit {
        let (model, quantization) = try registry.model(named: name)
        if try needsAcceptance(model), let terms = model.terms {
            throw Failure.termsNotAccepted(model: model.id, license: terms.name, url: terms.url)
        }
        var wish = wish
        wish.isNamed = true
        switch try planner(wish, machine: machine).assess(model, quantization: quantization) {
        case .success(let fit): return fit
        case .failure(let rejection):
            if rejection.kind == .disk, let fit = rejection.fit {
                let needed = ByteCount(fit.variant.diskNeeded.bytes + Planner.diskReserve.bytes)
                throw Failure.diskTooSmall(path: world.home, needed: needed, free: machine.storage?.free ?? ByteCount(0))
            }
            throw Failure.tooLarge(model.name, reason: rejection.reason)
        }
    }

    /// The machine, with the bandwidth of its memory measured: what a choice needs.
    func machineForChoice() async throws -> SystemCapabilities {
        var machine = try await hardware()
        machine.memory.bandwidth = BandwidthProbe.measure(threads: max(1, Int(machine.cpu.usableCores)))
        return machine
    }

    /// Rates reached with the engine in use: another build may be faster or slower.
    private func measuredRates() throws -> [String: Double] {
        let measurements = try store.inventory.measurements()
        let suffixes = try ModelFormat.allCases.compactMap { try engineInUse(for: $0).map(Self.engineSuffix) }
        let pairs = suffixes.flatMap { suffix in
            measurements.filter { $0.key.hasSuffix(suffix) }.map { (String($0.key.dropLast(suffix.count)), $0.value) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    static func engineSuffix(_ manifest: EngineManifest) -> String { " with \(manifest.version)" }

    /// What headers said, of models that are here and of those whose header was fetched.
    func knownFacts() throws -> [String: ModelFacts] {
        try store.inventory.notes(.facts, as: ModelFacts.self).merging(factsOfInstalled()) { $1 }
    }

    func planner(_ wish: Wish, machine: SystemCapabilities) throws -> Planner {
        var planner = try Planner(
            machine: machine, wish: wish, measured: measuredRates(), installed: Set(store.models().map(\.key)),
            accepted: store.inventory.acceptedTerms(), reserved: store.bytesReserved())
        planner.facts = try knownFacts()
        planner.calibration = try calibration()
        planner.engines = try Set(ModelFormat.allCases.filter { try $0 == .gguf || engineInUse(for: $0) != nil })
        return planner
    }
}
