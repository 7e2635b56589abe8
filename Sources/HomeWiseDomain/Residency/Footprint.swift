// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a loaded model holds, in figures that behave differently. Bytes.
public struct Footprint: Sendable, Codable, Equatable {
    /// Memory of its own: it must be there and cannot be dropped.
    public var own: Int64
    /// Pages of its file that it works with: the system may drop them, and reading them again is slow.
    public var mapped: Int64
    /// On graphics cards that have a memory of their own, by name.
    public var gpus: [String: Int64]

    public init(own: Int64 = 0, mapped: Int64 = 0, gpus: [String: Int64] = [:]) {
        self.own = own
        self.mapped = mapped
        self.gpus = gpus
    }

    /// What a plan takes.
    ///
    /// - Parameter estimate: for the plan's own options.
    public init(_ estimate: MemoryEstimate, plan: LaunchPlan) {
        let working = estimate.working.bytes
        // A file that is copied instead of mapped is memory of its own.
        own = plan.isMapped ? estimate.privateTotal.bytes : working
        mapped = max(0, working - own)
        gpus = [:]
        guard let gpu = plan.placement.gpu else { return }
        if gpu.isShared { own = own.adding(estimate.gpu.bytes) } else { gpus[gpu.name] = estimate.gpu.bytes }
    }

    /// What a model takes by a plan that may be another one than it was chosen with.
    public init(_ fit: Fit, plan: LaunchPlan, cpu: SystemCapabilities.CPU) {
        guard plan.options != fit.options || plan.placement != fit.placement else {
            self.init(fit.memory, plan: plan)
            return
        }
        let whole = MemoryEstimate(fit.facts, file: fit.variant.size, plan.options, cpu: cpu)
        self.init(whole.moving(plan.placement, fit.facts, plan.options, budget: .infinity), plan: plan)
    }

    /// What should be in the machine's memory for it to run at its pace.
    public var working: Int64 { own.adding(mapped) }
    /// Everywhere together.
    public var total: Int64 { gpus.values.reduce(working) { $0.adding($1) } }

    public static func + (left: Self, right: Self) -> Self {
        Footprint(
            own: left.own.adding(right.own), mapped: left.mapped.adding(right.mapped),
            gpus: right.gpus.isEmpty ? left.gpus : left.gpus.merging(right.gpus) { $0.adding($1) })
    }

    public static func - (left: Self, right: Self) -> Self {
        Footprint(
            own: left.own.adding(-right.own), mapped: left.mapped.adding(-right.mapped),
            gpus: right.gpus.isEmpty ? left.gpus : left.gpus.merging(right.gpus.mapValues { -$0 }) { $0.adding($1) })
    }
}

extension Int64 {
    /// Figures of strangers may be absurd: their sum must not trap.
    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
