// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Asks the sources of models whether they have a newer version. Nothing is changed.
    ///
    /// - Parameters:
    ///   - names: as a person writes them; empty for all that is here.
    ///   - accepted: changes that a person has looked at.
    /// - Throws: `Failure.unknownModel`; what a source does wrong is told with its model, and harms no other.
    public func checkUpdates(
        _ names: [String] = [], accepting accepted: Set<UpdateDecision.Change> = [], report: @escaping Report
    ) async throws -> [UpdateCheck] {
        let wanted = try Set(names.flatMap { try here(named: $0) }.map { "\($0.name):\($0.tag)" })
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let inquiry = UpdateInquiry(house: self, desk: desk, accepted: accepted)
        var checks: [UpdateCheck] = []
        for model in try store.everything().models.sorted(by: { $0.key < $1.key }) where names.isEmpty || wanted.contains(model.key) {
            try Task.checkCancellation()
            try await checks.append(inquiry.run(model))
        }
        return checks
    }

    /// Brings one newer version in beside the old one, looks it over, lets the engine load it, and only then switches.
    ///
    /// - Returns: the check with what became of it: `updated`, or `held` with its reason while the old version stays in use.
    /// - Throws: `CancellationError`, and `Failure` of this machine, such as a full disk.
    public func apply(_ check: UpdateCheck, report: @escaping Report) async throws -> UpdateCheck {
        guard check.state == .newer, let plan = check.plan else { return check }
        return try await UpdateWork(house: self, plan: plan, report: report).run(check)
    }

    /// Gives a model's name back to the version before; the newer one is kept until it is pruned.
    ///
    /// - Throws: `Failure.unknownModel`, `Failure.noOlderVersion`; the model is then as it was.
    public func rollBack(_ name: String) throws -> Installed {
        let found = try here(named: name)
        guard found.count == 1, let one = found.first else {
            throw Failure.badInput(
                "“\(name)” means several models.", remedy: "Name one: \(found.map { "\($0.name):\($0.tag)" }.joined(separator: ", ")).")
        }
        let model = try store.goBack(name: one.name, tag: one.tag, at: world.now())
        try store.inventory.note(model.digest, .wentBack, key: model.key, at: world.now())
        return Installed(model)
    }
}

/// One update on its way.
private struct UpdateWork: Sendable {
    let house: HomeWise
    let plan: UpdatePlan
    let report: Report

    private var model: InstalledModel { plan.target.model }

    func run(_ check: UpdateCheck) async throws -> UpdateCheck {
        var check = check
        do {
            let new = try await fetch()
            try house.store.inventory.forget(.heldUpdate, key: model.key)
            try house.store.inventory.forget(.wentBack, key: model.key)
            (check.state, check.holds) = (.updated, [])
            check.revision = new.revision
            if check.template == nil {
                check.template = try house.templateChange(from: model, to: new)
                check.isTemplateLate = check.template != nil
            }
        } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
            if Self.isLasting(failure) {
                try house.store.inventory.note(
                    HeldUpdate(fingerprint: plan.upstream.fingerprint, failure: failure), .heldUpdate, key: model.key, at: house.world.now()
                )
            }
            (check.state, check.failure) = (.held, failure)
            check.holds = [.init(change: .failed, reason: "The new version was not taken: \(failure.message)")]
        }
        return check
    }

    /// Trying again would end in the same way, and cost the whole transfer.
    private static func isLasting(_ failure: Failure) -> Bool { [.malformedModel, .engineStartFailed, .engineDied].contains(failure.code) }

    private func fetch() async throws -> InstalledModel {
        let (info, variant, adHoc) = try plan.target.wanted(plan.resolved.delivery)
        let desk = try SourceDesk(
            world: house.world, transport: house.transport, inventory: house.store.inventory, isForgiving: true, report: report)
        let fetch = FileFetch(
            store: house.store, transport: house.transport, limits: house.world.limits, now: house.world.now, purpose: model.key,
            report: report)
        var pull = Pull(
            model: info, variant: variant, store: house.store, sources: desk, fetch: fetch, now: house.world.now, report: report)
        pull.isReplacing = true
        pull.isKeepingArchives = house.world.keepCompressed
        if info.writes { pull.proof = { try await smoke($0) } }
        var last: Failure?
        for (source, delivery) in [(plan.resolved.source, plan.resolved.delivery)] + plan.resolved.alternatives {
            do {
                let new = try await pull.install(delivery, from: adHoc?.info.variants?.first?.sources.first ?? source)
                if let adHoc { try remember(adHoc) }
                return new
            } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) && !Self.isLasting(failure) { last = last ?? failure }
        }
        throw last ?? Failure.noCandidate(reasons: ["the registry names no source for \(info.name)"])
    }

    private func remember(_ adHoc: AdHocModel) throws {
        guard case .typed(let reference, _) = plan.target.origin else { return }
        try house.store.inventory.note(adHoc, .selection, key: reference.description, at: house.world.now())
        house.registryDesk.select(adHoc)
    }

    /// The engine loads it and writes a word, under the real names of its files: it finds further parts by them.
    private func smoke(_ files: [ScreenedFile]) async throws {
        guard let first = files.first, let manifest = try house.engineInUse(),
            try house.template(ofFile: first.place) != nil
        else { return }
        report(.updateProving(model: model.key))
        try await EngineProof(host: house.engineHost).prove(
            manifest, loading: files.map { (path: $0.path, place: $0.place) }, threads: max(1, Int(house.probe.cpu().usableCores)))
    }
}
