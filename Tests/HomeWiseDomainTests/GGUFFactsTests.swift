// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

private func facts(_ draft: GGUFDraft) throws -> ModelFacts {
    let source = BytePrefix(Sample.file(draft))
    return try ModelFacts(GGUFHeader(source), in: source)
}

@Suite struct GGUFFactsTests {
    @Test func aPlainModel() throws {
        let facts = try facts(Sample.words.draft())
        #expect(facts.architecture == "llama" && facts.layers == 2 && facts.embedding == 256 && facts.feedForward == .all(512))
        #expect(facts.heads == .all(4) && facts.kvHeads == .all(2) && facts.keySize == 64 && facts.valueSize == 64)
        #expect(facts.vocabulary == 300 && facts.contextLength == 131_072 && facts.slidingWindow == nil && facts.experts == nil)
        #expect(facts.quantization == "Q4_K" && facts.tokenizer == "llama" && facts.capabilities == [.completion])
        #expect(facts.weights?.embeddingBytes == 256 * 300 / 256 * 144 && facts.weights?.outputBytes == facts.weights?.embeddingBytes)
        #expect(facts.parameters.map { (500_000...1_500_000).contains($0) } ?? false)
        #expect(facts.bitsPerWeight.map { (4.4...5.5).contains($0) } ?? false)
    }

    @Test func slidingLayersFollowTheArchitecturesHabit() throws {
        var model = Sample.llama
        model.architecture = .gemma3
        model.layers = 12
        model.slidingWindow = 512
        let window = try #require(try facts(model.draft()).slidingWindow)
        #expect(window.size == 512 && window.isSliding?.enumerated().filter { !$0.element }.map(\.offset) == [5, 11])
        // Another architecture carries the figure and does not use it.
        var other = Sample.llama
        other.slidingWindow = 512
        #expect(try facts(other.draft()).slidingWindow == nil)
    }

    @Test func aPatternInTheFileOutranksTheHabit() throws {
        var model = Sample.llama
        model.architecture = .gemma3
        model.slidingWindow = 512
        var draft = model.draft()
        draft.metadata.append(("gemma3.attention.sliding_window_pattern", .flags([false, true])))
        #expect(try facts(draft).slidingWindow?.isSliding == [false, true])
    }

    @Test func expertsCountOnceForWhatATokenPassesThrough() throws {
        var model = Sample.llama
        model.architecture = .qwen3moe
        model.experts = .init(count: 8, used: 2, feedForward: 256)
        let facts = try facts(model.draft())
        #expect(facts.experts == .init(count: 8, used: 2, shared: 0, feedForward: 256))
        let experts = try #require(facts.parameters) - (try #require(facts.activeParameters))
        #expect(experts == Int64(2 * 3 * 256 * 256 * 6), "six of eight experts rest")
        #expect((facts.weights?.expertBytes ?? 0) > 0)
    }

    @Test func latentAttentionAndHybridsAreTold() throws {
        var latent = Sample.llama
        latent.architecture = .deepseek2
        latent.type = .plain
        (latent.heads, latent.kvHeads, latent.headSize) = (4, 1, 192)
        latent.latent = .init(rank: 256, rotary: 64)
        #expect(try facts(latent.draft()).latent == .init(rank: 256, rotary: 64))
        var hybrid = Sample.llama
        hybrid.architecture = .lfm2
        (hybrid.layers, hybrid.attentionLayers) = (4, [1, 3])
        hybrid.recurrent = .init(convolution: 3, inner: 256, state: 0)
        let facts = try facts(hybrid.draft())
        #expect(facts.kvHeads == .each([0, 2, 0, 2]) && facts.recurrent == .init(convolution: 3, inner: 256, state: 0))
    }

    @Test func aTemplateMakesItAChatModel() throws {
        let draft = Sample.draft("tokenizer.chat_template", .text("{% if tools %}x{% endif %}<think>"))
        #expect(try facts(draft).capabilities == [.chat, .tools, .reasoning])
    }
}
