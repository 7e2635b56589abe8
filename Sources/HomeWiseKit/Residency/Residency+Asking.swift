// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine

/// What people do with models that are loaded.
extension Residency {
    /// Loads a model and waits until it is ready. One that failed too often is tried again.
    ///
    /// - Parameter naming: as for `withModel`.
    /// - Throws: as `withModel`.
    @discardableResult public nonisolated func load(
        _ selector: String, options: ModelOptions = ModelOptions(), naming: Naming = .asGiven
    ) async throws -> ResidentReport? {
        try await load(LoadOrder.Wanted(selector: selector, options: options, naming: naming), purpose: .load)
    }

    private nonisolated func load(_ wanted: LoadOrder.Wanted, purpose: ResidencyBoard.Want.Purpose) async throws -> ResidentReport? {
        let order = try await order(for: wanted)
        if let isPinned = order.options.pin { await pin(order.key, isPinned) }
        _ = try await enter(order.want(purpose == .load ? .interactive : .batch, purpose, on: house), order)
        // Its figures are there with its seat.
        _ = try await tenancy(of: order.key)?.supervisor.seat()
        // Whoever names threads for a model that runs already means that one.
        if let threads = wanted.options.threads { await allow(threads, order.key) }
        return await ps().first { $0.key == order.key }
    }

    private func allow(_ threads: Int, _ key: String) { if let tenant = tenants[key] { _ = heed(threads, tenant) } }

    /// Loads the models that are wanted from the start, in their order, as far as they fit together.
    ///
    /// - Returns: those that could not be, and why.
    public nonisolated func preload() async -> [String: Failure] {
        var failures: [String: Failure] = [:]
        for selector in settings.preload {
            do { _ = try await load(LoadOrder.Wanted(selector: selector, options: ModelOptions()), purpose: .preload) } catch {
                failures[selector] = Failure.wrapping(error, doing: "loading \(selector)")
                if error is CancellationError { break }
            }
        }
        return failures
    }

    /// Unloads a model and waits until its memory is free. Requests that it works on end first, unless it is to go at once; those
    /// that wait for it are told.
    ///
    /// - Parameter onDrain: told how many requests it still works on, whenever that is another number.
    /// - Returns: whether it was loaded.
    public func unload(
        _ selector: String, isAtOnce: Bool = false, onDrain: @Sendable (_ requests: Int) async throws -> Void = { _ in }
    ) async throws -> Bool {
        guard let key = try residentKey(of: selector), let generation = tenants[key]?.generation else { return false }
        let (isHere, decisions) = board.unload(key, isAtOnce: isAtOnce, at: now)
        obey(decisions)
        var told = 0
        while tenants[key]?.generation == generation {
            if case .draining(let requests) = board.residents[key]?.state, requests != told {
                told = requests
                try await onDrain(requests)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return isHere
    }

    /// A pinned model is not unloaded for others nor for being idle.
    ///
    /// - Parameter key: “model:quantization”.
    public func pin(_ key: String, _ isPinned: Bool) { obey(board.pin(key, isPinned, at: now)) }

    /// How long a loaded model stays after its last request.
    public func keep(_ key: String, _ keepAlive: KeepAlive) { obey(board.keep(key, keepAlive, at: now)) }

    /// Takes over what was saved for a loaded model just now. Sampling and first words are those of each request anyway, and what an
    /// engine is started with follows with the next request; threads alone are set while it runs.
    ///
    /// - Returns: `nil` where it is not loaded.
    /// - Throws: `Failure.storeUnusable`.
    public func heedThreads(of selector: String) throws -> ThreadsHeeded? {
        guard let key = try residentKey(of: selector), let tenant = tenants[key] else { return nil }
        return try heed(house.savedOptions(key).threads, tenant)
    }

    private func heed(_ threads: Int?, _ tenant: Tenant) -> ThreadsHeeded {
        guard let seat = tenant.seat, seat.session.board != nil, let tenancy = tenant.tenancy else { return ThreadsHeeded(now: nil) }
        tenancy.allowance.set(threads)
        return ThreadsHeeded(now: tenancy.allowance.most(of: seat.order.plan))
    }

    private func tenancy(of key: String) -> Tenancy? { tenants[key]?.tenancy }

    /// All models that are loaded, on their way, or failed and not tried again by themselves.
    public func ps() async -> [ResidentReport] {
        var reports: [ResidentReport] = []
        for key in board.residents.keys.sorted() {
            guard let resident = board.residents[key], let tenant = tenants[key] else { continue }
            let seat = await tenant.tenancy?.supervisor.seatNow
            reports.append(report(of: resident, tenant, seat))
        }
        return reports + board.quarantined.sorted { $0.key < $1.key }.map { Self.report(of: $0.key, $0.value) }
    }

    private func report(of resident: Resident, _ tenant: Tenant, _ seat: Supervisor.Seat?) -> ResidentReport {
        let (fit, plan) = (seat?.order.fit ?? tenant.order.ready.fit, seat?.order.plan ?? tenant.order.plan)
        let engine = seat?.order.engine?.manifest ?? tenant.tenancy?.manifest
        let memory = seat.flatMap { ProcessMemory(pid: $0.session.pid) }
        let idleUntil = resident.idleUntil.map { house.world.now().addingTimeInterval($0 - now) }
        return ResidentReport(
            key: resident.key, model: fit.model.id, quantization: fit.variant.quantization, format: fit.variant.format ?? fit.model.type,
            engine: engine?.engine, engineVersion: engine?.version, state: Self.state(resident.state),
            isPinned: resident.isPinned, contextAsked: tenant.order.plan.options.context, contextGiven: plan.options.context,
            planned: resident.planned, resident: memory?.resident, anonymous: memory?.anonymous, device: plan.device,
            threads: seat?.session.board.map(\.inForce).flatMap { $0 > 0 ? $0 : nil } ?? plan.threads,
            threadsAtMost: tenant.tenancy?.allowance.most(of: plan) ?? plan.mostThreads,
            sandbox: seat?.session.sandbox.words,
            startedAt: tenant.startedAt, uptime: resident.readySince.map { now - $0 },
            loadSeconds: resident.readySince == nil ? nil : resident.reloadSeconds, requestsServed: resident.served,
            requestsInFlight: resident.inFlight, requestsWaiting: board.queue(of: resident.key), idleUntil: idleUntil,
            lastTimings: tenant.timings, gaveUp: tenant.gaveUp, pid: seat?.session.pid)
    }

    private static func state(_ state: Resident.State) -> ResidentReport.State {
        switch state {
        case .loading: .loading
        case .ready: .ready
        case .busy: .busy
        case .draining: .draining
        case .unloading: .unloading
        }
    }

    private static func report(of key: String, _ failure: Failure) -> ResidentReport {
        let parts = key.split(separator: ":", maxSplits: 1).map(String.init)
        return ResidentReport(
            key: key, model: parts.first ?? key, quantization: parts.count > 1 ? parts[1] : "", state: .failed, isPinned: false,
            requestsServed: 0, requestsInFlight: 0, requestsWaiting: 0, gaveUp: [], failure: failure)
    }
}

extension HomeWise {
    /// Lends the owner of loaded models to a body. When the body is done, requests have some time to end, and no engine is left.
    public func withResidency<Value: Sendable>(
        _ settings: ResidencySettings = ResidencySettings(), report: @escaping @Sendable (ResidencyEvent) -> Void = { _ in },
        body: (Residency) async throws -> Value
    ) async throws -> Value {
        let residency = Residency(house: self, settings: settings, report: report)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(body(residency)) } catch { outcome = .failure(error) }
        await residency.stopAll()
        return try outcome.get()
    }
}
