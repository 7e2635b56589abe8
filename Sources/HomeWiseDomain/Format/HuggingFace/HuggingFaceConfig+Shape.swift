// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelFacts {
    /// Depth, width and length.
    mutating func readShape(_ figures: ConfigFigures) throws {
        architecture = figures.text("model_type")
        layers = try figures.essential(
            "num_hidden_layers", "n_layer", "n_layers", "num_layers", most: Int64(ConfigFigures.mostLayers))
        embedding = try figures.essential("hidden_size", "n_embd", "d_model", "dim")
        vocabulary = try figures.essential("vocab_size", "padded_vocab_size")
        contextLength = try readContext(figures)
        feedForward =
            try figures.perLayer("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff", "hidden_dim")
            ?? figures.part("ffn_config")?.perLayer("ffn_hidden_size")
        // GPT-2 leaves it out where it is the usual four times the width.
        if feedForward == nil, ["gpt2", "gptj", "gpt_bigcode", "bloom", "falcon", "mpt"].contains(architecture ?? "") {
            feedForward = embedding.map { .all(4 * $0) }
        }
    }

    private func readContext(_ figures: ConfigFigures) throws -> Int? {
        let length = try figures.essential(
            "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length", "max_sequence_length")
        // RoBERTa's positions begin after the padding's number, which is 1.
        let isShifted = ["roberta", "xlm-roberta", "camembert", "mpnet", "longformer"].contains(architecture ?? "")
        return length.flatMap { isShifted && $0 > 2 ? $0 - 2 : $0 }
    }
}

extension HuggingFaceConfig {
    /// Encoders that turn a text into one vector.
    private static let encoders: Set<String> = [
        "bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "nomic_bert", "albert", "electra", "deberta", "deberta-v2", "camembert",
        "modernbert", "new", "jina_bert", "eurobert",
    ]
    private static let visionKeys = [
        "vision_config", "visual", "vision_tower", "mm_vision_tower", "image_token_id", "image_token_index", "img_processor",
        "vision_model",
    ]
    private static let writers = ["ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "ForImageTextToText", "CausalLM"]

    static func capabilities(_ figures: ConfigFigures, hasTemplate: Bool) -> [Capability] {
        let classes = figures.root["architectures"]?.elements.compactMap(\.string) ?? []
        let isEncoder = encoders.contains(figures.root["model_type"]?.string ?? "")
        let writes = classes.isEmpty ? !isEncoder : classes.contains { name in writers.contains { name.hasSuffix($0) } }
        var capabilities: [Capability] = []
        if writes { capabilities.append(.completion) }
        if writes, hasTemplate { capabilities.append(.chat) }
        if !writes, isEncoder, !classes.contains(where: { $0.hasSuffix("ForSequenceClassification") }) { capabilities.append(.embedding) }
        if visionKeys.contains(where: { figures.root[$0].map { !$0.isNull } == true }) { capabilities.append(.vision) }
        return capabilities
    }
}

/// How weights are stored, as people name it, and the bits where several share an integer.
struct QuantizationLabel {
    let label: String?
    let bits: Int?

    private static let types = ["bfloat16": "BF16", "float16": "F16", "half": "F16", "float32": "F32", "float": "F32", "float64": "F64"]

    init(_ figures: ConfigFigures) {
        let quantization = figures.value(["quantization_config"]).flatMap { $0.isObject ? $0 : nil }
        let mlx = figures.root["quantization"].flatMap { $0.isObject ? $0 : nil }
        guard let scheme = quantization ?? mlx else {
            // “torch.bfloat16” is an older spelling.
            let spelled = figures.text("dtype", "torch_dtype")?.split(separator: ".").last.map(String.init)
            (label, bits) = (spelled.flatMap { Self.types[$0] }, nil)
            return
        }
        let method = scheme["quant_method"]?.string ?? (quantization == nil ? "mlx" : "quantized")
        let bits = Self.bits(of: scheme, method)
        self.bits = bits
        let name = UntrustedName.printable(method).uppercased()
        label = bits.map { name.contains("FP\($0)") ? name : "\(name)-\($0)bit" } ?? name
    }

    private static func bits(of scheme: BoundedJSON.Value, _ method: String) -> Int? {
        let groups = scheme["config_groups"]?.members.first?.value["weights"]?["num_bits"]
        let told = (scheme["bits"] ?? scheme["w_bit"] ?? groups)?.integer.flatMap { Int(exactly: $0) }
        if let told, (1...16).contains(told) { return told }
        if scheme["load_in_4bit"]?.bool == true { return 4 }
        if scheme["load_in_8bit"]?.bool == true { return 8 }
        return ["mxfp4": 4, "fp8": 8, "fbgemm_fp8": 8][method]
    }
}
