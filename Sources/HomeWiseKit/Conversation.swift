// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

/// Talks to a loaded model and remembers what was said.
public actor Conversation {
    public nonisolated let fit: Fit
    private let session: LlamaServer.Session
    private let limit: Int?
    private let remember: @Sendable (AnswerTimings) throws -> Void
    public private(set) var history: [ChatMessage] = []

    /// Tokens that a model without turns writes at most: it seldom stops by itself.
    static let continuation = 128

    /// - Parameter limit: tokens that an answer may have at most.
    init(fit: Fit, session: LlamaServer.Session, limit: Int?, remember: @escaping @Sendable (AnswerTimings) throws -> Void) {
        self.fit = fit
        self.session = session
        self.limit = limit
        self.remember = remember
    }

    /// Asks and hands over the answer as it is written. What was written before an interruption stays in the history.
    ///
    /// - Throws: `Failure.engineRefused` for what the model cannot take, `Failure.engineDied` with the engine's last
    ///   words, `CancellationError`.
    public func ask(_ prompt: String, onPart: @Sendable (AnswerPart) -> Void) async throws {
        var answer = ""
        do {
            for try await part in try await stream(prompt) {
                if case .text(let text) = part { answer += text }
                // A rate that cannot be written down is no reason to lose an answer.
                if case .timings(let timings) = part { try? remember(timings) }
                onPart(part)
            }
        } catch {
            keep(prompt, answer)
            throw await session.explain(error)
        }
        keep(prompt, answer)
        try Task.checkCancellation()
    }

    public func forget() { history = [] }

    /// What the engine's process takes of memory now: all of it, and the part that can not be dropped.
    public nonisolated func memory() -> (resident: ByteCount, anonymous: ByteCount)? {
        ProcessMemory(pid: session.pid).map { ($0.resident, $0.anonymous) }
    }

    private func stream(_ prompt: String) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        fit.model.isChat
            ? try await session.client.chat(history + [ChatMessage(.user, prompt)], limit: limit)
            : try await session.client.complete(prompt, limit: limit ?? Self.continuation)
    }

    private func keep(_ prompt: String, _ answer: String) {
        guard fit.model.isChat, !answer.isEmpty else { return }
        history += [ChatMessage(.user, prompt), ChatMessage(.assistant, answer)]
    }
}
