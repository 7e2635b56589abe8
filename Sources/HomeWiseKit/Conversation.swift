// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// Talks to a loaded model and remembers what was said, also when the engine behind it is another one by now.
public actor Conversation {
    private let supervisor: Supervisor
    private let limit: Int?
    private let system: [ChatMessage]
    private let remember: @Sendable (AnswerTimings, Supervisor.Seat) async throws -> Void
    public private(set) var history: [ChatMessage] = []

    /// Tokens that a model without turns writes at most: it seldom stops by itself.
    static let continuation = 128

    /// - Parameters:
    ///   - limit: tokens that an answer may have at most.
    ///   - system: said to the model before everything else.
    init(
        _ supervisor: Supervisor, limit: Int?, system: String? = nil,
        remember: @escaping @Sendable (AnswerTimings, Supervisor.Seat) async throws -> Void
    ) {
        self.supervisor = supervisor
        self.limit = limit
        self.system = system.map { [ChatMessage(.system, $0)] } ?? []
        self.remember = remember
    }

    /// The model that answers, once it is ready: another one than was asked for where nothing else ran.
    ///
    /// - Throws: the failure that nothing helped against.
    public func fit() async throws -> Fit { try await supervisor.seat().order.fit }

    /// Asks and hands over the answer as it is written. What was written before an interruption stays in the history.
    ///
    /// - Throws: `Failure.engineRefused` for what the model cannot take; `Failure.engineDied` with the engine's last words, after which
    ///   the next question waits for its successor; `CancellationError`.
    ///
    /// - Returns: the model that answered.
    @discardableResult
    public func ask(_ prompt: String, onPart: @Sendable (AnswerPart) -> Void) async throws -> Fit {
        let seat = try await supervisor.seat()
        var answer = ""
        do {
            for try await part in try await stream(prompt, seat) {
                if case .text(let text) = part { answer += text }
                // A rate that cannot be written down is no reason to lose an answer.
                if case .timings(let timings) = part { try? await remember(timings, seat) }
                onPart(part)
            }
        } catch {
            keep(prompt, answer, seat)
            let error = await seat.session.explain(error)
            if let failure = error as? Failure, failure.code == .engineDied { await supervisor.lost(seat, failure) }
            throw error
        }
        keep(prompt, answer, seat)
        try Task.checkCancellation()
        return seat.order.fit
    }

    /// Takes the last question and what was answered to it out of the history, to ask it again.
    public func takeBack() {
        guard let question = history.lastIndex(where: { $0.role == .user }) else { return }
        history.removeSubrange(question...)
    }

    public func forget() { history = [] }

    /// What the engine's process takes of memory now: all of it, and the part that can not be dropped.
    public func memory() async -> (resident: ByteCount, anonymous: ByteCount)? {
        guard let seat = await supervisor.seatNow else { return nil }
        return ProcessMemory(pid: seat.session.pid).map { ($0.resident, $0.anonymous) }
    }

    private func stream(_ prompt: String, _ seat: Supervisor.Seat) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        seat.order.fit.model.isChat
            ? try await seat.session.client.chat(system + history + [ChatMessage(.user, prompt)], limit: limit)
            : try await seat.session.client.complete(prompt, limit: limit ?? Self.continuation)
    }

    private func keep(_ prompt: String, _ answer: String, _ seat: Supervisor.Seat) {
        guard seat.order.fit.model.isChat, !answer.isEmpty else { return }
        history += [ChatMessage(.user, prompt), ChatMessage(.assistant, answer)]
    }
}
