// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Synchronization

/// Ends a generation from another thread, also in the middle of a long prompt.
final class Brake: Sendable {
    enum Reason: Sendable { case hungUp, shuttingDown }

    private struct State {
        var reason: Reason?
        /// Asks the library to give up what it computes; there while a generator is.
        var terminate: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    /// Why it was pulled; the first reason stays.
    var reason: Reason? { state.withLock { $0.reason } }

    func pull(_ reason: Reason) {
        state.withLock {
            if $0.reason == nil { $0.reason = reason }
            $0.terminate?()
        }
    }

    /// - Parameter terminate: is called under the lock, so never after `detach` returned.
    func attach(_ terminate: @escaping @Sendable () -> Void) {
        state.withLock {
            $0.terminate = terminate
            if $0.reason != nil { terminate() }
        }
    }

    func detach() { state.withLock { $0.terminate = nil } }
}
