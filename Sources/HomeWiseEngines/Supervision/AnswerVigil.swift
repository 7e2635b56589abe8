// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// Watches over one answer: who neither writes nor works any more is given up, and the request with it.
final class AnswerVigil: Sendable {
    private let watch: Mutex<AnswerWatch>
    private let work: @Sendable () -> Double?
    private let start = SuspendingClock.now

    /// - Parameter work: seconds of processor time that the engine has taken.
    init(_ limits: AnswerWatch.Limits, work: @escaping @Sendable () -> Double?) {
        watch = Mutex(AnswerWatch(limits, at: 0))
        self.work = work
    }

    /// A machine that sleeps is no engine that hangs.
    private var now: Double { start.duration(to: .now) / .seconds(1) }

    /// - Throws: `Failure.badReply` for an answer without end.
    func heard(_ bytes: Int) throws {
        if let fault = watch.withLock({ $0.heard(bytes, at: now) }) { throw Failure.engineStuck(fault) }
    }

    func told() { watch.withLock { $0.told(at: now) } }

    func wrote() { watch.withLock { $0.wrote(at: now) } }

    /// Does the work and looks at the engine meanwhile. The work is cancelled first, and that ends the request; the engine itself is ended
    /// by whoever is told of the failure.
    func during<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.patrol()
                return nil
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() { if let outcome { return outcome } }
            throw CancellationError()
        }
    }

    private func patrol() async throws {
        let limits = watch.withLock { $0.limits }
        let pause = Duration.seconds(min(1, max(0.02, min(limits.still, limits.first, limits.next) / 8)))
        while true {
            try await Task.sleep(for: pause)
            let work = work()
            if let fault = watch.withLock({ $0.look(work: work, at: now) }) { throw Failure.engineStuck(fault) }
        }
    }
}
