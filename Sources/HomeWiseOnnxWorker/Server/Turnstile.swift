// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Synchronization

/// Lets one through at a time, in the order in which they came. Who is cancelled while waiting leaves the line.
final class Turnstile: Sendable {
    private struct Line {
        var isTaken = false
        var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var last = 0
    }
    private let line = Mutex(Line())

    var isFree: Bool { line.withLock { !$0.isTaken } }

    /// How many wait.
    var waiting: Int { line.withLock { $0.waiting.count } }

    /// - Throws: `CancellationError` when its task was cancelled before its turn, and whatever the body throws.
    func withTurn<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let number = line.withLock { line in
            line.last += 1
            return line.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                line.withLock { line in
                    // Asked under the lock: whoever is cancelled later finds itself in the line.
                    if Task.isCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else if line.isTaken {
                        line.waiting.append((number, continuation))
                    } else {
                        line.isTaken = true
                        continuation.resume()
                    }
                }
            }
        } onCancel: {
            line.withLock { line in
                guard let place = line.waiting.firstIndex(where: { $0.number == number }) else { return }
                line.waiting.remove(at: place).continuation.resume(throwing: CancellationError())
            }
        }
    }

    private func leave() {
        line.withLock { line in
            if line.waiting.isEmpty { line.isTaken = false } else { line.waiting.removeFirst().continuation.resume() }
        }
    }
}
