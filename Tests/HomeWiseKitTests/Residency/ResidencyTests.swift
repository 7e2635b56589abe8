// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

/// Several models at a time, with real children.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct ResidencyTests {
    private typealias House = ResidencyHouse
    private static let hello = "Hello from the fake."

    /// Room for so many of the small models; one of them is planned with 706 MB, because its registry entry says little.
    private func settings(roomFor models: Int = 10, clock: House.Clock? = nil) -> ResidencySettings {
        var settings = ResidencySettings()
        settings.wish.maxRAM = .absolute(ByteCount(Int64(models) * 750_000_000))
        if let clock { settings.clock = { clock.now } }
        return settings
    }

    private static func options(_ edit: (inout ModelOptions) -> Void) -> ModelOptions {
        var options = ModelOptions()
        edit(&options)
        return options
    }

    @Test("SUP-33 a hundred simultaneous first requests start one engine, and each is answered") func hundred() async throws {
        try await House.open(["a": ["load-takes 200"]]) { house in
            try await house.withResidency(settings()) { residency in
                let answers = try await withThrowingTaskGroup(of: String.self) { group in
                    for number in 0..<100 { group.addTask { try await residency.ask("a", client: "client \(number % 7)") } }
                    return try await group.reduce(into: [String]()) { $0.append($1) }
                }
                #expect(answers.count == 100 && Set(answers) == [Self.hello])
                #expect(House.starts(of: "a").count == 1)
                #expect(await residency.ps().first?.requestsServed == 100)
            }
        }
    }

    @Test func twoAtATimeEachWithAnEngineOfItsOwn() async throws {
        try await House.open(["a": [], "b": []]) { house in
            try await house.withResidency(settings()) { residency in
                #expect(try await residency.ask("a") == Self.hello)
                #expect(try await residency.ask("b") == Self.hello)
                let all = await residency.ps()
                #expect(all.map(\.key) == ["a:q8_0", "b:q8_0"] && all.allSatisfy { $0.state == .ready && $0.requestsServed == 1 })
                #expect(Set(all.compactMap(\.pid)) == Set(House.starts(of: "a") + House.starts(of: "b")))
                let held = await residency.held
                #expect(held.own >= 2_000_000, "what ours hold is not counted as others'")
                let one = try #require(all.first)
                #expect(one.contextAsked == 4096 && one.contextGiven == 4096 && one.engine == "llama.cpp" && one.gaveUp.isEmpty)
                #expect((one.anonymous?.bytes ?? 0) > 1_000_000 && (one.planned?.own ?? 0) > 1_000_000)
                #expect(one.lastTimings?.tokens == 3 && one.idleUntil != nil && one.uptime != nil && one.device == "the CPU")
                let copy = try JSONDecoder().decode([ResidentReport].self, from: JSONEncoder().encode(all))
                #expect(copy.map(\.key) == all.map(\.key))
            }
        }
    }

    @Test func theIdleOneMakesRoom() async throws {
        try await House.open(["a": [], "b": []]) { house in
            try await house.withResidency(settings(roomFor: 1)) { residency in
                _ = try await residency.ask("a")
                let first = try #require(House.starts(of: "a").first)
                #expect(try await residency.ask("b") == Self.hello)
                #expect(!House.isAlive(first) && House.starts(of: "b").count == 1)
                #expect(await residency.ps().map(\.key) == ["b:q8_0"])
                #expect(try await residency.ask("a") == Self.hello, "and comes back when it is asked for")
            }
        }
    }

    @Test func aPinnedOneStaysAndTheOtherIsToldWhy() async throws {
        try await House.open(["a": [], "b": []]) { house in
            try await house.withResidency(settings(roomFor: 1)) { residency in
                _ = try await residency.ask("a")
                await residency.pin("a:q8_0", true)
                let failure = await #expect(throws: Failure.self) { try await residency.ask("b") }
                #expect(failure?.code == .memoryTaken && failure?.message.contains("a:q8_0, which is pinned") == true, "\(failure as Any)")
                let pid = try #require(House.starts(of: "a").first)
                #expect(House.isAlive(pid) && House.starts(of: "b").isEmpty)
            }
        }
    }

    @Test func aModelThatCannotFitIsRefusedAndNothingGoesForIt() async throws {
        try await House.open(["a": [], "b": []]) { house in
            try await house.withResidency(settings(roomFor: 1)) { residency in
                _ = try await residency.ask("a")
                let large = Self.options { $0.batch = 4096 }
                let failure = await #expect(throws: Failure.self) { try await residency.ask("b", options: large) }
                #expect(
                    failure?.code == .modelTooLarge && failure?.detail["needed"] != nil && failure?.message.contains("750 MB") == true,
                    "\(failure as Any)")
                #expect(await residency.ps().map(\.key) == ["a:q8_0"])
            }
        }
    }

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

    @Test("SUP-33 who comes when the queue is full is told when to come again") func overflow() async throws {
        try await House.open(["a": ["answer-takes 300"]]) { house in
            var settings = settings()
            settings.queueLimit = 2
            try await house.withResidency(settings) { residency in
                _ = try await residency.load("a")
                let failures = Shared<[Failure]>([])
                let answers = Shared(0)
                await withTaskGroup { group in
                    for _ in 0..<6 {
                        group.addTask {
                            do {
                                _ = try await residency.ask("a")
                                answers.withLock { $0 += 1 }
                            } catch { failures.withLock { $0.append(Failure.wrapping(error, doing: "asking")) } }
                        }
                    }
                }
                #expect(answers.withLock { $0 } == 3)
                #expect(failures.withLock { $0.count { $0.code == .queueFull && ($0.retryAfter ?? 0) >= 1 } } == 3)
            }
        }
    }

    @Test("SUP-04 a failing load fails all who wait for it with one cause, and leaves the others alone") func failingLoad() async throws {
        try await House.open(["a": [], "bad": ["die-saying error loading model: unknown model architecture: 'x'"]]) { house in
            try await house.withResidency(settings()) { residency in
                _ = try await residency.ask("a")
                let failures = Shared<[Failure]>([])
                await withTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            do { _ = try await residency.ask("bad") } catch {
                                failures.withLock { $0.append(Failure.wrapping(error, doing: "asking")) }
                            }
                        }
                    }
                }
                let all = failures.withLock { $0 }
                #expect(all.count == 20 && Set(all.map(\.message)).count == 1 && all.first?.engineCause == .unsupportedModel)
                #expect(House.starts(of: "bad").count == 1)
                let again = await #expect(throws: Failure.self) { try await residency.ask("bad") }
                #expect(again?.retryAfter != nil && House.starts(of: "bad").count == 1, "it is not tried again at once")
                let answer = try await residency.ask("a")
                #expect(answer == Self.hello && House.starts(of: "a").count == 1)
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

    @Test("SUP-14 one that runs out of memory has the idle ones go first, and gives nothing up") func evictRung() async throws {
        let a = TemporaryFolder.shared + "/starts-a"
        try await House.open(["a": [], "b": ["out-of-memory-beside \(a)"]]) { house in
            let rungs = Shared<[Rung]>([])
            try await house.withResidency(
                settings(),
                report: { event in
                    if case .model(_, .recovering(_, let taken)) = event { rungs.withLock { $0.append(taken.rung) } }
                }
            ) { residency in
                _ = try await residency.ask("a")
                #expect(try await residency.ask("b") == Self.hello)
                #expect(rungs.withLock { $0 } == [.evictIdle])
                let all = await residency.ps()
                #expect(all.map(\.key) == ["b:q8_0"] && all.first?.gaveUp == [])
            }
        }
    }

    @Test("SUP-12 what recovery gave up is shown, and the same wish does not load anew") func gaveUp() async throws {
        try await House.open(["a": ["out-of-memory-above 1100"]]) { house in
            try await house.withResidency(settings()) { residency in
                let options = Self.options { $0.context = 2048 }
                for _ in 0..<3 { _ = try await residency.ask("a", options: options) }
                let one = try #require(await residency.ps().first)
                #expect(one.contextAsked == 2048 && one.contextGiven == 1024, "\(one)")
                #expect(one.gaveUp.contains { $0.contains("context 1024 instead of 2048") }, "\(one.gaveUp)")
                #expect(House.starts(of: "a").last == one.pid, "nothing was started once it ran")
            }
        }
    }

    @Test func onlyOptionsThatMatterLoadAnew() async throws {
        try await House.open(["a": []]) { house in
            try await house.withResidency(settings()) { residency in
                _ = try await residency.ask("a")
                var options = ModelOptions()
                (options.context, options.threads, options.temperature) = (1024, 1, 0.5)
                _ = try await residency.ask("a", options: options)
                #expect(House.starts(of: "a").count == 1)
                options.keyType = .q8
                _ = try await residency.ask("a", options: options)
                #expect(House.starts(of: "a").count == 2)
                _ = try await residency.ask("a")
                #expect(House.starts(of: "a").count == 2, "who asks for nothing in particular takes what is here")
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

    @Test func aRequestThatIsGivenUpWaitsForNothingAndHoldsNothing() async throws {
        try await House.open(["a": ["load-takes 400"]]) { house in
            try await house.withResidency(settings()) { residency in
                let asking = Task { try await residency.ask("a") }
                #expect(await eventually(within: .seconds(20)) { await residency.ps().first?.state == .loading })
                asking.cancel()
                await #expect(throws: CancellationError.self) { try await asking.value }
                let late = await #expect(throws: Failure.self) { try await residency.ask("a", patience: 0.05) }
                #expect(late?.code == .waitedTooLong && late?.retryAfter != nil)
                let answer = try await residency.ask("a")
                #expect(answer == Self.hello && House.starts(of: "a").count == 1)
            }
        }
    }

    @Test func theListIsLoadedAtTheStartAsFarAsItFits() async throws {
        try await House.open(["a": [], "b": [], "c": []]) { house in
            var settings = settings(roomFor: 2)
            settings.preload = ["a", "b", "c", "nobody"]
            try await house.withResidency(settings) { residency in
                let failures = await residency.preload()
                #expect(await residency.ps().map(\.key) == ["a:q8_0", "b:q8_0"])
                #expect(failures["c"]?.code == .memoryTaken && failures["nobody"]?.code == .unknownModel && failures.count == 2)
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
