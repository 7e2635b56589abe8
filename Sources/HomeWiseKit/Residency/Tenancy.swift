// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// A model under supervision while a scope lasts: its bytes are held, its failures recovered from, its threads governed, and what it
/// shows of itself is remembered.
struct Tenancy: Sendable {
    let supervisor: Supervisor
    let recovery: Recovery
    /// The engine that it began with; recovery may take another one (`Supervisor.Order.engine`).
    let manifest: EngineManifest
    let house: HomeWise
    let allowance: ThreadAllowance

    /// - Parameters:
    ///   - limit: tokens that an answer may have at most.
    ///   - options: what of them holds for single requests: sampling, and what is said to the model before everything else.
    ///   - answered: told of each answer.
    func conversation(
        limit: Int?, options: ModelOptions, answered: @escaping @Sendable (AnswerTimings, Supervisor.Seat) async -> Void = { _, _ in }
    ) -> Conversation {
        Conversation(supervisor, limit: limit, options: options) { timings, seat in
            await recovery.answered(seat.order)
            await answered(timings, seat)
            try house.remember(timings, seat, seat.order.engine?.manifest ?? manifest)
        }
    }
}

/// Models beside one that runs out of memory.
struct Neighbours: Sendable {
    /// Whether one of them could go.
    var canGive: @Sendable () async -> Bool
    /// Has them go, and waits until their memory is free. - Returns: whether any went.
    var give: @Sendable () async throws -> Bool
}

extension HomeWise {
    /// Runs a body beside a supervised model; the engine is gone when the body is done, and also when this process is.
    ///
    /// - Parameters:
    ///   - typed: as for `withModel`.
    ///   - isPersonActing: whether what died too often is tried again; by itself where a person named the model.
    ///   - plan: how it is to be started; `nil` for as it is planned now.
    ///   - onMoveIn: called before the engine starts.
    ///   - onReady: called at each start that came to an answer.
    /// - Throws: `Failure.engineMissing`, or what the body throws. A failing engine is told to whoever asks for its seat.
    func withTenancy<Value: Sendable>(
        _ ready: Ready, wish: Wish = Wish(), typed: String? = "", isPersonActing: Bool? = nil, plan: LaunchPlan? = nil,
        neighbours: Neighbours? = nil,
        report: @escaping Report, onMoveIn: @Sendable (Tenancy) async -> Void = { _ in },
        onReady: @escaping @Sendable (Supervisor.Seat) async -> Void = { _ in },
        body: @escaping @Sendable (Tenancy) async throws -> Value
    ) async throws -> Value {
        let chosen = try await engine(for: ready.fit.format, report: report)
        let manifest = chosen.manifest
        // Nobody may remove it while it runs.
        let lease = try lease(on: ready.installed, purpose: "running")
        try noteUse(of: ready.installed)
        defer { withExtendedLifetime(lease) {} }
        let recovery = Recovery(
            house: self, manifest: manifest, wish: wish, typed: typed, isPersonActing: isPersonActing, neighbours: neighbours,
            report: report)
        let first = if let plan { plan } else { try await launchPlan(ready, report: report) }
        let order = try await recovery.begin(with: Supervisor.Order(plan: first, fit: ready.fit, engine: chosen))
        report(.launching(order.plan, order.fit))
        let allowance = ThreadAllowance()
        let supervisor = Supervisor(
            server: EngineServer(chosen.engine, host: engineHost), order: order,
            recover: { try await recovery.order(after: $0, $1) },
            onReady: { seat in
                report(.ready(seconds: seat.session.secondsToReady))
                if seat.session.sandbox.complaint != nil { report(.unsandboxed(seat.session.sandbox)) }
                await onReady(seat)
            },
            accompany: { await govern($0, isWanted: $0.order.engine?.governor != nil, allowance: allowance, report: report) },
            onStep: { report(.loading($0)) })
        let tenancy = Tenancy(supervisor: supervisor, recovery: recovery, manifest: manifest, house: self, allowance: allowance)
        await onMoveIn(tenancy)
        return try await supervisor.run { _ in try await body(tenancy) }
    }
}
