// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A model's `config.json` and the small files beside it, as Hugging Face's libraries write them.
public struct HuggingFaceConfig: Sendable {
    /// The texts of the files; only the first must be there.
    public struct Files: Sendable {
        public var config: [UInt8]
        public var generationConfig: [UInt8]?
        public var tokenizerConfig: [UInt8]?
        /// `chat_template.jinja`, which newer models have instead of a field of the tokenizer's file.
        public var chatTemplate: [UInt8]?

        public init(config: [UInt8], generationConfig: [UInt8]? = nil, tokenizerConfig: [UInt8]? = nil, chatTemplate: [UInt8]? = nil) {
            self.config = config
            self.generationConfig = generationConfig
            self.tokenizerConfig = tokenizerConfig
            self.chatTemplate = chatTemplate
        }
    }

    /// What the files say, with an estimate of the parameters: no weights were read.
    public let facts: ModelFacts
    /// What must not be there. A model is refused unless it is clean.
    public let screen: ConfigScreen
    /// How its makers say that words should be drawn.
    public let sampling: ModelInfo.Sampling?
    /// Bits of a weight where several are packed into one integer.
    public let packedBits: Int?

    /// Bytes that a chat template may have.
    public static let longestTemplate = 256 << 10

    /// - Throws: `FormatFault` for what is no JSON object, for figures that no model has, and for an oversized template.
    public init(_ files: Files, container: ModelFacts.Container = .safetensors) throws {
        let config = try Self.object(files.config, "config.json")
        let generation = try Self.object(files.generationConfig, "generation_config.json")
        let tokenizer = try Self.object(files.tokenizerConfig, "tokenizer_config.json")
        var screen = ConfigScreen()
        screen.add(config, file: "config.json")
        if let generation { screen.add(generation, file: "generation_config.json") }
        if let tokenizer { screen.add(tokenizer, file: "tokenizer_config.json") }
        self.screen = screen

        let figures = ConfigFigures(config)
        var facts = ModelFacts(container: container)
        facts.chatTemplate = try Self.template(files.chatTemplate, tokenizer)
        facts.tokenizer = tokenizer?["tokenizer_class"]?.string
        try facts.readShape(figures)
        try facts.readAttention(figures)
        try facts.readExperts(figures)
        try facts.readRecurrence(figures)
        facts.capabilities = Self.capabilities(figures, hasTemplate: facts.chatTemplate != nil)
        let quantization = QuantizationLabel(figures)
        facts.quantization = quantization.label
        packedBits = quantization.bits
        let estimate = try ParameterEstimate(figures, facts)
        facts.parameters = estimate?.total
        facts.activeParameters = facts.experts == nil ? nil : estimate?.active
        self.facts = facts
        sampling = generation.flatMap(Self.sampling)
    }

    /// The facts with what the weights' own headers say in place of estimates.
    public func facts(with summary: SafetensorsSummary) -> ModelFacts {
        var facts = facts
        facts.weights = summary.weights
        if summary.parameters > 0 { facts.parameters = summary.parameters }
        if packedBits == nil, let type = summary.dominantType { facts.quantization = type }
        if let experts = facts.experts, summary.expertParameters > 0 {
            let idle = Double(summary.expertParameters) * (1 - Double(experts.used) / Double(experts.count))
            facts.activeParameters = summary.parameters - Int64(idle)
        }
        return facts
    }

    // MARK: Files

    private static func object(_ bytes: [UInt8], _ name: String) throws -> BoundedJSON.Value {
        let root = try BoundedJSON(bytes, field: name, limits: .init(bytes: 32 << 20)).root
        guard root.isObject else { throw FormatFault(.notThisFormat, name, "it is no object") }
        return root
    }

    private static func object(_ bytes: [UInt8]?, _ name: String) throws -> BoundedJSON.Value? {
        guard let bytes else { return nil }
        return try object(bytes, name) as BoundedJSON.Value
    }

    /// A tokenizer's file has one template, or a list of named ones of which “default” is for chat.
    private static func template(_ file: [UInt8]?, _ tokenizer: BoundedJSON.Value?) throws -> String? {
        if let file, let offset = UTF8Check.firstFault(in: file) {
            throw FormatFault.badValue("chat_template", "byte \(offset) is not valid UTF-8")
        }
        let field = tokenizer?["chat_template"]
        let named = field?.elements.first { $0["name"]?.string == "default" } ?? field?.elements.first
        let text = file.map { String(decoding: $0, as: UTF8.self) } ?? field?.string ?? named?["template"]?.string
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count <= longestTemplate else {
            throw FormatFault.tooLarge("chat_template", "\(text.utf8.count) bytes, and \(longestTemplate) are the limit")
        }
        return text
    }

    private static func sampling(_ generation: BoundedJSON.Value) -> ModelInfo.Sampling? {
        let topK = generation["top_k"]?.integer.flatMap { Int(exactly: $0) }
        let sampling = ModelInfo.Sampling(temperature: generation["temperature"]?.double, topP: generation["top_p"]?.double, topK: topK)
        let isGreedy = generation["do_sample"]?.bool == false
        return isGreedy || sampling == ModelInfo.Sampling() ? nil : sampling
    }
}
