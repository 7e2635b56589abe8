// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Dispatch
import Foundation
import Synchronization

/// What Ctrl-C means just now. The first interruption lets work end in order; a second, for the impatient, ends at once.
/// A wish to end the program (SIGTERM, SIGHUP) goes past whatever Ctrl-C means at the moment.
final class Interrupts: Sendable {
    private struct State {
        /// What Ctrl-C does now, the innermost last.
        var handlers: [@Sendable () -> Void] = []
        var isEnding = false
        /// Seconds that a wish to end leaves for what is done in order.
        var patience = 3.0
    }

    private let state = Mutex(State())
    /// Made once and only kept alive afterwards, which is the proof for `unsafe`.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    static let shared = Interrupts()

    private init() {
        // What was ignored when we were started (nohup) stays ignored.
        let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for (source, number) in zip(sources, numbers) {
            source.setEventHandler { number == SIGINT ? Interrupts.shared.interrupted() : Interrupts.shared.toldToEnd(by: number) }
            source.resume()
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private func interrupted() {
        let handler = state.withLock { state -> (@Sendable () -> Void)? in
            if state.isEnding { exit(130) }
            if state.handlers.isEmpty { state.isEnding = true }
            return state.handlers.last
        }
        handler?()
    }

    /// The whole work is cancelled; what then still waits, say for the keyboard, is not waited for.
    private func toldToEnd(by number: Int32) {
        let (handler, patience) = state.withLock { ($0.handlers.first, $0.patience) }
        handler?()
        DispatchQueue.global().asyncAfter(deadline: .now() + patience) { exit(128 + number) }
    }

    /// Runs work that an interruption cancels.
    ///
    /// - Parameter isLast: a further interruption ends the program at once.
    func cancelling<Value: Sendable>(isLast: Bool, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        return try await handling {
            [weak self] in
            if isLast { self?.state.withLock { $0.isEnding = true } }
            task.cancel()
        } during: {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    /// Runs work that ends by itself, in order, once it was told to; a second interruption ends the program at once.
    ///
    /// - Parameter patience: seconds that it has for that.
    func draining<Value>(patience: Double, _ begin: @escaping @Sendable () -> Void, during work: () async throws -> Value) async rethrows
        -> Value
    {
        state.withLock { $0.patience = patience }
        defer { state.withLock { $0.patience = 3 } }
        return try await handling(
            { [weak self] in
                self?.state.withLock { $0.isEnding = true }
                begin()
            }, during: work)
    }

    /// Runs work during which an interruption does something of its own.
    func handling<Value>(_ handler: @escaping @Sendable () -> Void, during work: () async throws -> Value) async rethrows -> Value {
        state.withLock { $0.handlers.append(handler) }
        defer { state.withLock { _ = $0.handlers.popLast() } }
        return try await work()
    }
}
