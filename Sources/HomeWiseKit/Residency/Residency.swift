// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine

/// Owns the models that are loaded at a time (had through `HomeWise.withResidency`, at whose end none of them runs any more). Who is
/// loaded, who waits and who goes is decided by `ResidencyBoard`; this does it.
public actor Residency {
    /// A model that is loaded, or about to be.
    struct Tenant {
        let generation: Int
        let order: LoadOrder
        let startedAt: Date
        var task: Task<Void, Never>?
        var tenancy: Tenancy?
        /// The running engine, as it became ready last.
        var seat: Supervisor.Seat?
        var timings: AnswerTimings?
        var gaveUp: [String] = []
    }

    let house: HomeWise
    let settings: ResidencySettings
    let report: @Sendable (ResidencyEvent) -> Void
    var board: ResidencyBoard
    var tenants: [String: Tenant] = [:]
    private var generation = 0
    /// Who waits for a word, and words that came before anybody waited for them.
    private var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var answers: [Int: Result<Void, any Error>] = [:]
    private var orders: [Int: LoadOrder] = [:]
    /// Those who are served, with what breaks them off.
    private var guests: [Int: (key: String, breakOff: @Sendable (ResidencyBoard.Leave) -> Void)] = [:]
    private var alarm: Task<Void, Never>?
    private var lastLook = -Double.infinity
    private var machine: SystemCapabilities?
    /// Plans that are being made, which whoever wants the same waits for.
    var planning: [LoadOrder.Wanted: Task<LoadOrder, any Error>] = [:]
    /// And those that were made a moment ago.
    var known: [LoadOrder.Wanted: (order: LoadOrder, at: Double)] = [:]

    init(house: HomeWise, settings: ResidencySettings, report: @escaping @Sendable (ResidencyEvent) -> Void) {
        self.house = house
        self.settings = settings
        self.report = report
        board = ResidencyBoard(rules: settings.rules)
    }

    var now: Double { settings.clock() }

    // MARK: Asking

    /// Waits until a model is ready for one request, or loaded.
    ///
    /// - Returns: the number of its place.
    func enter(_ want: ResidencyBoard.Want, _ order: LoadOrder) async throws -> Int {
        look()
        let (ticket, decisions) = board.wants(want, at: now)
        orders[ticket] = order
        obey(decisions)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if let answer = answers.removeValue(forKey: ticket) {
                    continuation.resume(with: answer)
                } else {
                    waiters[ticket] = continuation
                    if Task.isCancelled { withdraw(ticket) }
                }
            }
            return ticket
        } onCancel: {
            Task { await self.withdraw(ticket) }
        }
    }

    private func withdraw(_ ticket: Int) {
        guard let waiter = waiters.removeValue(forKey: ticket) else { return }
        orders[ticket] = nil
        waiter.resume(throwing: CancellationError())
        obey(board.withdrawn(ticket, at: now))
    }

    private func answer(_ ticket: Int, _ answer: Result<Void, any Error>) {
        orders[ticket] = nil
        if let waiter = waiters.removeValue(forKey: ticket) { waiter.resume(with: answer) } else { answers[ticket] = answer }
    }

    /// A request is over.
    func leave(_ ticket: Int, hasAnswered: Bool) {
        guests[ticket] = nil
        obey(board.ended(ticket, hasAnswered: hasAnswered, at: now))
    }

    /// - Parameter breakOff: called when the model is to go at once.
    func serve(_ ticket: Int, of key: String, breakOff: @escaping @Sendable (ResidencyBoard.Leave) -> Void) throws -> Tenancy {
        // It may have been taken away between the word and its coming.
        guard board.isSeated(ticket), let tenancy = tenants[key]?.tenancy, board.residents[key]?.state != .unloading else {
            throw Failure.unloaded(key)
        }
        guests[ticket] = (key, breakOff)
        return tenancy
    }

    // MARK: Doing

    func obey(_ decisions: [ResidencyBoard.Decision]) {
        for decision in decisions {
            switch decision {
            case .load(let want): load(want)
            case .admit(let ticket): answer(ticket, .success(()))
            case .refuse(let ticket, let failure): answer(ticket, .failure(failure))
            case .unload(let key, let reason): end(key, reason)
            case .drain(let key, let reason): report(.draining(key, reason))
            case .join, .wait: break
            }
        }
        rearm()
    }

    private func load(_ want: ResidencyBoard.Want) {
        // It is one of those who wait that this is for.
        guard let order = orders.values.first(where: { $0.key == want.key && $0.plan == want.plan }) else {
            return obey(
                board.failed(
                    want.key,
                    Failure(.internal, "\(want.key) was to be loaded, and nobody waits for it.", remedy: "Ask again; please report this."),
                    at: now))
        }
        generation += 1
        let number = generation
        tenants[want.key] = Tenant(generation: number, order: order, startedAt: house.world.now())
        tenants[want.key]?.task = Task { await self.live(order, number, isPersonActing: want.purpose == .load) }
    }

    private func end(_ key: String, _ reason: ResidencyBoard.Leave) {
        report(.unloading(key, reason))
        for guest in guests.values where guest.key == key { guest.breakOff(reason) }
        guard let task = tenants[key]?.task else { return obey(board.unloaded(key, at: now)) }
        task.cancel()
    }

    /// The whole life of one engine, with all its successors.
    private nonisolated func live(_ order: LoadOrder, _ number: Int, isPersonActing: Bool) async {
        let outcome: Result<Void, any Error>
        do {
            try await house.withTenancy(
                order.ready, wish: order.wish, typed: order.typed, isPersonActing: isPersonActing, plan: order.plan,
                neighbours: neighbours(of: order.key),
                report: { [report] in report(.model(order.key, $0)) },
                onMoveIn: { await self.movedIn($0, order.key, number) }, onReady: { await self.isReady($0, order.key, number) }
            ) { try await $0.supervisor.untilNothingIsLeft() }
            outcome = .success(())
        } catch { outcome = .failure(error) }
        await gone(order.key, number, outcome)
    }

    private nonisolated func neighbours(of key: String) -> Neighbours {
        Neighbours(canGive: { await !self.board.idle(besides: key).isEmpty }, give: { try await self.evictIdle(for: key) })
    }

    private func movedIn(_ tenancy: Tenancy, _ key: String, _ number: Int) {
        if tenants[key]?.generation == number { tenants[key]?.tenancy = tenancy }
    }

    private func isReady(_ seat: Supervisor.Seat, _ key: String, _ number: Int) async {
        let gaveUp = await tenants[key]?.tenancy?.recovery.gaveUp ?? []
        guard let tenant = tenants[key], tenant.generation == number else { return }
        tenants[key]?.seat = seat
        tenants[key]?.gaveUp = gaveUp
        let footprint = tenant.order.footprint(of: seat.order, on: house)
        look(isDue: true)
        obey(
            board.ready(
                key, footprint: footprint, seconds: seat.session.secondsToReady, gaveUp: gaveUp,
                isBlinded: tenant.order.plan.projector != nil && seat.order.plan.projector == nil, at: now))
    }

    private func gone(_ key: String, _ number: Int, _ outcome: Result<Void, any Error>) {
        guard tenants[key]?.generation == number else { return }
        tenants[key] = nil
        lastLook = now
        let left = measure(isDue: true, without: key)
        if case .failure(let error) = outcome, !(error is CancellationError) {
            obey(board.failed(key, Failure.wrapping(error, doing: "running \(key)"), leaving: left, at: now))
        } else {
            obey(board.unloaded(key, leaving: left, at: now))
        }
        report(.unloaded(key))
    }

    func answered(_ timings: AnswerTimings, _ key: String) {
        tenants[key]?.timings = timings
        observe(key)
    }

    // MARK: Looking

    private static let secondsBetweenLooks = 5.0

    /// Looks at the machine again; what changed decides on who is let in next.
    func look(isDue: Bool = false) {
        guard isDue || now - lastLook > 0.05 else { return }
        lastLook = now
        obey(board.measured(measure(isDue: isDue), at: now))
    }

    /// Time has passed.
    func tick() {
        guard now - lastLook >= Self.secondsBetweenLooks, !tenants.isEmpty else { return obey(board.tick(at: now)) }
        lastLook = now
        for key in tenants.keys { observe(key) }
        obey(board.pressed(measure(isDue: true), at: now))
    }

    /// Memory is looked at each time; the cards, which take longer, where something came or went.
    ///
    /// - Parameter gone: a model whose engine has just ended: nothing is held for it any more.
    private func measure(isDue: Bool, without gone: String? = nil) -> MemoryBudget {
        var machine = machine ?? house.probe.capabilities(store: house.world.home)
        if isDue, !machine.gpus.isEmpty { machine = house.probe.capabilities(store: house.world.home) }
        machine.memory = house.probe.memory()
        self.machine = machine
        return MemoryBudget(machine, held: held(without: gone), share: settings.wish.maxRAM, gpuShare: settings.wish.gpuMemory)
    }

    private func rearm() {
        alarm?.cancel()
        alarm = nil
        guard !tenants.isEmpty || board.nextLook(after: now) != nil else { return }
        let next = min(board.nextLook(after: now) ?? .infinity, now + Self.secondsBetweenLooks)
        let pause = Duration.seconds(max(0.005, next - now))
        alarm = Task {
            // Cancelled is how it ends.
            do { try await Task.sleep(for: pause) } catch { return }
            self.tick()
        }
    }

    /// What our engines hold: their own memory as the system counts it, and on cards what they were planned to take.
    var held: Footprint { held(without: nil) }

    private func held(without gone: String?) -> Footprint {
        let planned = board.residents.values.filter { $0.key != gone }.reduce(Footprint()) { $0 + $1.footprint }
        let own = tenants.isEmpty ? 0 : ProcessMemory.own(ofDescendantsOf: getpid(), probe: house.probe)?.bytes ?? planned.own
        return Footprint(own: own, gpus: planned.gpus)
    }

    private func observe(_ key: String) {
        guard let seat = tenants[key]?.seat, let memory = ProcessMemory(pid: seat.session.pid), board.residents[key]?.served ?? 0 > 0
        else { return }
        var seen = board.residents[key]?.planned ?? Footprint()
        // On cards nobody sees what one process takes; in the machine's memory what is read decides.
        seen.own = memory.anonymous.bytes
        board.observed(key, seen)
    }

    // MARK: Ending

    func evictIdle(for key: String) async throws -> Bool {
        let (leaving, decisions) = board.evictIdle(for: key, at: now)
        obey(decisions)
        let numbers = leaving.compactMap { key in tenants[key].map { (key, $0.generation) } }
        while numbers.contains(where: { tenants[$0]?.generation == $1 }) { try await Task.sleep(for: .milliseconds(10)) }
        return !leaving.isEmpty
    }

    /// Lets requests end for as long as there is time, breaks off the others, and waits until no engine is left.
    public func stopAll(drain: Double? = nil) async {
        obey(board.stop(isAtOnce: false, at: now))
        let deadline = ContinuousClock.now + .seconds(drain ?? settings.drain)
        while !tenants.isEmpty, ContinuousClock.now < deadline {
            // Whoever stops us in turn has no time to wait for the requests.
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        obey(board.stop(isAtOnce: true, at: now))
        for task in tenants.values.compactMap(\.task) { await task.value }
        alarm?.cancel()
    }
}
