// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

/// Listings as real publishers lay them out; sizes stand for nothing.
enum Listings {
    static func files(_ paths: [String]) throws -> [ListedFile] {
        try paths.map { ListedFile(path: try SafePath(untrusted: $0), size: $0.hasSuffix("gguf") ? 1_000_000_000 : 1_000) }
    }

    /// One folder of plain names with every rounding.
    static let bartowski = [
        ".gitattributes", "README.md", "Qwen_Qwen3-8B-IQ2_M.gguf", "Qwen_Qwen3-8B-IQ3_M.gguf", "Qwen_Qwen3-8B-IQ3_XS.gguf",
        "Qwen_Qwen3-8B-IQ3_XXS.gguf", "Qwen_Qwen3-8B-IQ4_NL.gguf", "Qwen_Qwen3-8B-IQ4_XS.gguf", "Qwen_Qwen3-8B-Q2_K.gguf",
        "Qwen_Qwen3-8B-Q2_K_L.gguf", "Qwen_Qwen3-8B-Q3_K_L.gguf", "Qwen_Qwen3-8B-Q3_K_M.gguf", "Qwen_Qwen3-8B-Q3_K_S.gguf",
        "Qwen_Qwen3-8B-Q3_K_XL.gguf", "Qwen_Qwen3-8B-Q4_0.gguf", "Qwen_Qwen3-8B-Q4_1.gguf", "Qwen_Qwen3-8B-Q4_K_L.gguf",
        "Qwen_Qwen3-8B-Q4_K_M.gguf", "Qwen_Qwen3-8B-Q4_K_S.gguf", "Qwen_Qwen3-8B-Q5_K_L.gguf", "Qwen_Qwen3-8B-Q5_K_M.gguf",
        "Qwen_Qwen3-8B-Q5_K_S.gguf", "Qwen_Qwen3-8B-Q6_K.gguf", "Qwen_Qwen3-8B-Q6_K_L.gguf", "Qwen_Qwen3-8B-Q8_0.gguf",
        "Qwen_Qwen3-8B-bf16.gguf", "Qwen_Qwen3-8B.imatrix",
    ]
    /// Dynamic mixes, sets of shards in folders, a projector in three precisions.
    static let unsloth =
        (1...3).map { "BF16/Qwen3.5-35B-BF16-0000\($0)-of-00003.gguf" }
        + (1...2).map { "UD-Q8_K_XL/Qwen3.5-35B-UD-Q8_K_XL-0000\($0)-of-00002.gguf" }
        + [
            "Qwen3.5-35B-Q4_K_M.gguf", "Qwen3.5-35B-UD-Q4_K_XL.gguf", "Qwen3.5-35B-UD-IQ2_XXS.gguf", "Qwen3.5-35B-Q3_K_M.gguf",
            "Qwen3.5-35B-MXFP4_MOE.gguf", "mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf", "imatrix_unsloth.gguf_file",
            "config.json",
            "README.md",
        ]
    /// Names with dots.
    static let theBloke = [
        "mistral-7b-instruct-v0.1.Q2_K.gguf", "mistral-7b-instruct-v0.1.Q4_K_M.gguf", "mistral-7b-instruct-v0.1.Q5_0.gguf", "config.json",
    ]
    static let mradermacher = ["Foo-8B.i1-IQ1_S.gguf", "Foo-8B.i1-Q4_K_M.gguf", "Foo-8B.i1-Q4_0.gguf", "Foo-8B.imatrix.gguf", "README.md"]
    /// All in small letters.
    static let qwen = [
        "qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf", "qwen2.5-7b-instruct-q4_k_m-00002-of-00002.gguf",
        "qwen2.5-7b-instruct-q8_0-00001-of-00003.gguf", "qwen2.5-7b-instruct-q8_0-00002-of-00003.gguf",
        "qwen2.5-7b-instruct-fp16-00001-of-00004.gguf",
    ]
}

@Suite struct QuantizationNameTests {
    @Test(
        "the last quantisation in a name, however it is written",
        arguments: [
            ("Qwen3-8B-Q4_K_M", "Q4_K_M"), ("mistral-7b-v0.1.Q4_K_M", "Q4_K_M"), ("model-q4-k-m", "Q4_K_M"), ("x.q5.0", "Q5_0"),
            ("Foo.i1-IQ2_XXS", "IQ2_XXS"), ("A-UD-Q4_K_XL", "UD-Q4_K_XL"), ("a-fp16", "F16"), ("a-f16", "F16"), ("a-bf16", "BF16"),
            ("gpt-oss-20b-mxfp4", "MXFP4"), ("x-MXFP4_MOE", "MXFP4_MOE"), ("Llama-3.2-3B-Q4_0_4_8", "Q4_0_4_8"), ("m-Q6_K", "Q6_K"),
            ("gemma-3-4b-it-qat-q4_0", "Q4_0"), ("x-UD-TQ1_0", "UD-TQ1_0"), ("model Q4", "Q4"), ("a-Q8_K_XL", "Q8_K_XL"),
            ("x-iq4_nl", "IQ4_NL"),
            ("Q8_0-trained-then-Q4_K_S", "Q4_K_S"), ("a-F32", "F32"),
        ])
    func reads(_ name: String, _ expected: String) { #expect(QuantizationName(in: name)?.description == expected) }

    @Test(arguments: ["Qwen3-8B", "model", "q", "K_M", "Q7_0", "IQ4", "Q9", "", "---", "TQ1"])
    func findsNoneWhereNoneIs(_ name: String) { #expect(QuantizationName(in: name) == nil) }

    @Test(arguments: ["q4_k_m", "Q4-K-M", "q4.k.m", "Q4_K_M"]) func aPersonMayWriteItAnyWay(_ text: String) {
        #expect(QuantizationName(exactly: text)?.base == "Q4_K_M")
        #expect(QuantizationName(exactly: "the \(text)") == nil)
    }
}

@Suite struct QuantizationPickerTests {
    private func pick(_ paths: [String], _ wanted: String? = nil) throws -> QuantizationPicker.Selection {
        try QuantizationPicker(repository: "hf:org/repo", files: Listings.files(paths)).pick(wanted)
    }

    @Test(
        arguments: [
            (Listings.bartowski, nil, ["Qwen_Qwen3-8B-Q4_K_M.gguf"]), (Listings.bartowski, "q6_k", ["Qwen_Qwen3-8B-Q6_K.gguf"]),
            (Listings.bartowski, "BF16", ["Qwen_Qwen3-8B-bf16.gguf"]), (Listings.bartowski, "iq4-xs", ["Qwen_Qwen3-8B-IQ4_XS.gguf"]),
            (Listings.unsloth, nil, ["Qwen3.5-35B-Q4_K_M.gguf"]), (Listings.unsloth, "Q4_K_XL", ["Qwen3.5-35B-UD-Q4_K_XL.gguf"]),
            (Listings.unsloth, "UD-Q4_K_XL", ["Qwen3.5-35B-UD-Q4_K_XL.gguf"]),
            (Listings.unsloth, "iq2_xxs", ["Qwen3.5-35B-UD-IQ2_XXS.gguf"]),
            (Listings.unsloth, "bf16", (1...3).map { "BF16/Qwen3.5-35B-BF16-0000\($0)-of-00003.gguf" }),
            (Listings.unsloth, "Qwen3.5-35B-MXFP4_MOE.gguf", ["Qwen3.5-35B-MXFP4_MOE.gguf"]),
            (Listings.theBloke, nil, ["mistral-7b-instruct-v0.1.Q4_K_M.gguf"]),
            (Listings.theBloke, "Q5_0", ["mistral-7b-instruct-v0.1.Q5_0.gguf"]),
            (Listings.mradermacher, nil, ["Foo-8B.i1-Q4_K_M.gguf"]), (Listings.mradermacher, "i1-Q4_0", ["Foo-8B.i1-Q4_0.gguf"]),
            (Listings.qwen, nil, ["qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf", "qwen2.5-7b-instruct-q4_k_m-00002-of-00002.gguf"]),
            (["a.gguf"], nil, ["a.gguf"]), (["x-Q8_0.gguf", "x-F16.gguf"], nil, ["x-Q8_0.gguf"]),
            (["x-Q3_K_M.gguf", "x-Q2_K.gguf"], nil, ["x-Q3_K_M.gguf"]),
        ] as [([String], String?, [String])])
    func picks(_ paths: [String], _ wanted: String?, _ expected: [String]) throws {
        #expect(try pick(paths, wanted).weights.map(\.path.value) == expected)
    }

    @Test func theProjectorInHalfPrecisionComesAlong() throws {
        #expect(try pick(Listings.unsloth).projector?.path.value == "mmproj-F16.gguf")
        #expect(try pick(Listings.unsloth, "BF16").projector?.path.value == "mmproj-F16.gguf", "also for sets in folders of their own")
        #expect(try pick(["a-Q8_0.gguf", "mmproj-a-Q8_0.gguf"]).projector?.path.value == "mmproj-a-Q8_0.gguf")
        #expect(try pick(Listings.bartowski).projector == nil)
    }

    @Test func whatIsNotThereNamesWhatIs() throws {
        let failure = #expect(throws: Failure.self) { try pick(Listings.theBloke, "Q9_K") }
        #expect(failure?.code == .notAtSource && failure?.message.contains("Q2_K, Q4_K_M, Q5_0") == false)
        for name in ["Q2_K", "Q4_K_M", "Q5_0"] { #expect(failure?.message.contains(name) == true) }
        #expect(failure?.remedy.contains("hf:org/repo:Q4_K_M") == true)
    }

    @Test func aPlainMixIsNotTakenForADynamicOne() {
        #expect(throws: Failure.self) { try pick(Listings.unsloth, "UD-Q4_K_M") }
    }

    @Test func twoModelsInOneRepositoryAreAmbiguous() throws {
        let paths = ["small-Q4_K_M.gguf", "large-Q4_K_M.gguf"]
        for wanted in [nil, "Q4_K_M"] {
            let failure = #expect(throws: Failure.self) { try pick(paths, wanted) }
            #expect(failure?.code == .badInput && paths.allSatisfy { failure?.message.contains($0) == true })
        }
        #expect(try pick(paths, "large-Q4_K_M").weights[0].path.value == "large-Q4_K_M.gguf")
    }

    @Test func ofShardsAllOrNone() throws {
        let failure = #expect(throws: Failure.self) { try pick(Listings.qwen, "q8_0") }
        #expect(failure?.message.contains("only 2 of the 3 parts") == true)
        #expect(throws: Failure.self) { try pick(Listings.qwen, "fp16") }
        // The same whole and in parts: whole.
        #expect(try pick(["a-Q4_0.gguf", "a-Q4_0-00001-of-00002.gguf"]).weights.map(\.path.value) == ["a-Q4_0.gguf"])
    }

    @Test func aRepositoryWithoutGGUFSaysSo() {
        let failure = #expect(throws: Failure.self) { try pick(["model.safetensors", "mmproj-F16.gguf", "imatrix.gguf"]) }
        #expect(failure?.code == .notAtSource && failure?.message.contains("GGUF") == true)
    }
}
