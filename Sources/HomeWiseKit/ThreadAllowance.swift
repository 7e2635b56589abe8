// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Synchronization

/// How many threads a person allows a model that runs, as far as he has said so since it was loaded.
final class ThreadAllowance: Sendable {
    private enum Word {
        case asPlanned
        case all
        case atMost(Int)
    }

    private let word = Mutex(Word.asPlanned)

    /// - Parameter threads: `nil` for as many as the engine has.
    func set(_ threads: Int?) { word.withLock { $0 = threads.map { .atMost($0) } ?? .all } }

    /// Never more than the engine was started with: more it cannot have.
    func most(of plan: LaunchPlan) -> Int {
        let pool = max(plan.threads, plan.mostThreads, plan.pool ?? 0)
        return switch word.withLock({ $0 }) {
        case .asPlanned: plan.mostThreads
        case .all: pool
        case .atMost(let threads): min(threads, pool)
        }
    }
}
