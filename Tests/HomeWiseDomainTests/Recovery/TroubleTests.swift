// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct TroubleTests {
    private func plan(_ placement: Placement) -> LaunchPlan {
        LaunchPlan(
            model: "/m.gguf", alias: "m", options: ContextOptions(context: 4096), placement: placement, threads: 2, reasons: [])
    }

    private let card = Placement(gpu: .init(name: "RTX", bandwidth: 1e9, engineName: "CUDA0"), gpuLayers: 3)

    @Test("SUP-03 a device that is complained of by an engine that uses none is a crash like others") func deviceOnProcessor() {
        #expect(Trouble(.deviceLost, plan(.cpu)) == .crash && Trouble(.deviceLost, plan(card)) == .device)
        #expect(!Rung.ladder(for: Trouble(.deviceLost, plan(.cpu))).contains(.probeAgain))
    }

    @Test func whatHelpedOnOneDeviceIsNotTakenOnAnother() throws {
        var ladder = RecoveryLadder()
        _ = ladder.next(after: .memory, plan: plan(card))
        let memory = try #require(RecoveryMemory(ladder.taken, asked: plan(card), engine: "b1", at: 1))
        #expect(memory.applied(to: plan(card), engine: "b1", at: 2) != nil && memory.applied(to: plan(.cpu), engine: "b1", at: 2) == nil)
    }
}
