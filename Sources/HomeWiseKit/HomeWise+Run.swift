// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// A model that is here and how it will run.
    public struct Ready: Sendable {
        public let fit: Fit
        public let installed: Installed
    }

    /// Finds the model to run, fetching it if it is not here: the one named, or the best for this machine.
    ///
    /// Without a name a good model that is here is preferred to fetching a better one unasked; the better one is named.
    public func obtain(_ name: String?, wish: Wish = Wish(), report: @escaping Report) async throws -> Ready {
        let machine = try await machineForChoice()
        report(.machine(machine))
        if let name {
            let fit = try choose(named: name, wish: wish, machine: machine)
            report(.chosen(fit))
            return try await pull(fit, isForgiving: true, report: report)
        }
        try await calibrateOnce(report: report)
        let choice = try choose(wish, machine: machine)
        report(.considered(choice))
        if let here = choice.candidates.first(where: \.isInstalled) {
            if let best = choice.candidates.first, best.quality > here.quality { report(.betterAvailable(best)) }
            report(.chosen(here))
            return try await pull(here, isForgiving: true, report: report)
        }
        return try await firstThatCanBeHad(of: choice, report: report)
    }

    /// Tries candidates in their order; hosts that earlier runs found silent are asked again only when nothing else is left.
    private func firstThatCanBeHad(of choice: Choice, report: @escaping Report) async throws -> Ready {
        var reasons: [String] = []
        for isForgiving in [false, true] {
            let desk = try SourceDesk(
                world: world, transport: transport, inventory: store.inventory, isForgiving: isForgiving, report: report)
            reasons = []
            for fit in choice.candidates {
                do {
                    let ready = try await pull(fit, from: desk, report: report)
                    report(.chosen(fit))
                    return ready
                } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
                    reasons.append("\(fit.model.name): \(failure.message)")
                }
            }
            if !desk.isBiased { break }
        }
        throw Failure.noCandidate(reasons: reasons + choice.rejected.map { "\($0.model.name): \($0.reason)" })
    }

    private func pull(_ fit: Fit, isForgiving: Bool, report: @escaping Report) async throws -> Ready {
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: isForgiving, report: report)
        return try await pull(fit, from: desk, report: report)
    }

    private func pull(_ fit: Fit, from desk: SourceDesk, report: @escaping Report) async throws -> Ready {
        if let unpacked = try await obtainFromArchive(fit, report: report) { return Ready(fit: fit, installed: unpacked) }
        let fetch = FileFetch(store: store, transport: transport, limits: world.limits, now: world.now, purpose: fit.key, report: report)
        var pull = Pull(fit: fit, store: store, sources: desk, fetch: fetch, now: world.now, report: report)
        pull.isKeepingArchives = world.keepCompressed
        let model = try await pull.run()
        return Ready(fit: fit, installed: Installed(model))
    }

    /// Runs a model beside a body; the engine is gone when the body is done, and also when this process is.
    ///
    /// A failing engine is started again by the ladder (`Recovery`); each measure is reported.
    ///
    /// - Parameters:
    ///   - typed: what a person named this model by: no other one takes its place. `nil` where the choice was ours.
    ///   - asked: options of this run alone; they go before those that are saved for the model.
    ///   - limit: tokens that an answer may have at most; `nil` for as many as the context holds.
    /// - Throws: `Failure.engineMissing`, `Failure.engineStartFailed` with what was tried, or what the body throws.
    public func withModel<Value: Sendable>(
        _ ready: Ready, wish: Wish = Wish(), typed: String? = "", options asked: ModelOptions = ModelOptions(), limit: Int? = nil,
        report: @escaping Report,
        body: @escaping @Sendable (Conversation) async throws -> Value
    ) async throws -> Value {
        // What is saved for it holds here too, under what was said for this once.
        let options = try asked.over(savedOptions(ready.fit.key))
        let plan = try await options.applied(to: launchPlan(ready, saved: options.count, report: report))
        return try await withTenancy(ready, wish: wish, typed: typed, plan: plan, report: report) {
            try await body($0.conversation(limit: limit, options: options))
        }
    }

    /// What a run tells of the model: memory beside the plan, and the rate.
    func remember(_ timings: AnswerTimings, _ seat: Supervisor.Seat, _ manifest: EngineManifest) throws {
        let (fit, plan) = (seat.order.fit, seat.order.plan)
        let fewest = min(plan.threads, seat.session.board?.takeFewest() ?? plan.threads)
        // What another plan took and reached says nothing of the one that was chosen.
        guard plan.placement == fit.placement, plan.options == fit.options, plan.isMapped, plan.isRepacking else { return }
        if let memory = ProcessMemory(pid: seat.session.pid) {
            let observed = ObservedMemory(planned: fit.memory.privateTotal, seen: memory.anonymous)
            try store.inventory.note(observed, .memory, key: Self.memoryKey(fit), at: world.now())
        }
        // A handful of tokens tells of the start of an answer, a long one of its length, and a busy machine of
        // the others; the pace of the model itself is what is kept.
        let wholeCores = max(1, Int(probe.cpu().usableCores))
        guard (16...512).contains(timings.tokens), timings.promptTokens < 512, fewest >= wholeCores else { return }
        try store.inventory.record(
            model: fit.measurementKey + Self.engineSuffix(manifest), tokensPerSecond: timings.tokensPerSecond, at: world.now())
    }

    /// A look at the load shorter than this says little.
    private static let shortestLook = Duration.milliseconds(500)
    /// And one longer than this says what was, not what is.
    private static let longestLook = Duration.seconds(3)

    /// How a model would be started: what its files and the machine say, then how its weights get into memory.
    ///
    /// - Parameters:
    ///   - saved: options of a person's that will be laid over it.
    ///   - start: since when it is being prepared.
    ///   - report: told of both steps.
    func launchPlan(
        _ ready: Ready, saved: Int = 0, since start: ContinuousClock.Instant = .now, report: Report = { _ in }
    ) async throws -> LaunchPlan {
        report(.loading(LoadStep(.configuration)))
        let plan = try await configured(ready)
        report(.loading(.configured(ready.fit, saved: saved, after: start.duration(to: .now))))
        guard ready.fit.format == .gguf else {
            report(.loading(LoadStep(.mapping, seconds: 0, words: "its library copies the weights")))
            return plan
        }
        let mapping = ContinuousClock.now
        let (mapped, words) = mapped(plan, ready)
        report(.loading(LoadStep(.mapping, seconds: mapping.duration(to: .now) / .seconds(1), words: words)))
        return mapped
    }

    private func configured(_ ready: Ready) async throws -> LaunchPlan {
        var look = load
        var since = loadSince
        if since.duration(to: .now) > Self.longestLook { (look, since) = (LoadProbe(probe), .now) }
        let missing = Self.shortestLook - since.duration(to: .now)
        if missing > .zero { try await Task.sleep(for: missing) }
        let threads = ThreadPolicy().threads(cpu: probe.cpu(), load: look?.load())
        let isGGUF = ready.fit.format == .gguf
        var plan = LaunchPlan(
            model: isGGUF ? ready.installed.path : ready.installed.folder, alias: ready.fit.model.id, options: ready.fit.options,
            placement: ready.fit.placement, threads: threads.threads,
            reasons: ["\(threads.threads) thread\(threads.threads == 1 ? "" : "s"): \(threads.reason)"])
        plan.mostThreads = max(plan.threads, Int(probe.cpu().usableCores))
        plan.pool = plan.mostThreads
        plan.hasBlockCache = ready.fit.facts.hasBlockHeads
        plan.task = ready.fit.model.task
        plan.projector = isGGUF ? ready.installed.projector : nil
        return plan
    }

    /// The same plan with its way into memory, and that way in words.
    private func mapped(_ plan: LaunchPlan, _ ready: Ready) -> (LaunchPlan, String) {
        var plan = plan
        let storage = StorageProbe.storage(of: ready.installed.folder, probe: probe)
        let mode = LoadModePolicy(memory: ready.fit.memory, free: probe.memory().free, storage: storage).decide()
        (plan.isMapped, plan.isRepacking) = (mode.isMapped, mode.isRepacking)
        plan.reasons.append("weights \(mode.reason)")
        return (plan, "weights \(mode.reason)")
    }
}
