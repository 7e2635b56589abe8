// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ConfigScreenTests {
    private func screen(_ text: String) throws -> ConfigScreen { try HuggingFaceConfig(.init(config: Array(text.utf8))).screen }

    @Test(
        "C4 keys that load code are found one to five levels deep",
        arguments: [
            (#""_attn_implementation_internal": "evil/kernel""#, "_attn_implementation_internal"),
            (#""_Other_Internal": 1"#, "_Other_Internal"),
            (#""auto_map": {"AutoModel": "m.Evil"}"#, "auto_map"), (#""auto_map": []"#, "auto_map"),
            (#""trust_remote_code": true"#, "trust_remote_code"),
            (#""trust_remote_code": "yes""#, "trust_remote_code"), (#""Trust_Remote_Code": 1"#, "Trust_Remote_Code"),
            (#""custom_pipelines": {"x": {}}"#, "custom_pipelines"), (#""\u0061uto_map": "m.Evil""#, "auto_map"),
            (#""attn_implementation": "evil/kernel""#, "attn_implementation"),
            (#""_attn_implementation": {"text": "hub:evil"}"#, "_attn_implementation"),
            (#""custom_ops_library": "x.so""#, "custom_ops_library"),
        ])
    func keysThatLoadCode(_ member: String, _ name: String) throws {
        for depth in 0..<5 {
            for (open, close, step) in [(#"{"p":"#, "}", "p."), (#"{"p":["#, "]}", "p[0].")] {
                let text = String(repeating: open, count: depth) + "{\(member)}" + String(repeating: close, count: depth)
                let screen = try screen(depth == 0 ? "{\(member)}" : text)
                #expect(screen.findings.map(\.path) == [String(repeating: step, count: depth) + name])
                let fault = #expect(throws: FormatFault.self) { try screen.check() }
                #expect(fault?.kind == .codeInConfig)
            }
        }
    }

    @Test("C4 the files beside the configuration are looked at too") func otherFiles() throws {
        let evil = Array(#"{"auto_map": {"AutoTokenizer": ["t.Evil", null]}}"#.utf8)
        let config = try HuggingFaceConfig(.init(config: Array("{}".utf8), generationConfig: evil, tokenizerConfig: evil))
        #expect(config.screen.findings.map(\.file) == ["generation_config.json", "tokenizer_config.json"])
    }

    @Test func ordinaryKeysAreClean() throws {
        let screen = try screen(
            #"{"model_type": "llama", "trust_remote_code": false, "auto_map": null, "_attn_implementation": "sdpa", "internal": 1}"#)
        #expect(screen.isClean)
        #expect(throws: Never.self) { try screen.check() }
    }

    @Test func aListOfFindingsIsBounded() throws {
        let text = "[" + (0..<5000).map { _ in #"{"auto_map": 1}"# }.joined(separator: ",") + "]"
        #expect(try screen(#"{"a": \#(text)}"#).findings.count <= 101)
    }
}

@Suite struct HuggingFaceConfigTests {
    private func config(_ text: String, tokenizer: String? = nil, generation: String? = nil, template: String? = nil) throws
        -> HuggingFaceConfig
    {
        try HuggingFaceConfig(
            .init(
                config: Array(text.utf8), generationConfig: generation.map { Array($0.utf8) },
                tokenizerConfig: tokenizer.map { Array($0.utf8) },
                chatTemplate: template.map { Array($0.utf8) }))
    }

    /// SmolLM2-135M as its makers publish it.
    private static let smol = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152, "max_position_embeddings": 8192, "tie_word_embeddings": true,
        "torch_dtype": "bfloat16", "rope_theta": 100000}
        """

    @Test func aPlainDecoder() throws {
        let facts = try config(Self.smol, tokenizer: #"{"tokenizer_class": "GPT2Tokenizer", "chat_template": "{{ messages }}"}"#).facts
        #expect(facts.architecture == "llama")
        #expect(facts.layers == 30)
        #expect(facts.heads == .all(9))
        #expect(facts.kvHeads == .all(3))
        #expect(facts.keySize == 64)
        #expect(facts.valueSize == 64)
        #expect(facts.embedding == 576)
        #expect(facts.feedForward == .all(1536))
        #expect(facts.vocabulary == 49152)
        #expect(facts.contextLength == 8192)
        #expect(facts.quantization == "BF16")
        #expect(facts.tokenizer == "GPT2Tokenizer")
        #expect(facts.chatTemplate == "{{ messages }}")
        #expect(facts.capabilities == [.completion, .chat])
        #expect(facts.slidingWindow == nil)
        #expect(facts.parameters == 134_515_008)
        #expect(facts.activeParameters == nil)
    }

    @Test func aModelWithoutTemplateDoesNotChat() throws { #expect(try config(Self.smol).facts.capabilities == [.completion]) }

    @Test func theNewSpellings() throws {
        let facts = try config(
            #"{"model_type": "llama", "dtype": "float16", "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}"#
        ).facts
        #expect(facts.quantization == "F16")
        #expect(facts.layers == nil)
        #expect(facts.parameters == nil)
        #expect(try config(#"{"torch_dtype": "torch.float32"}"#).facts.quantization == "F32")
    }

    @Test func theTextPartOfAModelThatSees() throws {
        let facts = try config(
            """
            {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "vision_config": {"hidden_size": 1152}, "hidden_size": 7,
            "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34, "num_attention_heads": 8, "head_dim": 256,
            "num_key_value_heads": 4, "sliding_window": 1024, "sliding_window_pattern": 6, "vocab_size": 262208}}
            """, template: "{{ x }}"
        ).facts
        #expect(facts.embedding == 2560)
        #expect(facts.keySize == 256)
        #expect(facts.slidingWindow == .init(size: 1024, fullEvery: 6))
        #expect(facts.capabilities == [.completion, .chat, .vision])
    }

    @Test func whichLayersSlide() throws {
        let types =
            #"{"num_hidden_layers": 3, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}"#
        #expect(try config(types).facts.slidingWindow == .init(size: 8, isSliding: [true, false, true]))
        #expect(try config(#"{"use_sliding_window": false, "sliding_window": 8}"#).facts.slidingWindow == nil)
        #expect(try config(#"{"sliding_window": 8}"#).facts.slidingWindow == .init(size: 8))
        #expect(try config(#"{"model_type": "gemma2", "sliding_window": 8}"#).facts.slidingWindow == .init(size: 8, fullEvery: 2))
        let letters = #"{"num_hidden_layers": 5, "sliding_window": 8, "sliding_window_pattern": "LLG"}"#
        #expect(try config(letters).facts.slidingWindow?.isSliding == [true, true, false, true, true])
        let qwen = #"{"num_hidden_layers": 3, "sliding_window": 8, "use_sliding_window": true, "max_window_layers": 2}"#
        #expect(try config(qwen).facts.slidingWindow?.isSliding == [false, false, true])
        #expect(try config(#"{"num_hidden_layers": 1, "sliding_window": 8, "layer_types": ["full_attention"]}"#).facts.slidingWindow == nil)
    }

    @Test func aMixtureOfExperts() throws {
        // Qwen3-30B-A3B: 30.5 billion, of which 3.3 are active.
        let facts = try config(
            """
            {"model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
            "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "intermediate_size": 6144,
            "decoder_sparse_step": 1, "mlp_only_layers": [], "vocab_size": 151936, "tie_word_embeddings": false}
            """
        ).facts
        #expect(facts.experts == .init(count: 128, used: 8, feedForward: 768))
        #expect(try within(#require(facts.parameters), 30.53e9, percent: 1))
        #expect(try within(#require(facts.activeParameters), 3.35e9, percent: 1))
    }

    @Test func latentAttentionAndSharedExperts() throws {
        // DeepSeek-V2-Lite: 15.7 billion, of which 2.4 are active, the table of tokens not counted among these.
        let facts = try config(
            """
            {"model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16,
            "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "n_routed_experts": 64,
            "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 1408, "intermediate_size": 10944, "first_k_dense_replace": 1,
            "vocab_size": 102400, "tie_word_embeddings": false}
            """
        ).facts
        #expect(facts.latent == .init(rank: 512, rotary: 64))
        #expect(facts.keySize == 192)
        #expect(facts.valueSize == 128)
        #expect(facts.experts?.shared == 2)
        #expect(try within(#require(facts.parameters), 15.7e9, percent: 1))
        #expect(try within(#require(facts.activeParameters), 2.66e9, percent: 2))
    }

    @Test func layersWithAMemory() throws {
        let mamba = try config(
            #"{"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24, "state_size": 16, "conv_kernel": 4, "intermediate_size": 1536, "time_step_rank": 48, "vocab_size": 50280}"#
        ).facts
        #expect(mamba.recurrent == .init(convolution: 4, inner: 1536, state: 16, timeStepRank: 48))
        #expect(mamba.kvHeads == .all(0))
        let hybrid = try config(
            #"{"num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64, "attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_conv": 4, "mamba_d_state": 16, "mamba_expand": 2, "mamba_dt_rank": "auto"}"#
        ).facts
        #expect(hybrid.kvHeads == .each([0, 2, 0, 2]))
        #expect(hybrid.recurrent == .init(convolution: 4, inner: 128, state: 16, timeStepRank: 4))
        let qwen = try config(
            #"{"num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "full_attention_interval": 4, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4}"#
        ).facts
        #expect(qwen.kvHeads == .each([0, 0, 0, 2]))
        #expect(qwen.recurrent == .init(convolution: 4, inner: 4096, state: 128, groups: 16, timeStepRank: 32))
        #expect(
            try config(#"{"num_hidden_layers": 4, "num_attention_heads": 2, "hybrid_override_pattern": "M-M*"}"#).facts.kvHeads
                == .each([0, 0, 0, 2]))
    }

    @Test func anEmbedderAsItIsPublished() throws {
        // all-MiniLM-L6-v2, which has 22,713,216 parameters.
        let facts = try config(
            #"{"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6, "num_attention_heads": 12, "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2}"#
        ).facts
        #expect(facts.capabilities == [.embedding])
        #expect(try within(#require(facts.parameters), 22_713_216, percent: 0.5))
        #expect(try config(#"{"model_type": "roberta", "max_position_embeddings": 514}"#).facts.contextLength == 512)
    }

    @Test func howWeightsAreStored() throws {
        let gptq = try config(#"{"dtype": "float16", "quantization_config": {"quant_method": "gptq", "bits": 4}}"#)
        #expect(gptq.facts.quantization == "GPTQ-4bit")
        #expect(gptq.packedBits == 4)
        #expect(try config(#"{"quantization_config": {"quant_method": "mxfp4"}}"#).facts.quantization == "MXFP4")
        #expect(
            try config(#"{"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true}}"#).facts.quantization
                == "BITSANDBYTES-4bit")
        #expect(try config(#"{"quantization": {"group_size": 64, "bits": 8}}"#).facts.quantization == "MLX-8bit")
    }

    @Test func weightsOutrankTheEstimate() throws {
        let file = safetensors(#"{"model.embed_tokens.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}"#, data: 24)
        let summary = try SafetensorsSummary([SafetensorsHeader(source: BytePrefix(file))])
        let facts = try config(Self.smol).facts(with: summary)
        #expect(facts.parameters == 6)
        #expect(facts.quantization == "F32")
        #expect(facts.weights?.embeddingBytes == 24)
    }

    @Test func templatesAndSampling() throws {
        let named = #"{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}"#
        #expect(try config("{}", tokenizer: named).facts.chatTemplate == "d")
        #expect(try config("{}", tokenizer: named, template: "own").facts.chatTemplate == "own")
        #expect(try config("{}", generation: #"{"temperature": 0.6, "top_p": 0.95, "top_k": 20}"#).sampling?.topK == 20)
        #expect(try config("{}", generation: #"{"do_sample": false, "temperature": 0.6}"#).sampling == nil)
    }

    @Test("B14 a template over 256 KiB is refused") func longTemplate() throws {
        let longest = String(repeating: "x", count: HuggingFaceConfig.longestTemplate)
        #expect(try config("{}", template: longest).facts.chatTemplate == longest)
        #expect(throws: FormatFault.self) { try config("{}", template: longest + "x") }
        #expect(throws: FormatFault.self) { try config("{}", tokenizer: #"{"chat_template": "\#(longest)x"}"#) }
    }

    @Test(
        "A9 figures that no model has are refused",
        arguments: [
            "num_hidden_layers", "hidden_size", "vocab_size", "max_position_embeddings",
        ])
    func impossibleFigures(_ name: String) {
        for value in ["0", "-1", "9223372036854775807"] {
            #expect(throws: FormatFault.self, "\(name) \(value)") { try config(#"{"\#(name)": \#(value)}"#) }
        }
    }

    @Test func otherKindsOfValuesAreUnknownAndNotZero() throws {
        let facts = try config(
            #"{"num_hidden_layers": "30", "hidden_size": 1.5, "num_attention_heads": null, "num_experts": 0, "sliding_window": -1}"#
        ).facts
        #expect(facts.layers == nil)
        #expect(facts.embedding == nil)
        #expect(facts.heads == nil)
        #expect(facts.experts == nil)
        #expect(facts.slidingWindow == nil)
        #expect(throws: FormatFault.self) { try config("[]") }
        #expect(throws: FormatFault.self) { try config(#"{"intermediate_size": 9223372036854775807}"#) }
        #expect(throws: FormatFault.self) { try config(#"{"num_experts": 4, "num_experts_per_tok": 5}"#) }
    }

    private func within(_ value: Int64, _ target: Double, percent: Double) -> Bool { abs(Double(value) / target - 1) * 100 <= percent }
}
