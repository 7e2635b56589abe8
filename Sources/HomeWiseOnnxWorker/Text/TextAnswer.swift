// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// What became of an answer.
struct AnswerEnd: Sendable, Equatable {
    /// The model said so, a stop string came, or there was no room for more.
    enum Reason: Sendable { case ended, stopString, length }
    var reason: Reason
    var timings: Timings
}

/// As llama-server reports them: milliseconds, and tokens a second.
struct Timings: Sendable, Equatable {
    var prompt_n: Int
    var prompt_ms: Double
    var prompt_per_second: Double
    var predicted_n: Int
    var predicted_ms: Double
    var predicted_per_second: Double

    init(prompt: Int, took reading: Duration, written: Int, took writing: Duration) {
        (prompt_n, predicted_n) = (prompt, written)
        (prompt_ms, predicted_ms) = (reading / .milliseconds(1), writing / .milliseconds(1))
        prompt_per_second = prompt_ms > 0 ? Double(prompt) / prompt_ms * 1000 : 0
        predicted_per_second = predicted_ms > 0 ? Double(written) / predicted_ms * 1000 : 0
    }
}

/// One answer, from the prompt's tokens to the last word.
struct TextAnswer: Sendable {
    let model: TextModel
    let desk: PromptDesk
    let prompt: [Int32]
    let options: SamplingOptions

    /// - Throws: `Failure.promptTooLong` when there is no room for a single token more.
    init(model: TextModel, desk: PromptDesk, prompt: [Int32], options: SamplingOptions) throws {
        guard !prompt.isEmpty else { throw Failure.badRequest("the prompt is empty") }
        guard prompt.count < model.context else { throw Failure.promptTooLong(prompt.count, most: model.context) }
        (self.model, self.desk, self.prompt, self.options) = (model, desk, prompt, options)
    }

    /// Tokens that it may write.
    var room: Int { min(options.limit ?? .max, model.context - prompt.count) }

    /// Writes the answer. Cancelling the task, or the brake, ends it in the middle of whatever it is at.
    ///
    /// - Parameter emit: gets each piece of text; the next token waits for it.
    func run(_ brake: Brake, emit: (String) async throws -> Void) async throws -> AnswerEnd {
        do {
            let end = try await withTaskCancellationHandler {
                try await write(brake, emit: emit)
            } onCancel: {
                brake.pull(.hungUp)
            }
            await model.end(brake)
            return end
        } catch {
            await model.end(brake)
            switch brake.reason {
            case .hungUp: throw CancellationError()
            case .shuttingDown: throw Failure.shuttingDown()
            case nil: throw error
            }
        }
    }

    private func write(_ brake: Brake, emit: (String) async throws -> Void) async throws -> AnswerEnd {
        let start = ContinuousClock.now
        try await desk.beginText()
        try await model.begin(prompt, length: prompt.count + room, options, brake)
        let read = ContinuousClock.now
        var (characters, stops) = (UTF8Assembler(), StopHolder(options.stops))
        var (written, reason) = (0, AnswerEnd.Reason.length)
        while written < room {
            if brake.reason != nil { throw CancellationError() }
            let token = try await model.next()
            written += 1
            if desk.ends.contains(token) {
                reason = .ended
                break
            }
            let text = try await stops.consume(characters.consume(desk.text(of: token)))
            if !text.isEmpty { try await emit(text) }
            if stops.isStopped {
                reason = .stopString
                break
            }
        }
        let rest = stops.finish()
        if !rest.isEmpty { try await emit(rest) }
        return AnswerEnd(
            reason: reason, timings: Timings(prompt: prompt.count, took: read - start, written: written, took: .now - read))
    }
}
