// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct RecoveryLadderTests {
    private let plan = LaunchPlan(
        model: "/m.gguf", alias: "m", options: ContextOptions(context: 8192, parallel: 4),
        placement: Placement(gpu: .init(name: "RTX 3060", bandwidth: 360e9, engineName: "CUDA0"), gpuLayers: 32), threads: 8, reasons: [])

    /// All measures until the end, with the plans that came of them.
    private func climb(_ trouble: Trouble, _ plan: LaunchPlan, means: Set<Rung> = []) -> (rungs: [[Rung]], last: LaunchPlan) {
        var (ladder, plan, rungs) = (RecoveryLadder(), plan, [[Rung]]())
        while let step = ladder.next(after: trouble, plan: plan, means: means), rungs.count < 100 {
            switch step {
            case .relaunch(let next, let taken):
                plan = next
                rungs.append(taken.map(\.rung))
            case .act(let taken): rungs.append([taken.rung])
            }
        }
        return (rungs, plan)
    }

    @Test("SUP-14 memory: every measure in its order, and at most four starts") func memory() {
        let (rungs, last) = climb(.memory, plan)
        #expect(
            rungs == [[.smallerBatch], [.quantizedCache], [.smallerContext, .fewerGPULayers], [.fewerFeatures, .processorOnly]])
        #expect(last.options == ContextOptions(context: 4096, parallel: 1, batch: 128, keyType: .q8, valueType: .q8))
        #expect(last.placement == .cpu && last.threads == 8)
    }

    @Test func whatNeedsHandsIsTakenInItsTurn() {
        let (rungs, _) = climb(.memory, plan, means: [.evictIdle, .lowerQuantization, .lowerTier])
        #expect(rungs.first == [.evictIdle] && rungs.last == [.lowerTier])
        #expect(rungs.flatMap(\.self) == Rung.ladder(for: .memory))
    }

    @Test func aCrashEndsInSafeMode() {
        let (rungs, last) = climb(.crash, plan)
        #expect(rungs == [[.sameAgain], [.plainKernels], [.fewerThreads], [.processorOnly], [.safeMode]])
        let arguments = last.llamaServerArguments(socket: "s")
        for pair in [
            ["--threads", "1"], ["--ctx-size", "512"], ["--ubatch-size", "32"], ["--load-mode", "none"], ["--flash-attn", "off"],
            ["--gpu-layers", "0"], ["--parallel", "1"],
        ] {
            #expect(arguments.firstIndex(of: pair[0]).map { arguments[$0 + 1] } == pair[1], "\(pair)")
        }
        #expect(arguments.contains("--no-repack"))
    }

    @Test func aLostDeviceLeadsToTheProcessor() {
        let (rungs, last) = climb(.device, plan, means: [.probeAgain])
        #expect(rungs == [[.probeAgain], [.processorOnly]] && last.placement == .cpu)
    }

    @Test func damageIsLookedAtBeforeItIsMended() {
        #expect(climb(.damage, plan, means: [.verifyFile, .repairFile]).rungs == [[.verifyFile], [.repairFile]])
        #expect(climb(.damage, plan).rungs.isEmpty)
    }

    @Test(arguments: Trouble.allCases) func itEndsAndTakesNothingTwice(_ trouble: Trouble) {
        var rungs = climb(trouble, plan, means: Set(Rung.allCases)).rungs.flatMap(\.self)
        #expect(rungs.count == Set(rungs).count)
        // A plan that has nothing to give is not started again as it was, but for the one time after a crash.
        var bare = plan
        (bare.placement, bare.threads, bare.options) = (.cpu, 1, ContextOptions(context: 512, batch: 32, keyType: .q4, valueType: .q4))
        (bare.isMapped, bare.hasFlashAttention, bare.isRepacking) = (false, false, false)
        rungs = climb(trouble, bare).rungs.flatMap(\.self)
        #expect(rungs == (trouble == .crash ? [.sameAgain, .safeMode] : []))
    }

    @Test func everyChangeIsRealAndSaysWhatItGaveUp() throws {
        for rung in Rung.allCases where rung.isLasting {
            let change = try #require(rung.change(plan), "\(rung)")
            #expect(change.plan != plan && !change.words.isEmpty)
        }
        for rung in Rung.allCases where !rung.isPlanned { #expect(rung.change(plan) == nil) }
    }

    @Test func whatHelpedIsTheBeginningOfTheNextStart() throws {
        var ladder = RecoveryLadder()
        _ = ladder.next(after: .crash, plan: plan)
        _ = ladder.next(after: .memory, plan: plan)
        let memory = try #require(RecoveryMemory(ladder.taken, asked: plan, engine: "b1", at: 1000))
        #expect(memory.taken.map(\.rung) == [.smallerBatch], "a second try of the same gives nothing up")
        let begun = try #require(memory.applied(to: plan, engine: "b1", at: 2000))
        #expect(begun.plan.options.batch == 128 && begun.plan.reasons.contains { $0.contains("memory ran out") })
        #expect(memory.applied(to: plan, engine: "b2", at: 2000) == nil)
        #expect(memory.applied(to: plan, engine: "b1", at: 1000 + RecoveryMemory.lifetime + 1) == nil)
        var smaller = plan
        smaller.options.context = 4096
        #expect(memory.applied(to: smaller, engine: "b1", at: 2000) == nil, "a smaller wish may do without")
        #expect(memory.applied(to: plan, engine: "b1", at: 0) == nil, "a note from the future says that the clock was wrong")
        #expect(RecoveryMemory([], asked: plan, engine: "b1", at: 0) == nil)
    }
}
