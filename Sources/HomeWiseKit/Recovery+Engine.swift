// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// The measures that change what runs the model: its engine, its format, the way to its card.
extension Recovery {
    /// Whether another build would be another engine: it does not prove itself any more, or a newer one can be had. One that was proven
    /// now and is the newest is never made again.
    func canRenewEngine(of order: Supervisor.Order, after cause: ExitCause.Kind) async throws -> Bool {
        let manifest = engine(of: order)
        // PyTorch's gigabytes are not fetched unasked.
        if ModelFormat.run(by: manifest.engine) == .pytorch { return false }
        if try cause == .unsupportedModel && house.hasNewerEngine(than: manifest) { return true }
        return try await !house.isSound(manifest)
    }

    func withEngineAnew(_ order: Supervisor.Order) async throws -> Supervisor.Order? {
        _ = try await house.renewEngine(engine(of: order), report: report)
        var order = order
        order.engine = try await house.engine(for: order.fit.format, report: report)
        return order
    }

    /// The same model as it is here in another format, whose engine is here or can be had without asking.
    func inOtherFormat(_ fit: Fit) async throws -> Fit? {
        // Who named a file means that one.
        guard typed?.contains(":") != true else { return nil }
        var wish = wish
        wish.isNamed = true
        let planner = try await house.planner(wish, machine: house.hardware())
        return try planner.variants(of: fit.model, besides: fit.format).filter { try house.canHaveEngine(for: $0.format ?? fit.model.type) }
            .map { planner.plan(fit.model, $0) }.first { $0.isInstalled && planner.obstacle(to: $0) == nil }
    }

    /// The devices that an order's engine names; none where it cannot be asked.
    func devices(_ order: Supervisor.Order) async throws -> [EngineDevice] {
        guard order.fit.format == .gguf else { return [] }
        let lines = try await LlamaCPP(engine(of: order)).devices(on: house.engineHost) ?? []
        return lines.compactMap(EngineDevice.init(line:))
    }

    /// The same plan, by another way to the same card.
    func otherDevice(_ order: Supervisor.Order) async throws -> Supervisor.Order? {
        guard let gpu = order.plan.placement.gpu, let name = gpu.engineName,
            let other = try await devices(order).otherWays(to: name, card: gpu.name).first
        else { return nil }
        var order = order
        order.plan.placement.gpu?.engineName = other.name
        order.plan.reasons.append("the graphics card by \(other.name), because it failed by \(name)")
        return order
    }
}

extension HomeWise {
    /// Whether an engine still loads a model and answers, on the processor that is here.
    func isSound(_ manifest: EngineManifest) async throws -> Bool {
        guard Set(manifest.processor).isSubset(of: probe.cpu().features) else { return false }
        do {
            _ = try await proof(of: manifest)
            return true
        } catch let failure as Failure where failure.code == .engineStartFailed || failure.code == .engineDied { return false }
    }

    private func proof(of manifest: EngineManifest) async throws -> String {
        switch ModelFormat.run(by: manifest.engine) {
        case .onnx: try await WorkerProof(host: engineHost).prove(manifest)
        case .pytorch: try await TorchProof(host: engineHost).prove(manifest)
        case .gguf, nil: try await EngineProof(host: engineHost).prove(manifest)
        }
    }

    /// Whether a model of a format could be run without asking anybody: ONNX's libraries are small, a build and PyTorch are not.
    func canHaveEngine(for format: ModelFormat) throws -> Bool { try format == .onnx || engineInUse(for: format) != nil }

    /// Whether installing would bring a newer engine than this one. PyTorch's gigabytes are not fetched unasked.
    func hasNewerEngine(than manifest: EngineManifest) throws -> Bool {
        switch ModelFormat.run(by: manifest.engine) {
        case .gguf: try manifest.isOlder(than: .llamaCPP())
        case .onnx: try manifest.isOlder(than: onnxRecipe().version)
        case .pytorch, nil: false
        }
    }

    /// The engine for a format, with what it is started with. One that was here and is broken or gone is installed anew.
    ///
    /// - Throws: `Failure.engineMissing` where none was installed.
    func engine(for format: ModelFormat, report: @escaping Report) async throws -> ChosenEngine {
        let manifest = try await presentEngine(for: format, report: report)
        return ChosenEngine(manifest, governor: format == .gguf ? try await governorLibrary(for: manifest, report: report) : nil)
    }

    private func presentEngine(for format: ModelFormat, report: @escaping Report) async throws -> EngineManifest {
        if let manifest = try engineInUse(for: format) { return manifest }
        let missing = Failure.engineMissing(format.engine)
        guard format != .pytorch, let lost = try lostEngine(for: format) else { throw missing }
        report(.recovering(missing, RecoveryLadder.Taken(.engine, .installEngine, Rung.installEngine.words)))
        return try await renewEngine(lost, report: report)
    }
}
