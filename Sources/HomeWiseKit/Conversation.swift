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
    private let options: ModelOptions
    private let remember: @Sendable (AnswerTimings, Supervisor.Seat) async throws -> Void
    public private(set) var history: [ChatMessage] = []

    /// Tokens that a model without turns writes at most: it seldom stops by itself.
    static let continuation = 128

    /// - Parameters:
    ///   - limit: tokens that an answer may have at most.
    ///   - options: what of them holds for single requests. Sampling that they do not name is that of the model which answers, also where
    ///     another one took its place.
    init(
        _ supervisor: Supervisor, limit: Int?, options: ModelOptions = ModelOptions(),
        remember: @escaping @Sendable (AnswerTimings, Supervisor.Seat) async throws -> Void
    ) {
        self.supervisor = supervisor
        self.limit = limit
        self.options = options
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
        var answer = ""
        var isChat = false
        defer { if isChat, !answer.isEmpty { history += [ChatMessage(.user, prompt), ChatMessage(.assistant, answer)] } }
        return try await self.answer(history + [ChatMessage(.user, prompt)]) { part, fit in
            isChat = fit.model.isChat
            if case .text(let text) = part { answer += text }
            onPart(part)
        }
    }

    /// Answers a conversation that somebody else remembers. A model without turns continues its last message.
    ///
    /// - Throws: as `ask`.
    /// - Returns: the model that answered.
    public func answer(_ messages: [ChatMessage], onPart: (AnswerPart, Fit) -> Void) async throws -> Fit {
        try await whileSeated { seat in
            for try await part in try await stream(messages, seat) {
                // A rate that cannot be written down is no reason to lose an answer.
                if case .timings(let timings) = part { try? await remember(timings, seat) }
                onPart(part, seat.order.fit)
            }
            try Task.checkCancellation()
            return seat.order.fit
        }
    }

    /// A vector for each text, in their order.
    ///
    /// - Throws: `Failure.engineRefused` for a text that the model cannot take whole, and as `ask`.
    public func vectors(of texts: [String]) async throws -> [[Float]] {
        try await whileSeated { try await $0.session.client.embed(texts) }
    }

    /// How well each document answers a question, in their order.
    ///
    /// - Throws: as `vectors`.
    public func scores(of documents: [String], for query: String) async throws -> [Double] {
        try await whileSeated { try await $0.session.client.rerank(documents, by: query) }
    }

    /// Works with the running engine, and tells of one that fails meanwhile.
    private func whileSeated<Value>(_ work: (Supervisor.Seat) async throws -> Value) async throws -> Value {
        let seat = try await supervisor.seat()
        do { return try await work(seat) } catch {
            let error = await seat.session.explain(error)
            if let failure = error as? Failure, failure.code == .engineDied { await supervisor.lost(seat, failure) }
            throw error
        }
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

    private func stream(_ messages: [ChatMessage], _ seat: Supervisor.Seat) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        let (model, client) = (seat.order.fit.model, seat.session.client)
        let sampling = options.applied(to: model.sampling)
        guard model.isChat else {
            return try await client.complete(messages.last?.content ?? "", limit: limit ?? Self.continuation, sampling: sampling)
        }
        // A conversation that begins with such words of its own keeps them.
        let system = messages.first?.role == .system ? [] : options.systemPrompt.map { [ChatMessage(.system, $0)] } ?? []
        return try await client.chat(system + messages, limit: limit, sampling: sampling)
    }
}
