// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which measure comes next after a failure. It ends: each measure is taken at most once for each class of failures, and only
/// where it has something left to give.
public struct RecoveryLadder: Sendable {
    /// What is to be done.
    public enum Step: Sendable, Equatable {
        /// Start again with this plan.
        case relaunch(LaunchPlan, [Taken])
        /// Do this, then start again.
        case act(Taken)
    }

    /// A measure that was taken.
    public struct Taken: Sendable, Codable, Equatable {
        public var trouble: Trouble
        public var rung: Rung
        /// What it gave up or does, as a clause.
        public var words: String

        public init(_ trouble: Trouble, _ rung: Rung, _ words: String) {
            self.trouble = trouble
            self.rung = rung
            self.words = words
        }

        /// For a person: “memory ran out: context 4096 instead of 8192 tokens”.
        public var sentence: String { "\(trouble.words): \(words)" }
    }

    /// All that was taken, in its order.
    public private(set) var taken: [Taken] = []
    private var relaunches: [Trouble: Int] = [:]

    /// - Parameter taken: what an earlier run ended with; it is not tried a second time.
    public init(taken: [Taken] = []) { self.taken = taken }

    /// - Parameters:
    ///   - plan: the plan that failed.
    ///   - means: the measures that need hands and can be taken now.
    /// - Returns: `nil` when nothing is left.
    public mutating func next(after trouble: Trouble, plan: LaunchPlan, means: Set<Rung> = []) -> Step? {
        var (plan, steps) = (plan, [Taken]())
        for rung in Rung.ladder(for: trouble) where !hasTaken(rung, for: trouble) {
            if rung.isPlanned, let change = rung.change(plan) {
                plan = change.plan
                steps.append(Taken(trouble, rung, change.words))
                if steps.count == width(for: trouble) { break }
            } else if !rung.isPlanned, means.contains(rung) {
                // What needs hands is a step of its own; it waits for the plans before it.
                if steps.isEmpty { return act(Taken(trouble, rung, rung.words)) }
                break
            }
        }
        guard !steps.isEmpty else { return nil }
        taken += steps
        relaunches[trouble, default: 0] += 1
        return .relaunch(plan, steps)
    }

    /// How many measures are taken at a time: one, one, then two, then all the rest. Each try costs a load, and a person waits:
    /// after two that were not enough the gap is not a small one. (SUP-14 allows four.)
    private func width(for trouble: Trouble) -> Int {
        guard trouble == .memory else { return 1 }
        return switch relaunches[trouble, default: 0] {
        case 0, 1: 1
        case 2: 2
        default: .max
        }
    }

    private func hasTaken(_ rung: Rung, for trouble: Trouble) -> Bool { taken.contains { $0.rung == rung && $0.trouble == trouble } }

    private mutating func act(_ step: Taken) -> Step {
        taken.append(step)
        return .act(step)
    }
}
