// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Synchronization

/// What is told of one job while it is on its way: to whoever listens, in the order in which it happens.
final class DownloadFeed: Sendable {
    private struct State {
        var phase = DownloadPhase.requirements
        var listeners: [AsyncStream<Event>.Continuation] = []
        var isOver = false
    }

    private let state = Mutex(State())

    /// The step that was last told of.
    var phase: DownloadPhase { state.withLock { $0.phase } }

    /// Its work begins, perhaps anew.
    func begin() { state.withLock { $0.phase = .requirements } }

    func tell(_ event: Event) {
        state.withLock { state in
            if case .phase(_, let phase) = event { state.phase = phase }
            for listener in state.listeners { listener.yield(event) }
        }
    }

    /// - Returns: the events from now on; the oldest are dropped for a listener that falls far behind.
    func listen() -> AsyncStream<Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1024)) { continuation in
            state.withLock { state in
                if state.isOver { continuation.finish() } else { state.listeners.append(continuation) }
            }
        }
    }

    func finish() {
        state.withLock { state in
            state.isOver = true
            state.listeners.forEach { $0.finish() }
            state.listeners = []
        }
    }
}
