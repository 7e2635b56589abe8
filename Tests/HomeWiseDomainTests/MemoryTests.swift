// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

private let mebibyte = 1_048_576.0

private func facts(_ model: SyntheticModel) throws -> ModelFacts {
    let (bytes, length) = model.draft().header()
    let source = BytePrefix(bytes, length: length)
    return try ModelFacts(GGUFHeader(source), in: source)
}

private func type(_ name: String) throws -> GGMLType { try #require(GGMLType.named(name)) }

/// Figures that llama-fit-params of October 2026 printed for models of these shapes, in MiB.
@Suite struct EngineFootprintTests {
    private func expect(
        _ model: SyntheticModel, _ options: ContextOptions, cache: Double, compute: Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let footprint = try EngineFootprint(facts(model), options)
        #expect(abs(footprint.cache / mebibyte - cache) <= 1.5, "cache \(footprint.cache / mebibyte)", sourceLocation: sourceLocation)
        let ours = footprint.compute(outputs: options.batch) / mebibyte
        #expect(abs(ours / compute - 1) <= 0.05, "compute \(ours)", sourceLocation: sourceLocation)
    }

    @Test func aPlainModelAndItsQuantisedCache() throws {
        let model = SyntheticModel(
            layers: 32, embedding: 4096, feedForward: 14_336, heads: 32, kvHeads: 8, headSize: 128, vocabulary: 128_256,
            type: try type("Q4_K"))
        try expect(model, ContextOptions(context: 4096), cache: 512, compute: 266)
        try expect(model, ContextOptions(context: 32_768), cache: 4096, compute: 266)
        try expect(model, ContextOptions(context: 16_384, keyType: .q8, valueType: .q8), cache: 1088, compute: 274)
    }

    @Test func aServerMakesScoresForOneTokenOnly() throws {
        let model = SyntheticModel(
            layers: 32, embedding: 4096, feedForward: 14_336, heads: 32, kvHeads: 8, headSize: 128, vocabulary: 128_256,
            type: try type("Q4_K"))
        let compute = try EngineFootprint(facts(model), ContextOptions(context: 4096)).compute(outputs: 1)
        #expect(abs(compute / mebibyte - 120) < 2)
    }

    @Test func slidingLayersKeepTheirWindow() throws {
        var model = SyntheticModel(
            .gemma3, layers: 34, embedding: 2560, feedForward: 10_240, heads: 8, kvHeads: 4, headSize: 256, vocabulary: 262_144,
            type: try type("Q4_K"))
        model.slidingWindow = 1024
        try expect(model, ContextOptions(context: 4096), cache: 254, compute: 527)
        try expect(model, ContextOptions(context: 32_768), cache: 814, compute: 527)
    }

    @Test func memoriesOfRecurrentLayersDoNotGrow() throws {
        var model = SyntheticModel(
            .mamba2, layers: 48, embedding: 2048, feedForward: 0, heads: 0, kvHeads: 0, headSize: 0, vocabulary: 50_288,
            type: try type("Q8_0"))
        model.recurrent = .init(convolution: 4, inner: 4096, state: 128, groups: 1, timeStepRank: 64)
        try expect(model, ContextOptions(context: 4096), cache: 98, compute: 110)
        try expect(model, ContextOptions(context: 32_768), cache: 98, compute: 110)
    }

    @Test func hybridsKeepACacheInSomeLayersOnly() throws {
        var model = SyntheticModel(
            .lfm2, layers: 16, embedding: 2048, feedForward: 8192, heads: 32, kvHeads: 8, headSize: 64, vocabulary: 65_536,
            type: try type("Q4_K"))
        model.recurrent = .init(convolution: 3, inner: 2048, state: 0)
        model.attentionLayers = [2, 5, 8, 10, 12, 14]
        try expect(model, ContextOptions(context: 32_768), cache: 384, compute: 136)
    }

    @Test func latentAttentionKeepsTheCompressedFormOnce() throws {
        var model = SyntheticModel(
            .deepseek2, layers: 27, embedding: 2048, feedForward: 10_944, heads: 16, kvHeads: 1, headSize: 192, vocabulary: 102_400,
            type: try type("Q8_0"))
        model.latent = .init(rank: 512, rotary: 64)
        model.experts = .init(count: 64, used: 6, shared: 2, feedForward: 1408)
        #expect(try abs(EngineFootprint(facts(model), ContextOptions(context: 32_768)).cache / mebibyte - 972) < 1)
    }

    @Test func encodersKeepNothing() {
        var facts = ModelFacts(container: .gguf)
        (facts.architecture, facts.layers, facts.kvHeads, facts.keySize) = ("nomic-bert", 12, 12, 64)
        #expect(EngineFootprint(facts, ContextOptions(context: 2048)).cache == 0)
    }
}

@Suite struct RepackingTests {
    private func facts(_ bytes: [String: Int64], table: Int64 = 0, tableType: String? = nil) -> ModelFacts {
        var facts = ModelFacts(container: .gguf)
        facts.weights = .init(totalBytes: bytes.values.reduce(0, +), bytesByType: bytes, embeddingBytes: table)
        facts.weights?.embeddingType = tableType
        return facts
    }

    @Test func onlyWhatTheProcessorHasKernelsForIsRewritten() {
        let mixed = facts(["Q4_K": 100, "Q6_K": 50, "F32": 1])
        #expect(Repacking(.init(architecture: "x86_64", logicalCores: 1, features: ["avx2"])).bytes(mixed) == 100)
        #expect(Repacking(.init(architecture: "arm64", logicalCores: 1, features: ["neon", "dotprod"])).bytes(mixed) == 150)
        #expect(Repacking(.init(architecture: "x86_64", logicalCores: 1, features: ["avx"])).bytes(mixed) == 0)
    }

    @Test func theTableOfTokensStaysAsItIs() {
        let avx2 = SystemCapabilities.CPU(architecture: "x86_64", logicalCores: 1, features: ["avx2"])
        #expect(Repacking(avx2).bytes(facts(["Q4_K": 100], table: 40, tableType: "Q4_K")) == 60)
        #expect(Repacking(avx2).bytes(facts(["Q4_K": 100, "Q6_K": 40], table: 40, tableType: "Q6_K")) == 100)
    }
}

@Suite struct TwinTests {
    @Test func theTwinHasEverythingButWords() throws {
        let bytes = Sample.file(Sample.words)
        let source = BytePrefix(bytes)
        let header = try GGUFHeader(source)
        let twin = try header.twin(in: source).header()
        let copy = try GGUFHeader(BytePrefix(twin.bytes, length: twin.length))
        #expect(copy.tensors.count == header.tensors.count && twin.bytes.count < bytes.count / 4)
        #expect(copy.tensors.first { $0.name == "token_embd.weight" }?.shape[1] == 256)
        #expect(
            copy.tensors.first { $0.name == "blk.1.ffn_down.weight" }.map { $0.bytes }
                == header.tensors.first { $0.name == "blk.1.ffn_down.weight" }?.bytes)
        #expect(copy.metadata["llama.block_count"] == .unsigned(2) && copy.metadata["tokenizer.ggml.tokens"] == nil)
    }
}
