// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
package import HomeWiseEngines
import HomeWiseMachine
import Synchronization

/// A request that was let in: the model is loaded, and stays while this is in use.
public struct Guest: Sendable {
    /// “model:quantization”, as it was asked for.
    public let key: String
    /// A conversation of its own with the model.
    public let conversation: Conversation
    let tenancy: Tenancy

    /// The model that answers: another one than was asked for where nothing else ran.
    public func fit() async throws -> Fit { try await conversation.fit() }

    /// The running engine, for who speaks to it without a conversation; waits while recovery starts it again.
    package func seat() async throws -> Supervisor.Seat { try await tenancy.supervisor.seat() }

    /// Tells of an engine that failed in the middle of an answer, and turns the error into the reason.
    package func explain(_ error: any Error, of seat: Supervisor.Seat) async -> any Error {
        let error = await seat.session.explain(error)
        if let failure = error as? Failure, failure.code == .engineDied { await tenancy.supervisor.lost(seat, failure) }
        return error
    }
}

extension Residency {
    /// Runs a body with a loaded model, as one request: loads it where it is not here, joins who waits for it already, and waits for its
    /// turn.
    ///
    /// - Parameters:
    ///   - selector: the model, as a person or a program names it. It must be here.
    ///   - options: what matters to this request; the model is loaded anew only where what runs does not give it.
    ///   - naming: whether another quantisation or another model may take its place where it does not run.
    ///   - hasPictures: pictures are among what is asked.
    ///   - client: who asks, so that one does not crowd out the others.
    ///   - patience: seconds to wait for its turn at most.
    ///   - limit: tokens that an answer may have at most.
    /// - Throws: `Failure` with the codes `queue_full`, `memory_taken`, `waited_too_long` and `not_serving` (each with `retryAfter`),
    ///   `model_too_large`, `unloaded` where the model was taken away in the middle of it, the failure that loading ended with, or what
    ///   the body throws.
    public nonisolated func withModel<Value: Sendable>(
        _ selector: String, options: ModelOptions = ModelOptions(), naming: Naming = .asGiven, hasPictures: Bool = false,
        priority: RequestPriority = .interactive, client: String = "", patience: Double? = nil, limit: Int? = nil,
        body: @escaping @Sendable (Guest) async throws -> Value
    ) async throws -> Value {
        let order = try await order(
            for: LoadOrder.Wanted(selector: selector, options: options, hasPictures: hasPictures, naming: naming))
        if let isPinned = order.options.pin { await pin(order.key, isPinned) }
        let ticket = try await enter(order.want(priority, .request, client: client, patience: patience, on: house), order)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(serve(ticket, order, limit, body)) } catch { outcome = .failure(error) }
        let hasAnswered = if case .success = outcome { true } else { false }
        await leave(ticket, hasAnswered: hasAnswered)
        return try outcome.get()
    }

    private nonisolated func serve<Value: Sendable>(
        _ ticket: Int, _ order: LoadOrder, _ limit: Int?, _ body: @escaping @Sendable (Guest) async throws -> Value
    ) async throws -> Value {
        let (breaks, breaking) = AsyncStream<Void>.makeStream()
        let flag = BreakFlag()
        let tenancy = try await serve(ticket, of: order.key) {
            flag.set($0)
            breaking.finish()
        }
        let key = order.key
        let conversation = tenancy.conversation(limit: limit, options: order.options) { timings, _ in
            await self.answered(timings, key)
        }
        let guest = Guest(key: key, conversation: conversation, tenancy: tenancy)
        do {
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body(guest) }
                group.addTask {
                    for await _ in breaks {}
                    return nil
                }
                defer { group.cancelAll() }
                while let outcome = try await group.next() {
                    if let outcome { return outcome }
                    if let reason = flag.reason { throw Failure.unloaded(key, reason) }
                    try Task.checkCancellation()
                }
                throw CancellationError()
            }
        } catch { throw flag.reason.map { Failure.unloaded(key, $0) } ?? error }
    }

    /// How a model is to be loaded; what runs already is not planned again where it gives all that is asked for.
    func order(for wanted: LoadOrder.Wanted) async throws -> LoadOrder {
        if let here = try orderOfResident(wanted) ?? recent(wanted) { return here }
        if let task = planning[wanted] { return try await task.value }
        let task = Task { [house, settings, held, report] in
            try await house.loadOrder(wanted, wish: settings.wish, held: held) { report(.model(wanted.selector, $0)) }
        }
        planning[wanted] = task
        defer { planning[wanted] = nil }
        let order = try await task.value
        known[wanted] = (order, now)
        return order
    }

    /// Seconds for which a plan stays good: what it knows of the machine's load is hardly older then.
    private static let freshness = 3.0

    private func recent(_ wanted: LoadOrder.Wanted) throws -> LoadOrder? {
        known = known.filter { now - $0.value.at < Self.freshness }
        guard let order = known[wanted]?.order, try wanted.options.over(house.savedOptions(order.key)) == order.options else { return nil }
        return order
    }

    private func orderOfResident(_ wanted: LoadOrder.Wanted) throws -> LoadOrder? {
        guard let key = try residentKey(of: wanted.selector), var order = tenants[key]?.order, let resident = board.residents[key] else {
            return nil
        }
        let options = try wanted.options.over(house.savedOptions(key))
        let demand = wanted.demand(options)
        guard resident.asked.meets(demand) else { return nil }
        (order.options, order.demand) = (options, demand)
        return order
    }

    /// The key of a loaded model that a name means; `nil` where none is.
    func residentKey(of selector: String) throws -> String? {
        if tenants[selector] != nil { return selector }
        let named: (model: ModelInfo, quantization: String?)
        do { named = try house.registry.model(named: selector) } catch let failure as Failure where failure.code == .unknownModel {
            return nil
        }
        if let quantization = named.quantization {
            let key = "\(named.model.id):\(quantization)"
            return tenants[key] == nil ? nil : key
        }
        return tenants.keys.filter { $0.hasPrefix(named.model.id + ":") }.sorted().first
    }
}

/// Why a guest was broken off, told across tasks; `nil` where it was not.
private final class BreakFlag: Sendable {
    private let state = Mutex<ResidencyBoard.Leave?>(nil)
    func set(_ reason: ResidencyBoard.Leave) { state.withLock { $0 = reason } }
    var reason: ResidencyBoard.Leave? { state.withLock { $0 } }
}
