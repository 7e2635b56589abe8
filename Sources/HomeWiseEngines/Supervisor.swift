// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// Keeps one engine running: starts it, starts it again by another order when it fails, and tells who waits when nothing is left.
package actor Supervisor {
    /// What is to run, and how.
    package struct Order: Sendable, Equatable {
        package var plan: LaunchPlan
        package var fit: Fit
        /// The engine that runs it; `nil` for the one that the supervisor's server was made of.
        package var engine: ChosenEngine?

        package init(plan: LaunchPlan, fit: Fit, engine: ChosenEngine? = nil) {
            self.plan = plan
            self.fit = fit
            self.engine = engine
        }
    }

    /// A running engine and the order that it runs by.
    package struct Seat: Sendable {
        package let session: EngineServer.Session
        package let order: Order
    }

    private enum Phase {
        case starting
        case ready(Seat)
        case failed(any Error)
    }

    private let server: EngineServer
    private let recover: @Sendable (Failure, Order) async throws -> Order
    private let onReady: @Sendable (Seat) async -> Void
    private let accompany: @Sendable (Seat) async -> Void
    private let onStep: @Sendable (LoadStep) -> Void
    private var order: Order
    private var phase = Phase.starting
    private var waiters = Waiters<Seat>()
    private var mourners = Waiters<Void>()
    /// Ends the engine that runs now, with a failure that its process does not show.
    private var breaking: AsyncStream<Failure>.Continuation?

    /// - Parameters:
    ///   - recover: gives the order to go on with after a failure, and throws where nothing is left to try.
    ///   - onReady: called at each start that came to an answer.
    ///   - accompany: runs beside an engine for as long as it does, and is cancelled with it.
    ///   - onStep: told of each step of each start.
    package init(
        server: EngineServer, order: Order, recover: @escaping @Sendable (Failure, Order) async throws -> Order,
        onReady: @escaping @Sendable (Seat) async -> Void = { _ in }, accompany: @escaping @Sendable (Seat) async -> Void = { _ in },
        onStep: @escaping @Sendable (LoadStep) -> Void = { _ in }
    ) {
        self.server = server
        self.order = order
        self.recover = recover
        self.onReady = onReady
        self.accompany = accompany
        self.onStep = onStep
    }

    /// Runs the body beside the engine; both are gone when the body is done.
    ///
    /// - Throws: what the body throws. A failing engine is told to whoever asks for its seat.
    package func run<Value: Sendable>(_ body: @escaping @Sendable (Supervisor) async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                await self.keepRunning()
                return nil
            }
            group.addTask { try await body(self) }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }

    /// The running engine; waits while it starts.
    ///
    /// - Throws: the failure that nothing helped against, `CancellationError`.
    package func seat() async throws -> Seat {
        switch phase {
        case .ready(let seat): return seat
        case .failed(let error): throw error
        case .starting: break
        }
        let ticket = waiters.ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiters.add($0, ticket) }
        } onCancel: {
            Task { await self.giveUp(ticket) }
        }
    }

    private func giveUp(_ ticket: Int) { waiters.cancel(ticket) }

    /// Waits for the end of all tries.
    ///
    /// - Throws: always: the failure that nothing helped against, `CancellationError`.
    package func untilNothingIsLeft() async throws {
        if case .failed(let error) = phase { throw error }
        let ticket = mourners.ticket()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { mourners.add($0, ticket) }
        } onCancel: {
            Task { await self.stopMourning(ticket) }
        }
    }

    private func stopMourning(_ ticket: Int) { mourners.cancel(ticket) }

    /// The running engine; `nil` while there is none.
    package var seatNow: Seat? { if case .ready(let seat) = phase { seat } else { nil } }

    /// Says that the engine behind a seat has failed, also where its process lives on: it is ended, and who asks next waits for its
    /// successor.
    package func lost(_ seat: Seat, _ failure: Failure) {
        guard seatNow?.session.pid == seat.session.pid else { return }
        phase = .starting
        breaking?.yield(failure)
    }

    private func keepRunning() async {
        while true {
            do { try await runOnce() } catch {
                phase = .starting
                guard let failure = error as? Failure, !Task.isCancelled else { return settle(.failure(error)) }
                do { order = try await recover(failure, order) } catch { return settle(.failure(error)) }
            }
        }
    }

    private func runOnce() async throws {
        let order = order
        var server = server
        if let chosen = order.engine { server.engine = chosen.engine }
        try await server.run(order.plan, onStep: onStep) { session in
            let seat = Seat(session: session, order: order)
            await self.onReady(seat)
            let (breaks, breaking) = AsyncStream<Failure>.makeStream()
            await self.began(seat, breaking)
            try await withThrowingTaskGroup { group in
                group.addTask { await self.accompany(seat) }
                group.addTask { for await failure in breaks { throw failure } }
                group.addTask { try await session.untilItEnds() }
                // Each of the last two ends with a failure alone, and the first one that does ends the others.
                while try await group.next() != nil {}
            }
        }
    }

    private func began(_ seat: Seat, _ breaking: AsyncStream<Failure>.Continuation) {
        self.breaking = breaking
        settle(.success(seat))
    }

    private func settle(_ outcome: Result<Seat, any Error>) {
        switch outcome {
        case .success(let seat): phase = .ready(seat)
        case .failure(let error):
            phase = .failed(error)
            mourners.resume(with: .failure(error))
        }
        waiters.resume(with: outcome)
    }
}
