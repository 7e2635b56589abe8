// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

/// How models leave, and what whoever asks is told then.
extension ResidencyTests {
    @Test func anIdleOneIsUnloadedWhenItsTimeIsUp() async throws {
        let clock = House.Clock()
        try await House.open(["a": [], "b": []]) { house in
            var settings = settings(clock: clock)
            settings.idleUnload = .after(300)
            try await house.withResidency(settings) { residency in
                _ = try await residency.ask("a")
                let keep = Self.options { $0.idleUnload = .never }
                _ = try await residency.ask("b", options: keep)
                let pid = try #require(House.starts(of: "a").first)
                clock.pass(299)
                await residency.tick()
                #expect(House.isAlive(pid))
                clock.pass(2)
                await residency.tick()
                await residency.tick()
                #expect(await eventually(within: .seconds(5)) { await residency.ps().map(\.key) == ["b:q8_0"] })
                #expect(!House.isAlive(pid))
                clock.pass(1e6)
                await residency.tick()
                #expect(await residency.ps().map(\.state) == [.ready])
            }
        }
    }

    @Test("SUP-08 an engine that dies for good is told to who waits, and the place is free again") func diesForGood() async throws {
        let orders = ["die-mid-answer", "last-words error loading model: unknown model architecture"]
        try await House.open(["a": orders]) { house in
            try await house.withResidency(settings()) { residency in
                let failure = await #expect(throws: Failure.self) { try await residency.ask("a") }
                #expect(failure?.code == .engineDied)
                #expect(await eventually(within: .seconds(5)) { await residency.ps().isEmpty })
            }
        }
    }

    @Test("SUP-08 an engine that dies for good when its time is up has failed, and was not unloaded") func diesWhenItsTimeIsUp()
        async throws
    {
        let clock = House.Clock()
        try await House.open(["a": ["starts-once \(TemporaryFolder.shared)/once"]]) { house in
            var settings = settings(clock: clock)
            settings.idleUnload = .after(100)
            let reasons = Shared<[ResidencyBoard.Leave]>([])
            try await house.withResidency(
                settings, report: { event in if case .unloading(_, let reason) = event { reasons.withLock { $0.append(reason) } } }
            ) { residency in
                #expect(try await residency.ask("a") == Self.hello)
                let pid = try #require(House.starts(of: "a").first)
                clock.pass(101)
                kill(pid, SIGKILL)
                #expect(await eventually(within: .seconds(4)) { await residency.ps().isEmpty })
                #expect(reasons.withLock { $0 }.isEmpty)
                let again = await #expect(throws: Failure.self) { try await residency.ask("a") }
                #expect(again?.engineCause == .unsupportedModel && again?.retryAfter != nil && House.starts(of: "a").count == 2)
            }
        }
    }

    @Test("SUP-32 taken away in the middle of an answer ends it with a typed error") func breakOff() async throws {
        try await House.open(["a": ["slow-answer"]]) { house in
            try await house.withResidency(settings()) { residency in
                let begun = Shared(false)
                let asking = Task {
                    try await residency.withModel("a") { guest in
                        try await guest.conversation.ask("hi") { _ in begun.withLock { $0 = true } }
                    }
                }
                #expect(await eventually(within: .seconds(20)) { begun.withLock { $0 } })
                let waiting = Task { try await residency.ask("a") }
                #expect(await eventually(within: .seconds(5)) { await residency.ps().first?.requestsWaiting == 1 })
                let wasHere = try await residency.unload("a", isAtOnce: true)
                #expect(wasHere)
                let failures = await [
                    #expect(throws: Failure.self) { try await asking.value }, #expect(throws: Failure.self) { try await waiting.value },
                ]
                #expect(failures.allSatisfy { $0?.code == .unloaded }, "\(failures)")
                #expect(await residency.ps().isEmpty && House.starts(of: "a").allSatisfy { !House.isAlive($0) })
                let isHere = try await residency.unload("a")
                #expect(!isHere)
            }
        }
    }

    @Test("SUP-32 an answer without end makes room for another model after the longest drain") func longestDrain() async throws {
        let clock = House.Clock()
        try await House.open(["a": ["slow-answer"], "b": []]) { house in
            var settings = settings(roomFor: 1, clock: clock)
            settings.longestDrain = 100
            try await house.withResidency(settings) { residency in
                let endless = Task { try await residency.ask("a") }
                #expect(await eventually(within: .seconds(20)) { await residency.ps().first?.state == .busy })
                clock.pass(40)
                let other = Task { try await residency.ask("b") }
                #expect(await eventually(within: .seconds(5)) { await residency.ps().first?.state == .draining })
                clock.pass(99)
                await residency.tick()
                #expect(await residency.ps().first?.state == .draining)
                clock.pass(2)
                await residency.tick()
                let answer = try await other.value
                #expect(answer == Self.hello)
                let failure = await #expect(throws: Failure.self) { try await endless.value }
                #expect(failure?.code == .unloaded && failure?.message.contains("another model needs the room") == true)
            }
        }
    }

    @Test("SUP-32 who pays no heed when a model is taken away does not keep it") func noHeed() async throws {
        try await House.open(["a": ["slow-answer"]]) { house in
            try await house.withResidency(settings()) { residency in
                let begun = Shared(false)
                let asking = Task {
                    try await residency.withModel("a") { guest in
                        let deaf = Task { try await guest.conversation.ask("hi") { _ in begun.withLock { $0 = true } } }
                        return try await deaf.value.key
                    }
                }
                #expect(await eventually(within: .seconds(20)) { begun.withLock { $0 } })
                let start = ContinuousClock.now
                let wasHere = try await residency.unload("a", isAtOnce: true)
                #expect(wasHere && start.duration(to: .now) < .seconds(15))
                let failure = await #expect(throws: Failure.self) { try await asking.value }
                #expect(failure?.code == .unloaded)
            }
        }
    }

    @Test("SUP-39 stopping lets answers end, breaks off those that do not, and leaves no child") func stop() async throws {
        try await House.open(["a": ["slow-answer"], "b": ["answer-takes 400"], "c": ["load-takes 60000"]]) { house in
            let tasks = Shared<[Task<String, any Error>]>([])
            var settings = settings()
            settings.drain = 4
            try await house.withResidency(settings) { residency in
                for model in ["a", "b"] { _ = try await residency.load(model) }
                let loading = Task { try await residency.ask("c") }
                #expect(await eventually(within: .seconds(20)) { !House.starts(of: "c").isEmpty })
                let served = ["a", "b"].map { model in Task { try await residency.ask(model) } }
                #expect(await eventually(within: .seconds(20)) { await residency.ps().map(\.state) == [.busy, .busy, .loading] })
                tasks.withLock { $0 = served + [loading] }
            }
            let results = tasks.withLock { $0 }
            let slow = await #expect(throws: Failure.self) { try await results[0].value }
            #expect(slow?.code == .unloaded)
            #expect(try await results[1].value == Self.hello)
            let never = await #expect(throws: Failure.self) { try await results[2].value }
            #expect(never?.code == .notServing)
            // One that was cut while it started may be on its way out still.
            for model in ["a", "b", "c"] {
                #expect(await eventually(within: .seconds(2)) { House.starts(of: model).allSatisfy { !House.isAlive($0) } })
            }
        }
    }
}
