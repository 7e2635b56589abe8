// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Testing

@testable import HomeWiseDomain

@Suite struct MemoryBudgetTests {
    private func machine(_ memory: SystemCapabilities.Memory, gpus: [SystemCapabilities.GPU] = []) -> SystemCapabilities {
        SystemCapabilities(cpu: .init(architecture: "x86_64", logicalCores: 2), memory: memory, gpus: gpus)
    }

    @Test func whatOthersTakeIsMissingAndWhatWeHoldIsNot() {
        let memory = SystemCapabilities.Memory(total: ByteCount(16_000_000_000), available: ByteCount(5_000_000_000))
        let budget = MemoryBudget(
            machine(memory), held: Footprint(own: 3_000_000_000, mapped: 4_000_000_000), share: .percent(80), gpuShare: .percent(90))
        #expect(budget.host == .init(most: 12_800_000_000, left: 8_000_000_000) && budget.reserve == 500_000_000)
        #expect(budget.holds(Footprint(own: 7_500_000_000)) && !budget.holds(Footprint(own: 7_500_000_001)))
        // Pages of files give way, so the reserve is no limit for them.
        #expect(budget.holds(Footprint(own: 1_000_000_000, mapped: 7_000_000_000)))
        #expect(!budget.holds(Footprint(own: 1_000_000_000, mapped: 7_000_000_001)))
    }

    @Test func theLimitOfAContainerCounts() {
        let memory = SystemCapabilities.Memory(
            total: ByteCount(64_000_000_000), available: ByteCount(60_000_000_000), limit: ByteCount(4_000_000_000),
            limitAvailable: ByteCount(1_000_000_000))
        let budget = MemoryBudget(machine(memory), held: Footprint(own: 2_000_000_000), share: .percent(50), gpuShare: .percent(90))
        #expect(budget.host == .init(most: 2_000_000_000, left: 3_000_000_000))
        let freed = MemoryBudget.without(Footprint(own: 2_000_000_000), machine(memory)).memory
        #expect(freed.free == ByteCount(3_000_000_000) && freed.available == ByteCount(62_000_000_000))
    }

    @Test func unknownIsNoLimit() {
        let budget = MemoryBudget(machine(.init()), held: Footprint(), share: .percent(80), gpuShare: .percent(90))
        #expect(budget.holds(Footprint(own: .max / 2, mapped: .max / 2)))
    }

    @Test func cardsWithMemoryOfTheirOwnCountApart() {
        let gpus: [SystemCapabilities.GPU] = [
            .init(kind: .cuda, name: "RTX", memoryTotal: ByteCount(10_000_000_000), memoryFree: ByteCount(2_000_000_000)),
            .init(kind: .vulkan, name: "built in", memoryTotal: ByteCount(1), memoryIsShared: true),
        ]
        let budget = MemoryBudget(
            machine(.init(), gpus: gpus), held: Footprint(gpus: ["RTX": 6_000_000_000]), share: .percent(80), gpuShare: .percent(90))
        #expect(budget.gpus == ["RTX": .init(most: 9_000_000_000, left: 8_000_000_000)])
        #expect(!budget.holds(Footprint(gpus: ["RTX": 8_000_000_001])) && budget.holds(Footprint(gpus: ["built in": 5])))
    }

    @Test func aFootprintSaysWhatIsMapped() {
        let estimate = MemoryEstimate(
            mapped: ByteCount(1000), repacked: ByteCount(600), cache: ByteCount(50), compute: ByteCount(30), overhead: ByteCount(20),
            gpu: ByteCount(70), basis: .analytic)
        var plan = LaunchPlan(model: "/m", alias: "m", options: ContextOptions(context: 64), threads: 1, reasons: [])
        #expect(Footprint(estimate, plan: plan) == Footprint(own: 700, mapped: 400))
        plan.isMapped = false
        #expect(Footprint(estimate, plan: plan) == Footprint(own: 1100))
        plan.placement = Placement(gpu: .init(name: "card", bandwidth: 1), gpuLayers: 3)
        #expect(Footprint(estimate, plan: plan).gpus == ["card": 70])
        plan.placement = Placement(gpu: .init(name: "card", bandwidth: 1, isShared: true), gpuLayers: 3)
        #expect(Footprint(estimate, plan: plan) == Footprint(own: 1170))
    }

    @Test func absurdFiguresDoNotTrap() {
        let huge = Footprint(own: .max, mapped: .max, gpus: ["c": .max])
        #expect((huge + huge).total == .max && !MemoryBudget(host: .init(most: 5)).holds(huge + huge))
    }

    @Test(arguments: [
        ("5m", 300.0), ("0", 0), ("90s", 90), ("1h30m", 5400), ("250", 250), ("1.5h", 5400), ("500ms", 0.5),
    ])
    func timesAreRead(_ text: String, _ seconds: Double) throws {
        #expect(try KeepAlive(parsing: text) == .after(seconds))
    }

    @Test func neverAndNonsense() throws {
        for text in ["-1", "never", "-5m", "100000h"] { #expect(try KeepAlive(parsing: text) == .never) }
        for text in ["", "m", "5x", "five", "nan", "inf", "1e400", "--5", "5m3"] {
            #expect(throws: Failure.self, "\(text)") { try KeepAlive(parsing: text) }
        }
        let all = [KeepAlive.never, .after(0), .after(90)]
        #expect(try JSONDecoder().decode([KeepAlive].self, from: JSONEncoder().encode(all)) == all)
        #expect(try JSONDecoder().decode([KeepAlive].self, from: Data(#"["10m", -3, 7]"#.utf8)) == [.after(600), .never, .after(7)])
    }

    @Test func onlyWhatIsDemandedIsCompared() {
        let plan = LaunchPlan(model: "/m", alias: "m", options: ContextOptions(context: 4096), threads: 1, reasons: [])
        #expect(plan.meets(LaunchDemand()) && plan.meets(LaunchDemand(context: 512, parallel: 1, gpuLayers: 0)))
        #expect(!plan.meets(LaunchDemand(context: 8192)) && !plan.meets(LaunchDemand(parallel: 2)))
        #expect(!plan.meets(LaunchDemand(batch: 128)) && !plan.meets(LaunchDemand(isMapped: false)))
        let reasons = plan.reasonsToReload(for: LaunchDemand(keyType: .q8, gpuLayers: 3, hasFlashAttention: false))
        #expect(
            reasons == ["keys in q8_0 instead of f16", "layers on the graphics card 3 instead of 0", "flash attention off instead of on"])
    }
}
