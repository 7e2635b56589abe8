// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct RepositoryPickerTests {
    private func pick(_ paths: [String], _ part: RepositoryReference.Part = .folder(quantization: nil), _ wish: SourceWish = SourceWish())
        throws -> RepositorySelection
    {
        try RepositoryPicker(place: "hf:org/repo", host: "hub", files: Listings.files(paths)).pick(part, wish: wish)
    }

    @Test("a repository that cuts its files has the whole ones, by quantization, by name and by the name of a part")
    func cutFiles() throws {
        let names = ["README.md", "m-Q4_K_M.gguf.part1of2", "m-Q4_K_M.gguf.part2of2", "deep/n-Q8_0.gguf.001", "deep/n-Q8_0.gguf.002"]
        for part: RepositoryReference.Part in try [
            .folder(quantization: "Q4_K_M"), file("m-Q4_K_M.gguf"), file("m-Q4_K_M.gguf.part2of2"),
        ] {
            let item = try pick(names, part).items[0]
            #expect(item.path.value == "m-Q4_K_M.gguf" && item.file.pieces.map(\.path.value) == [names[1], names[2]])
            #expect(item.file.size == item.file.parts.reduce(0) { $0 + $1.size })
        }
        let item = try pick(names, file("deep")).items[0]
        #expect(item.file.pieces.map(\.path.value) == [names[3], names[4]] && item.file.path.value == "deep/n-Q8_0.gguf")
        // A part that is missing makes no file, and what is there whole is not put together again.
        #expect(throws: Failure.self) { try pick(["m-Q4_K_M.gguf.part1of3", "m-Q4_K_M.gguf.part3of3"]) }
        #expect(try pick(["m-Q4_0.gguf", "m-Q4_0.gguf.part1of2", "m-Q4_0.gguf.part2of2"]).items[0].file.parts.isEmpty)
    }

    private func file(_ path: String) throws -> RepositoryReference.Part { .file(try SafePath(untrusted: path)) }

    /// As Meta publishes: the same weights once more in `original/`, pictures, pickles beside.
    static let llama = [
        ".gitattributes", "LICENSE.txt", "README.md", "USE_POLICY.md", "config.json", "generation_config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors", "model.safetensors.index.json", "original/consolidated.00.pth", "original/params.json",
        "original/tokenizer.model", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "figure.png", "pytorch_model.bin",
        "pytorch_model.bin.index.json", "onnx/model.onnx", "training_args.bin", "trainer_state.json",
    ]
    static let mistral = [
        "config.json", "consolidated.safetensors", "model-00001-of-00001.safetensors", "model.fp16.safetensors", "tokenizer.model.v3",
        "tokenizer.model",
    ]
    static let miniLM = [
        "1_Pooling/config.json", "README.md", "config.json", "config_sentence_transformers.json", "data_config.json", "model.safetensors",
        "modules.json", "onnx/model.onnx", "onnx/model_O1.onnx", "openvino/openvino_model.bin", "pytorch_model.bin", "rust_model.ot",
        "sentence_bert_config.json", "special_tokens_map.json", "tf_model.h5", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    ]
    static let onnxCommunity = [
        "config.json", "generation_config.json", "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "onnx/model_int8.onnx",
        "onnx/model_q4.onnx", "onnx/model_q4f16.onnx", "onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json", "README.md",
    ]
    static let phi = [
        "README.md", "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/genai_config.json",
        "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/model.onnx",
        "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/model.onnx.data",
        "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/tokenizer.json",
        "gpu/gpu-int4-rtn-block-32/genai_config.json", "gpu/gpu-int4-rtn-block-32/model.onnx", "gpu/gpu-int4-rtn-block-32/model.onnx.data",
    ]

    @Test func safetensorsWithWhatBelongsToThemAndNothingElse() throws {
        let selection = try pick(Self.llama)
        #expect(selection.format == .pytorch && selection.warnings.isEmpty)
        #expect(selection.items.prefix(2).map(\.path.value) == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
        #expect(
            Set(selection.items.dropFirst(2).map(\.path.value)) == [
                "LICENSE.txt", "config.json", "generation_config.json", "model.safetensors.index.json", "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json",
            ])
        #expect(try pick(Self.mistral).items.filter { $0.role == .weights }.map(\.path.value) == ["model-00001-of-00001.safetensors"])
    }

    @Test func embeddersKeepTheirSteps() throws {
        let paths = try pick(Self.miniLM).items.map(\.path.value)
        #expect(paths.first == "model.safetensors" && paths.contains("1_Pooling/config.json") && paths.contains("vocab.txt"))
        #expect(!paths.contains { $0.hasSuffix(".bin") || $0.hasSuffix(".onnx") || $0.hasSuffix(".md") })
    }

    @Test func picklesOnlyWhereNothingElseIsAndNeverUnsaid() throws {
        let selection = try pick([
            "config.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json",
            "training_args.bin",
        ])
        #expect(selection.items.filter { $0.role == .weights }.count == 2 && selection.warnings.count == 1)
        #expect(selection.warnings[0].contains("run a stranger's code"))
    }

    @Test func aSetOfShardsWithAHoleIsRefused() {
        let failure = #expect(throws: Failure.self) {
            try pick(["config.json", "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"])
        }
        #expect(failure?.message.contains("only 2 of the 3 parts") == true)
    }

    @Test func onnxForTheProcessorComesFromItsOwnFolder() throws {
        let selection = try pick(Self.phi)
        #expect(selection.format == .onnx && selection.quantization == "int4")
        #expect(selection.items.map(\.path.value) == ["model.onnx", "model.onnx.data", "genai_config.json", "tokenizer.json"])
        #expect(selection.items[0].file.path.value.hasPrefix("cpu_and_mobile/"))
        #expect(try pick(Self.phi, .folder(quantization: "gpu")).items[0].file.path.value.hasPrefix("gpu/"))
        #expect(
            try pick(Self.phi, file("gpu/gpu-int4-rtn-block-32")).items.map(\.file.path.value).contains(
                "gpu/gpu-int4-rtn-block-32/model.onnx"))
    }

    @Test func oneGraphOfManyWithItsData() throws {
        let wish = SourceWish(format: .onnx)
        let plain = try pick(Self.onnxCommunity, .folder(quantization: nil), wish)
        #expect(plain.items.filter { $0.role == .weights }.map(\.path.value) == ["onnx/model.onnx", "onnx/model.onnx_data"])
        #expect(plain.items.contains { $0.path.value == "tokenizer.json" })
        let quarter = try pick(Self.onnxCommunity, .folder(quantization: "q4"))
        #expect(quarter.items.filter { $0.role == .weights }.map(\.path.value) == ["onnx/model_q4.onnx"] && quarter.quantization == "q4")
        let failure = #expect(throws: Failure.self) { try pick(Self.onnxCommunity, .folder(quantization: "q9")) }
        #expect(failure?.message.contains("q4f16") == true)
    }

    @Test func patternsSayWhatIsMeant() throws {
        let wish = SourceWish(patterns: ["config.json", "model*.safetensors", "tokenizer*.json", "absent.json"])
        #expect(
            try pick(Self.llama, .folder(quantization: nil), wish).items.map(\.path.value) == [
                "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "config.json", "tokenizer.json",
                "tokenizer_config.json",
            ])
        let folder = SourceWish(patterns: ["cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/*"])
        #expect(try pick(Self.phi, .folder(quantization: nil), folder).items.count == 4)
        #expect(throws: Failure.self) { try pick(Self.llama, .folder(quantization: nil), SourceWish(patterns: ["*.json"])) }
        #expect(throws: Failure.self) { try pick(Self.llama, .folder(quantization: nil), SourceWish(patterns: ["original/*/x"])) }
    }

    @Test("a pattern of many stars takes no time to speak of") func stars() throws {
        let name = String(repeating: "a", count: 200)
        let wish = SourceWish(patterns: [String(repeating: "*a", count: 90) + "b"])
        let start = ContinuousClock.now
        #expect(throws: Failure.self) { try pick([name + ".safetensors"], .folder(quantization: nil), wish) }
        #expect(start.duration(to: .now) < .seconds(1))
    }

    @Test func aFileIsThatFileAndAShardIsItsSet() throws {
        #expect(try pick(Listings.bartowski, file("Qwen_Qwen3-8B-Q6_K.gguf")).items.map(\.path.value) == ["Qwen_Qwen3-8B-Q6_K.gguf"])
        let set = try pick(Listings.unsloth, file("BF16/Qwen3.5-35B-BF16-00002-of-00003.gguf"))
        #expect(set.items.map(\.path.value) == (1...3).map { "Qwen3.5-35B-BF16-0000\($0)-of-00003.gguf" })
        #expect(try pick(Listings.unsloth, .folder(quantization: nil)).items.map(\.role) == [.weights, .projector])
        #expect(throws: Failure.self) { try pick(Listings.qwen, file("qwen2.5-7b-instruct-q8_0-00002-of-00003.gguf")) }
        #expect(throws: Failure.self) { try pick(Self.llama, file("nothing.gguf")) }
    }
}
