// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a model needed on this machine before it ran: the next start begins there instead of failing the same way again.
public struct RecoveryMemory: Sendable, Codable, Equatable {
    /// What was asked for when they were needed: less may run without them.
    public var context: Int
    public var placement: Placement
    /// The lasting measures that were taken, in their order.
    public var taken: [RecoveryLadder.Taken]
    /// Version of the engine that needed them: another one is given the whole plan again.
    public var engine: String
    /// Seconds since 1970.
    public var notedAt: Double

    /// Seconds after which the whole plan is tried again: what was short then, memory above all, may be free now.
    public static let lifetime: Double = 7 * 86_400

    /// - Returns: `nil` where nothing lasting was taken.
    ///
    /// - Parameter asked: the plan before anything was taken.
    public init?(_ taken: [RecoveryLadder.Taken], asked: LaunchPlan, engine: String, at now: Double) {
        let lasting = taken.filter(\.rung.isLasting)
        guard !lasting.isEmpty else { return nil }
        (self.taken, self.engine, notedAt) = (lasting, engine, now)
        (context, placement) = (asked.options.context, asked.placement)
    }

    /// The plan with what was needed, each with its reason; `nil` where this memory is of another engine, of a larger wish, or too old.
    public func applied(to plan: LaunchPlan, engine: String, at now: Double) -> (plan: LaunchPlan, taken: [RecoveryLadder.Taken])? {
        guard engine == self.engine, plan.options.context >= context, plan.placement == placement,
            (0...Self.lifetime).contains(now - notedAt)
        else { return nil }
        var (plan, done) = (plan, [RecoveryLadder.Taken]())
        for step in taken {
            guard let change = step.rung.change(plan) else { continue }
            plan = change.plan
            plan.reasons.append("\(change.words), because last time \(step.trouble.words)")
            done.append(RecoveryLadder.Taken(step.trouble, step.rung, change.words))
        }
        return done.isEmpty ? nil : (plan, done)
    }
}
