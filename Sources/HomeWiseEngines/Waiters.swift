// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Tasks that wait for a value of an actor, each of which may be cancelled.
struct Waiters<Value: Sendable> {
    private var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
    private var last = 0

    /// A number for the next one who waits.
    mutating func ticket() -> Int {
        last += 1
        return last
    }

    /// To be called where the task waits; one that is cancelled already does not.
    mutating func add(_ continuation: CheckedContinuation<Value, any Error>, _ ticket: Int) {
        if Task.isCancelled { continuation.resume(throwing: CancellationError()) } else { waiting[ticket] = continuation }
    }

    mutating func cancel(_ ticket: Int) { waiting.removeValue(forKey: ticket)?.resume(throwing: CancellationError()) }

    mutating func resume(with outcome: Result<Value, any Error>) {
        let all = waiting
        waiting = [:]
        for continuation in all.values { continuation.resume(with: outcome) }
    }
}
