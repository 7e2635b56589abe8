// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseKit

/// Several models at a time, with real children.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct ResidencyTests {
    typealias House = ResidencyHouse
    static let hello = "Hello from the fake."

    /// Room for so many of the small models; one of them is planned with 706 MB, because its registry entry says little.
    func settings(roomFor models: Int = 10, clock: House.Clock? = nil) -> ResidencySettings {
        var settings = ResidencySettings()
        settings.wish.maxRAM = .absolute(ByteCount(Int64(models) * 750_000_000))
        if let clock { settings.clock = { clock.now } }
        return settings
    }

    static func options(_ edit: (inout ModelOptions) -> Void) -> ModelOptions {
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
}
