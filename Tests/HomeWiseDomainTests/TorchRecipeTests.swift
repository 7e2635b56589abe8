// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct TorchRecipeTests {
    private let recipe = TorchRecipe.current

    private func order(_ system: TorchRecipe.Machine.System, hasCUDA: Bool = false, index: String? = nil) -> [String] {
        recipe.candidates(for: .init(system: system, hasCUDA: hasCUDA), cpuIndex: index).map {
            ($0.index ?? "pip") + " " + $0.requirement + ($0.isLarge ? " large" : "")
        }
    }

    @Test func withoutAGraphicsCardTheSmallBuildComesFirst() {
        #expect(order(.linux) == ["pip torch==2.13.0+cpu", "pip torch==2.13.0 large"])
        #expect(order(.linux, index: "http://i") == ["http://i torch==2.13.0+cpu", "pip torch==2.13.0+cpu", "pip torch==2.13.0 large"])
    }

    @Test func withOneTheBuildForItComesFirst() {
        #expect(order(.linux, hasCUDA: true) == ["pip torch==2.13.0 large", "pip torch==2.13.0+cpu"])
    }

    @Test func aMacHasOneBuildAndItIsSmall() { #expect(order(.macOS, index: "http://i") == ["pip torch==2.13.0"]) }

    @Test func whatPipOffersIsReadFromItsList() throws {
        let lines = ["torch (2.15.0)", "Available versions: 2.15.0, 2.13.0+cpu, 2.12.1", "  INSTALLED: none"]
        let all = recipe.candidates(for: .init(system: .linux, hasCUDA: false), cpuIndex: "http://i")
        #expect(all.map { TorchRecipe.offers($0, in: lines) } == [true, true, false])
        #expect(all.map { TorchRecipe.offers($0, in: ["Available versions: 2.13.0"]) } == [true, false, true])
        #expect(all.allSatisfy { !TorchRecipe.offers($0, in: ["ERROR: No matching distribution found for torch 2.13.0+cpu"]) })
    }

    @Test("SUP-38 pip sees a person's index and proxies, and nothing else") func environment() {
        let kept = TorchRecipe.pipEnvironment([
            "PIP_INDEX_URL": "i", "PIP_FIND_LINKS": "l", "https_proxy": "p", "SSL_CERT_FILE": "c", "HF_TOKEN": "secret",
            "PIP_TARGET": "elsewhere",
            "PIP_USER": "1", "OPENAI_API_KEY": "secret", "PIP_NO_BINARY": ":all:",
        ])
        #expect(Set(kept.keys) == ["PIP_INDEX_URL", "PIP_FIND_LINKS", "https_proxy", "SSL_CERT_FILE"])
    }

    @Test func everythingThatMakesAnEnvironmentAnotherNamesItAnew() {
        let version = PythonVersion(3, 11, 7)
        let key = recipe.key(python: version, build: .processor)
        #expect(key.hasPrefix("pytorch-2.13.0-") && key.count == "pytorch-2.13.0-".count + 16)
        #expect(key == recipe.key(python: PythonVersion(3, 11, 9), build: .processor), "the third number needs no other wheels")
        var other = recipe
        other.packages[0].version = "5.24.0"
        let keys = [
            key, recipe.key(python: version, build: .standard), recipe.key(python: PythonVersion(3, 12), build: .processor),
            other.key(python: version, build: .processor),
        ]
        #expect(Set(keys).count == 4)
    }

    @Test func versionsOfPython() {
        #expect(PythonVersion("3.11.7") == PythonVersion(3, 11, 7) && PythonVersion("3.14.0rc1") == PythonVersion(3, 14, 0))
        for text in ["", "3", "x.y", "three.11", "3."] { #expect(PythonVersion(text) == nil, "\(text)") }
        for (text, fits) in [("3.10.14", false), ("3.11.0", true), ("3.14.2", true), ("3.15.0", false), ("2.7.18", false)] {
            #expect(PythonVersion(text).map(recipe.pythons.contains) == fits, "\(text)")
        }
    }

    @Test func whatPipDoesIsToldInAFewWords() {
        #expect(TorchRecipe.progress(inPip: "Collecting numpy==2.4.6 (from torch)") == "Looking for numpy==2.4.6")
        #expect(TorchRecipe.progress(inPip: "  Downloading numpy.whl (16 MB)") == "Fetching numpy.whl")
        #expect(TorchRecipe.progress(inPip: "Installing collected packages: a, b") == "Unpacking")
        #expect(TorchRecipe.progress(inPip: "Requirement already satisfied: x") == nil)
    }

    @Test func troubleOfPipIsToldByItsKind() {
        func code(_ line: String) -> Failure.Code {
            Failure.environmentFailed(step: "packages", status: "exit status 1", tail: [line], log: "l").code
        }
        #expect(code("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device") == .diskFull)
        #expect(
            code("WARNING: Retrying … NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused")
                == .noNetwork)
        #expect(code("ERROR: ResolutionImpossible") == .engineBuildFailed)
    }

    @Test(
        "SUP-35 what our worker says at its end is understood",
        arguments: [
            ("error: missing library: torch (No module named 'torch')", ExitCause.Kind.missingLibrary),
            ("error: damaged model: config.json is missing", .badModel), ("error: unknown model architecture: nonesuch", .unsupportedModel),
            ("error: failed to allocate memory for the model", .outOfMemory),
            ("error: failed to allocate CUDA memory for the model", .outOfDeviceMemory),
            ("error: invalid device: cuda is not there", .deviceLost),
        ]) func lastWords(line: String, kind: ExitCause.Kind)
    {
        #expect(ExitCause(code: 1, signal: nil, tail: ["loading", line]).kind == kind)
    }
}

@Suite struct TorchLaunchTests {
    @Test func everyValueOfThePlanReachesTheWorker() {
        let plan = LaunchPlan(model: "/m", alias: "a", options: ContextOptions(context: 512), threads: 3, reasons: [])
        let plain = plan.torchWorkerArguments(socket: "/s", isEmbedding: false)
        #expect(
            plain == [
                "--model", "/m", "--alias", "a", "--socket", "/s", "--threads", "3", "--context", "512", "--purpose", "chat", "--device",
                "cpu",
            ])
        let other = plan.torchWorkerArguments(socket: "/s", isEmbedding: true, allowsPickle: true, growth: ByteCount(3 << 20))
        #expect(other.contains("embedding") && other.suffix(3) == ["--allow-pickle", "--recycle-after-growth", "3"])
    }
}

@Suite struct ConversionPlanTests {
    private func plan(_ type: String, _ weights: Int64 = 538_000_000, _ dtype: String? = "float32") throws -> ConversionPlan {
        try ConversionPlan(quantization: type, weights: ByteCount(weights), dtype: dtype)
    }

    @Test func aQuantisedFileTakesTwoSteps() throws {
        let plan = try plan("q4_k_m")
        #expect(plan.quantization == "Q4_K_M" && !plan.isOneStep && plan.firstType == "auto")
        #expect((270_000_000...340_000_000).contains(plan.intermediate.bytes), "\(plan.intermediate)")
        #expect((100_000_000...160_000_000).contains(plan.result.bytes), "\(plan.result)")
        #expect(plan.space.bytes == plan.intermediate.bytes + plan.result.bytes)
    }

    @Test func whatTheConverterWritesByItselfTakesOne() throws {
        let plan = try plan("Q8_0")
        #expect(plan.isOneStep && plan.firstType == "q8_0" && plan.space == plan.result)
    }

    @Test func weightsOf16BitsAreTwiceAsMany() throws {
        #expect(try plan("Q8_0", 500_000_000, "bfloat16").result > plan("Q8_0", 500_000_000, "float32").result)
        #expect(try plan("Q8_0", 500_000_000, nil).result == plan("Q8_0", 500_000_000, "float16").result)
    }

    @Test func aTypeThatIsNoneIsRefusedWithThoseThatAre() {
        #expect { try plan("Q9_X") } throws: { ($0 as? Failure)?.remedy.contains("Q4_K_M") == true }
    }

    @Test func whyTheConverterGaveUp() {
        func complaint(_ line: String) -> ConversionPlan.Complaint? { ConversionPlan.complaint(in: ["INFO: x", line]) }
        #expect(complaint("ERROR:hf-to-gguf:Model NonesuchForCausalLM is not supported") == .unsupported("NonesuchForCausalLM"))
        #expect(complaint("ValueError: this model needs code of its own, which is never run here") == .needsCode)
        #expect(complaint("OSError: [Errno 28] No space left on device") == .diskFull)
        #expect(complaint("ValueError: Can not map tensor 'a.b'") == .damaged("ValueError: Can not map tensor 'a.b'"))
        #expect(complaint("KeyError: 'x'") == nil)
    }
}
