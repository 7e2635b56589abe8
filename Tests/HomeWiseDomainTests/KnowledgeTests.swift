// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Testing

@testable import HomeWiseDomain

@Suite struct PlannerKnowledgeTests {
    @Test func theFilesOwnHeaderOutranksTheRegistry() throws {
        let model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        var planner = Planner(machine: PlannerTests.machine())
        var facts = model.facts(try #require(model.variants?[0]))
        facts.layers = 160
        planner.facts["m:q5_k_m"] = facts
        let told = try Planner(machine: PlannerTests.machine()).assess(model).get().memory.cache
        #expect(try planner.assess(model).get().memory.cache.bytes == 10 * told.bytes)
    }

    @Test func aHeaderOfAnotherFileIsNotTakenForThisOne() throws {
        let model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        var planner = Planner(machine: PlannerTests.machine())
        var facts = model.facts(try #require(model.variants?[0]))
        (facts.layers, facts.weights) = (160, .init(totalBytes: 600_000_000))
        planner.facts["m:q5_k_m"] = facts
        #expect(try planner.assess(model).get().facts.layers == 16)
    }

    @Test func theEnginesLayoutOutranksTheEstimate() throws {
        let model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        var planner = Planner(machine: PlannerTests.machine())
        let fit = try planner.assess(model).get()
        var layout = fit.memory
        (layout.cache, layout.basis) = (ByteCount(900_000_000_000), .engine)
        planner.layouts[.init(model: fit.key, options: fit.options)] = layout
        #expect(throws: Rejection.self) { try planner.assess(model).get() }
    }

    @Test func aBackendThatIsNotHereRulesOut() throws {
        var model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        model.requirements = .init(supportedBackends: [.cuda])
        #expect(throws: Rejection.self) { try Planner(machine: PlannerTests.machine()).assess(model).get() }
        model.requirements = .init(supportedBackends: [.cuda, .cpu])
        _ = try Planner(machine: PlannerTests.machine()).assess(model).get()
    }

    @Test func variantsInFormatsWithoutAnEngineArePassedOver() throws {
        var model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        var onnx = try #require(model.variants?[0])
        (onnx.format, onnx.quantization, onnx.size) = (.onnx, "INT4", ByteCount(2_000_000_000))
        model.variants?.append(onnx)
        #expect(try Planner(machine: PlannerTests.machine()).assess(model).get().variant.quantization == "Q5_K_M")
        // Who asks for the other format is told why not.
        var wish = Wish()
        wish.format = .onnx
        guard case .failure(let rejection) = Planner(machine: PlannerTests.machine(), wish: wish).assess(model) else {
            Issue.record("there is no engine for it")
            return
        }
        #expect(rejection.kind == .unsupported && rejection.reason.contains("onnx"))
    }

    @Test func theDiskThatAnEntryAsksForCounts() throws {
        var model = try PlannerTests.model("m", gigabytes: 1, quality: 50)
        model.requirements = .init(diskSpace: ByteCount(50_000_000_000))
        #expect(throws: Rejection.self) { try Planner(machine: PlannerTests.machine(disk: 40)).assess(model).get() }
        _ = try Planner(machine: PlannerTests.machine(disk: 60)).assess(model).get()
    }

    @Test func whatAModelTakesIsSaidTheOtherWayRound() throws {
        let fit = try Planner(machine: PlannerTests.machine()).assess(try PlannerTests.model("m", gigabytes: 2, quality: 50)).get()
        let needs = MachineNeeds(fit, wish: Wish(), calibration: nil)
        #expect(needs.free == fit.memory.working && needs.memory.bytes > needs.free.bytes * 120 / 100)
        #expect(abs(needs.bandwidth - 8 * 2e9) < 1e8 && needs.gpuMemory.bytes > 2_500_000_000 && needs.disk.bytes > 2_000_000_000)
    }
}

@Suite struct SimulationTests {
    @Test func aFewWordsMakeAMachine() throws {
        let machine = try SystemCapabilities(simulating: "16GB, 8 cores, RTX 3060 12GB, 100GB disk, 50GB/s", like: PlannerTests.machine())
        #expect(
            machine.memory.total == ByteCount(16_000_000_000) && machine.memory.free == machine.memory.total && machine.cpu.usableCores == 8
        )
        #expect(machine.gpus.map(\.name) == ["RTX 3060"] && machine.gpus.first?.memoryTotal == ByteCount(12_000_000_000))
        #expect(machine.storage?.free == ByteCount(100_000_000_000) && machine.memory.bandwidth == 50e9)
    }

    @Test(arguments: ["", "lots", "16GB,,8 cores", "0 cores", "RTX", "-5GB", "99999999999 cores"]) func nonsenseIsNamed(text: String) {
        #expect(throws: Failure.self) { try SystemCapabilities(simulating: text, like: PlannerTests.machine()) }
    }
}

@Suite struct RegistryFormTests {
    /// The registry of the original specification, word for word.
    private static let original = """
        {"models": [
          {"name": "HomeWise-7B", "type": "gguf", "size": "4GB", "tier": "Minimal", "requirements": {"min_ram": "8GB", "gpu_optional": true}},
          {"name": "HomeWise-13B", "type": "gguf", "size": "8GB", "tier": "Standard", "requirements": {"min_ram": "16GB", "gpu_recommended": true}}
        ]}
        """

    @Test func theOriginalRegistryLoadsUnchanged() throws {
        let registry = try ModelRegistry(json: Data(Self.original.utf8), name: "original")
        #expect(registry.models.map(\.tier) == [.minimal, .standard] && registry.models[1].requirements?.gpuRecommended == true)
        #expect(registry.models[0].requirements?.minRAM == ByteCount(8_000_000_000))
    }

    @Test func recurrenceIsReadInBothForms() throws {
        func architecture(_ json: String) throws -> ModelInfo.Architecture {
            try JSONDecoder().decode(ModelInfo.Architecture.self, from: Data(json.utf8))
        }
        #expect(try architecture(#"{"recurrent": true}"#).recurrent == .told(true))
        #expect(
            try architecture(#"{"recurrent": {"convolution": 4, "inner": 2048, "state": 128, "attentionEvery": 4}}"#).recurrent
                == .known(.init(convolution: 4, inner: 2048, state: 128, attentionEvery: 4)))
        #expect(try architecture(#"{"kv_heads": [0, 8]}"#).kvHeads == .each([0, 8]))
    }

    @Test func anAddedRegistryOutranksTheOneThatIsThere() throws {
        var (old, new) = (
            try PlannerTests.model("same", gigabytes: 1, quality: 1), try PlannerTests.model("SAME", gigabytes: 1, quality: 2)
        )
        old.aliases = ["x"]
        var other = try PlannerTests.model("other", gigabytes: 1, quality: 1)
        other.aliases = ["taken", "kept"]
        new.aliases = ["Taken"]
        let both = ModelRegistry(models: [old, other]).overlaid(by: ModelRegistry(models: [new]))
        #expect(try both.models.count == 2 && (both.model(named: "same").model.quality?.score) == 2)
        #expect(try both.model(named: "taken").model.name == "SAME" && both.model(named: "kept").model.name == "other")
    }

    @Test(
        "G5 figures that no model has are refused where they are read",
        arguments: [
            #""architecture": {"layers": 9223372036854775807}"#, #""architecture": {"kv_heads": [1, -1]}"#, #""context_length": 0"#,
            #""architecture": {"recurrent": {"convolution": -9223372036854775808, "inner": 1}}"#,
            #""architecture": {"head_size": 1099511627776}"#,
        ])
    func absurdFigures(field: String) {
        let json = #"{"models": [{"name": "m", "type": "gguf", "size": "1GB", "tier": "Compact", "# + field + "}]}"
        let failure = #expect(throws: Failure.self) { try ModelRegistry(json: Data(json.utf8), name: "r") }
        #expect(failure?.message.contains("m: ") == true)
    }

    @Test func searchingNeedsEveryWord() throws {
        var model = try PlannerTests.model("qwen", gigabytes: 1, quality: 1)
        (model.description, model.capabilities) = ("Good for code.", [.chat, .vision])
        let registry = ModelRegistry(models: [model, try PlannerTests.model("other", gigabytes: 1, quality: 1)])
        #expect(registry.search(["QWEN", "code vision"]).map(\.name) == ["qwen"] && registry.search(["qwen", "audio"]).isEmpty)
    }
}

@Suite struct GGUFFuzzTests {
    /// Changed headers are refused or read; nothing else happens to them.
    @Test("A6 A8 B1 B2 twenty thousand changed headers crash nothing") func mutations() throws {
        // The header and a little of the weights, where changes do no harm.
        let seeds = [Sample.words, Sample.llama].map { model in Array(Sample.file(model).prefix(model.draft().header().bytes.count + 4_000))
        }
        var mutator = Mutator(seed: 20_261_124)
        var (read, refused) = (0, 0)
        for round in 0..<20_000 {
            let bytes = mutator.mutate(seeds[round % 2])
            let source = BytePrefix(bytes, length: Int64(bytes.count) + 2_000_000)
            do {
                let header = try GGUFHeader(source)
                _ = try ModelFacts(header, in: source)
                read += 1
            } catch is FormatFault { refused += 1 } catch is MoreBytesNeeded { refused += 1 }
        }
        #expect(read + refused == 20_000 && refused > 1_000 && read > 100, "\(read) read")
    }
}
