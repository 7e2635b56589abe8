// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Synchronization

/// The one model of this program, from its load to its end.
final class Worker: Sendable {
    /// What is loaded.
    enum Engine: Sendable {
        case text(TextModel, PromptDesk, TextSettings)
        case embedding(EmbeddingModel, EmbedderSettings)
    }

    private struct State {
        var engine: Engine?
        var brake: Brake?
        var isShuttingDown = false
    }

    let alias: String
    private let state = Mutex(State())
    private let turnstile = Turnstile()

    init(alias: String) { self.alias = alias }

    func isReady(_ engine: Engine) { state.withLock { $0.engine = engine } }

    /// - Throws: `Failure.stillLoading` or `Failure.shuttingDown`.
    func engine() throws -> Engine {
        try state.withLock { state in
            if state.isShuttingDown { throw Failure.shuttingDown() }
            guard let engine = state.engine else { throw Failure.stillLoading() }
            return engine
        }
    }

    /// Waits for the model and works with it alone.
    ///
    /// - Parameter body: its brake is pulled when the program is to end.
    func withTurn<Value: Sendable>(_ body: (Brake) async throws -> Value) async throws -> Value {
        try await turnstile.withTurn {
            let brake = Brake()
            try state.withLock { state in
                if state.isShuttingDown { throw Failure.shuttingDown() }
                state.brake = brake
            }
            defer { state.withLock { $0.brake = nil } }
            return try await body(brake)
        }
    }

    /// Whether nobody is being answered by the model.
    var isIdle: Bool { turnstile.isFree }

    /// Answers that are being written end with an error; new ones are refused.
    func shutDown() {
        let brake = state.withLock { state in
            state.isShuttingDown = true
            return state.brake
        }
        brake?.pull(.shuttingDown)
    }
}
