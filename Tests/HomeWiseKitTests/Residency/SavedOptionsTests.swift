// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// Options that a person saves for a model.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct SavedOptionsTests {
    private typealias House = ResidencyHouse

    private func option(_ name: ModelOptions.Name, _ all: [OptionReport]) throws -> OptionReport {
        try #require(all.first { $0.name == name })
    }

    @Test func whatCameAsJSONIsHeldAgainstItsRanges() throws {
        for text in [#"{"context": -5}"#, #"{"threads": 100000000}"#, #"{"temperature": -1}"#, #"{"context": 8, "batch": 512}"#] {
            let options = try JSONDecoder().decode(ModelOptions.self, from: Data(text.utf8))
            #expect(throws: Failure.self) { try options.check() }
        }
        try JSONDecoder().decode(ModelOptions.self, from: Data(#"{"context": 4096, "threads": 2}"#.utf8)).check()
    }

    @Test func whatIsSavedHoldsAndIsForgottenAgain() async throws {
        try await House.open(["a": []]) { house in
            let before = try await house.options(of: "a")
            #expect(before.count == ModelOptions.Name.allCases.count && before.allSatisfy { $0.saved == nil && !$0.reason.isEmpty })
            #expect(try option(.context, before).default == "4096" && option(.keyType, before).effective == "f16")
            try house.setOptions(of: "a", ["context": "1024", "key-type": "q8_0", "idle_unload": "1h"])
            try house.setOptions(of: "a", ["temperature": "0.3"])
            var wish = ModelOptions()
            wish.context = 512
            let after = try await house.options(of: "a", wish: wish)
            let context = try option(.context, after)
            #expect(context.default == "4096" && context.saved == "1024" && context.effective == "512" && context.reason == "asked for now")
            #expect(try option(.temperature, after).saved == "0.3" && option(.idleUnload, after).effective == "60m")
            #expect(try option(.keyType, after).reason == "saved for this model")
            try house.unsetOptions(of: "a", ["context"])
            #expect(try option(.context, await house.options(of: "a")).effective == "4096")
            #expect(try house.unsetOptions(of: "a").isEmpty && house.savedOptions("a:q8_0").isEmpty)
        }
    }

    @Test(arguments: [
        ["context": "63"], ["context": "many"], ["parallel": "0"], ["key_type": "q9"], ["pin": "perhaps"], ["idle_unload": "soon"],
        ["top_p": "nan"], ["temperature": "-1"], ["colour": "red"], ["value_type": "q8_0", "flash_attention": "off"],
    ])
    func whatCannotBeIsRefusedAndNothingIsSaved(_ values: [String: String]) async throws {
        try await House.open(["a": []]) { house in
            try house.setOptions(of: "a", ["batch": "256"])
            let failure = #expect(throws: Failure.self) { try house.setOptions(of: "a", values.merging(["threads": "1"]) { $1 }) }
            #expect(failure?.code == .badInput && failure?.remedy.isEmpty == false)
            var saved = ModelOptions()
            saved.batch = 256
            #expect(try house.savedOptions("a:q8_0") == saved)
            #expect(throws: Failure.self) { try house.setOptions(of: "nobody", ["batch": "256"]) }
        }
    }

    @Test func samplingAndFirstWordsAreThoseOfEachRequest() async throws {
        try await House.open(["a": ["tell-settings"]]) { house in
            try await house.withResidency { residency in
                var loading = ModelOptions()
                (loading.temperature, loading.topK) = (0.9, 9)
                #expect(try await residency.ask("a", options: loading) == "0.9 - 9 hi")
                #expect(try await residency.ask("a") == "- - - hi", "what one asked for is not what the next one gets")
                try house.setOptions(of: "a", ["temperature": "0.5", "system_prompt": "Be kind."])
                #expect(try await residency.ask("a") == "0.5 - - Be kind.")
                var options = ModelOptions()
                (options.topP, options.temperature, options.systemPrompt) = (0.25, 0, "Be brief.")
                #expect(try await residency.ask("a", options: options) == "0.0 0.25 - Be brief.")
                try house.unsetOptions(of: "a")
                #expect(try await residency.ask("a") == "- - - hi")
                #expect(House.starts(of: "a").count == 1, "and nothing is loaded anew for it")
                let own = try await residency.withModel("a", options: options) { guest in
                    let answer = Shared("")
                    let messages = [ChatMessage(.system, "Be silent."), ChatMessage(.user, "hi")]
                    _ = try await guest.conversation.answer(messages) { part, _ in
                        if case .text(let text) = part { answer.withLock { $0 += text } }
                    }
                    return answer.withLock { $0 }
                }
                #expect(own == "0.0 0.25 - Be silent.")
            }
        }
    }

    @Test func threadsOfAnEngineThatIsNotGovernedFollowWithItsNextLoad() async throws {
        try await House.open(["a": []]) { house in
            try await house.withResidency { residency in
                #expect(try await residency.heedThreads(of: "a") == nil, "it is not loaded")
                _ = try await residency.load("a")
                try house.setOptions(of: "a", ["threads": "1"])
                #expect(try await residency.heedThreads(of: "a") == ThreadsHeeded(now: nil))
                _ = try await residency.unload("a")
                let report = try await residency.load("a")
                #expect(report?.threadsAtMost == 1 && report?.threads == 1)
            }
        }
    }

    @Test func aLoadedModelIsLoadedAnewWithWhatWasSavedMeanwhile() async throws {
        try await House.open(["a": ["count-messages"]]) { house in
            let plans = Shared<[LaunchPlan]>([])
            try await house.withResidency(report: { event in
                if case .model(_, .launching(let plan, _)) = event { plans.withLock { $0.append(plan) } }
            }) { residency in
                #expect(try await residency.ask("a") == "1")
                try house.setOptions(of: "a", ["system_prompt": "Be kind.", "top_k": "7"])
                #expect(try await residency.ask("a") == "2", "what is said first is sent too, and needs no loading")
                #expect(House.starts(of: "a").count == 1)
                try house.setOptions(of: "a", ["context": "1024", "batch": "64", "load_mode": "copied", "pin": "on"])
                _ = try await residency.ask("a")
                #expect(House.starts(of: "a").count == 2)
                let plan = try #require(plans.withLock { $0.last })
                #expect(plan.options.context == 1024 && plan.options.batch == 64 && !plan.isMapped)
                #expect(plan.reasons.contains { $0.contains("because it is set so") })
                #expect(await residency.ps().first?.isPinned == true)
                _ = try await residency.ask("a")
                #expect(House.starts(of: "a").count == 2)
            }
        }
    }
}
