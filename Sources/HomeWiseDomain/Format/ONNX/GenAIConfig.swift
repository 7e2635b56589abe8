// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// `genai_config.json` beside an ONNX model that writes text (onnxruntime-genai).
public struct GenAIConfig: Sendable, Equatable {
    public let facts: ModelFacts
    /// The files that it names, below its own folder.
    public let files: [SafePath]
    /// Keys that would load code; a model is refused unless it is clean.
    public let screen: ConfigScreen

    /// - Throws: `FormatFault` where it is no such file, names files elsewhere, or has figures that no model has.
    public init(_ json: [UInt8]) throws {
        let root = try BoundedJSON(json, field: "genai_config.json", limits: .init(bytes: 4 << 20)).root
        guard let model = root["model"], model.isObject else {
            throw FormatFault(.notThisFormat, "genai_config.json", "“model” is missing or no object")
        }
        var screen = ConfigScreen()
        screen.add(root, file: "genai_config.json")
        self.screen = screen
        facts = try Self.facts(ConfigFigures(model), decoder: model["decoder"])
        files = try Self.files(model)
    }

    private static func facts(_ model: ConfigFigures, decoder: BoundedJSON.Value?) throws -> ModelFacts {
        var facts = ModelFacts(container: .onnx)
        facts.architecture = model.text("type")
        facts.contextLength = try model.essential("context_length")
        facts.vocabulary = try model.essential("vocab_size")
        facts.capabilities = [.completion]
        if model.root["vision"] != nil { facts.capabilities.append(.vision) }
        guard let decoder, decoder.isObject else { return facts }
        let figures = ConfigFigures(decoder)
        facts.layers = try figures.essential("num_hidden_layers", most: Int64(ConfigFigures.mostLayers))
        facts.embedding = try figures.essential("hidden_size")
        facts.heads = try figures.essential("num_attention_heads").map(PerLayer.all)
        facts.kvHeads = try figures.essential("num_key_value_heads").map(PerLayer.all) ?? facts.heads
        facts.keySize = try figures.essential("head_size")
        facts.valueSize = facts.keySize
        return facts
    }

    /// Every part of the model (decoder, embedding, vision, speech) may name a file, and a pipeline several.
    private static func files(_ model: BoundedJSON.Value) throws -> [SafePath] {
        var files: [SafePath] = []
        func visit(_ value: BoundedJSON.Value) throws {
            for member in value.members {
                if ["filename", "config_filename", "adapter_filename"].contains(member.name), let name = member.value.string {
                    try files.append(UntrustedName.relativePath(name, field: "genai_config.json: \(member.name)"))
                }
                try visit(member.value)
            }
            for element in value.elements { try visit(element) }
        }
        try visit(model)
        return files
    }
}
