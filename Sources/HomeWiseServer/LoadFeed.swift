// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseKit
import Synchronization

/// Passes what is told of models on to everybody who listens just now.
public final class LoadFeed: Sendable {
    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<ResidencyEvent>.Continuation] = [:]
    }

    /// Events that a slow listener is behind at most; the oldest are left out.
    private static let depth = 256
    private let state = Mutex(State())

    public init() {}

    public func tell(_ event: ResidencyEvent) { state.withLock { state in state.listeners.values.forEach { $0.yield(event) } } }

    func subscribe() -> (id: Int, events: AsyncStream<ResidencyEvent>) {
        let (events, continuation) = AsyncStream<ResidencyEvent>.makeStream(bufferingPolicy: .bufferingNewest(Self.depth))
        return state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return (state.next, events)
        }
    }

    /// Whether somebody is being worked for: a model that is only being planned is in no list yet.
    public var isHeard: Bool { state.withLock { !$0.listeners.isEmpty } }

    func unsubscribe(_ id: Int) { state.withLock { $0.listeners.removeValue(forKey: id) }?.finish() }
}
