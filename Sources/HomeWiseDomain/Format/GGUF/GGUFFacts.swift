// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelFacts {
    /// What a GGUF header says of its model, with the habits of the architectures that llama.cpp knows and files do not tell.
    ///
    /// - Parameters:
    ///   - source: the file of the header, for figures that it tells layer by layer.
    ///   - parts: headers of the further files of a split model; the first file alone has the metadata.
    public init(_ header: GGUFHeader, in source: some ByteSource, parts: [GGUFHeader] = []) throws {
        self.init(container: .gguf)
        let keys = GGUFKeys(header, source)
        architecture = keys.text("general.architecture")
        name = keys.text("general.name")
        license = keys.text("general.license")
        try readShape(keys)
        try readAttention(keys)
        try readState(keys)
        readExperts(keys)
        readWeights(header.tensors + parts.flatMap(\.tensors))
        tokenizer = keys.text("tokenizer.ggml.model")
        chatTemplate = keys.text("tokenizer.chat_template")
        vocabulary = keys.count(keys.own("vocab_size")) ?? keys.arrayCount("tokenizer.ggml.tokens")
        let fileType = header.metadata["general.file_type"].flatMap { value -> String? in
            if case .unsigned(let number) = value { GGUFFileType.name(number) } else { nil }
        }
        quantization = fileType ?? weights?.bytesByType.filter { $0.key != "F32" }.max { $0.value < $1.value }?.key
        capabilities = Self.capabilities(keys, architecture, template: chatTemplate)
    }

    private mutating func readShape(_ keys: GGUFKeys<some ByteSource>) throws {
        layers = keys.count(keys.own("block_count"))
        contextLength = keys.count(keys.own("context_length"))
        embedding = keys.count(keys.own("embedding_length"))
        feedForward = try keys.perLayer("feed_forward_length")
        heads = try keys.perLayer("attention.head_count")
        kvHeads = try keys.perLayer("attention.head_count_kv") ?? heads
    }

    private mutating func readAttention(_ keys: GGUFKeys<some ByteSource>) throws {
        let headSize = embedding.flatMap { width in
            heads.flatMap { $0.maximum > 0 ? width / $0.maximum : nil }
        }
        keySize = keys.count(keys.own("attention.key_length")) ?? headSize
        valueSize = keys.count(keys.own("attention.value_length")) ?? headSize
        // Only where the cache holds the compressed form: newer files say so with sizes of their own.
        if let rank = keys.count(keys.own("attention.kv_lora_rank")), keys.count(keys.own("attention.key_length_mla")) != nil {
            latent = Latent(rank: rank, rotary: keys.count(keys.own("rope.dimension_count")) ?? 0)
        }
        if let shared = keys.count(keys.own("attention.shared_kv_layers")), let layers { cachingLayers = max(0, layers - shared) }
        // llama.cpp, models/gemma3n.cpp: the last layers of both sizes use the cache of layer 18 or 19.
        if architecture == "gemma3n" { cachingLayers = 20 }
        slidingWindow = try window(keys)
    }

    private func window(_ keys: GGUFKeys<some ByteSource>) throws -> SlidingWindow? {
        let habit = architecture.flatMap { SlidingHabit.known[$0] }
        let told = keys.count(keys.own("attention.sliding_window"))
        guard let size = told ?? habit?.size, size > 0 else { return nil }
        var window = SlidingWindow(
            size: size, keySize: keys.count(keys.own("attention.key_length_swa")),
            valueSize: keys.count(keys.own("attention.value_length_swa")))
        if let flags = try keys.flags("attention.sliding_window_pattern") {
            window.isSliding = flags
        } else if let habit, let layers {
            let every = max(1, keys.count(keys.own("attention.sliding_window_pattern")) ?? habit.fullEvery)
            window.isSliding = (0..<layers).map { habit.isFullFirst ? $0 % every != 0 : $0 % every < every - 1 }
        } else {
            // Others carry the figure over from their makers' files, and the engine does not use it.
            return nil
        }
        return window
    }

    private mutating func readState(_ keys: GGUFKeys<some ByteSource>) throws {
        if let length = keys.count(keys.own("shortconv.l_cache")), let embedding {
            recurrent = Recurrent(convolution: length, inner: embedding, state: 0)
        } else if let inner = keys.count(keys.own("ssm.inner_size")), let state = keys.count(keys.own("ssm.state_size")) {
            recurrent = Recurrent(
                convolution: keys.count(keys.own("ssm.conv_kernel")) ?? 0, inner: inner, state: state,
                groups: keys.count(keys.own("ssm.group_count")) ?? 0, timeStepRank: keys.count(keys.own("ssm.time_step_rank")))
            // llama.cpp, models/qwen3next.cpp and qwen35*.cpp.
            let takesTurns = ["qwen3next", "qwen35", "qwen35moe"].contains(architecture)
            recurrent?.attentionEvery = keys.count(keys.own("full_attention_interval")) ?? (takesTurns ? 4 : nil)
            recurrent?.isBesideAttention = architecture == "falcon-h1"
            if ["mamba", "mamba2"].contains(architecture) { kvHeads = .all(0) }
        }
    }

    private mutating func readExperts(_ keys: GGUFKeys<some ByteSource>) {
        guard let count = keys.count(keys.own("expert_count")), count > 0 else { return }
        experts = Experts(
            count: count, used: keys.count(keys.own("expert_used_count")) ?? count,
            shared: keys.count(keys.own("expert_shared_count")) ?? 0, feedForward: keys.count(keys.own("expert_feed_forward_length")))
    }

    private mutating func readWeights(_ tensors: [GGUFTensor]) {
        guard !tensors.isEmpty else { return }
        var sum = Weights(totalBytes: 0)
        var (elements, expertElements): (Int64, Int64) = (0, 0)
        // Bytes cannot overflow, for the tensors lie in their files one behind the other; elements of one bit could.
        for tensor in tensors {
            elements = elements.addingClamped(tensor.elements)
            sum.totalBytes += tensor.bytes
            sum.bytesByType[tensor.type.name, default: 0] += tensor.bytes
            if tensor.dimensions > 1 { sum.rowsByType[tensor.type.name, default: 0] += tensor.elements / tensor.shape[0] }
            if tensor.name.hasPrefix("token_embd.") {
                sum.embeddingBytes += tensor.bytes
                sum.embeddingType = tensor.type.name
            }
            if tensor.name.hasPrefix("output.") { sum.outputBytes += tensor.bytes }
            if tensor.name.contains("_exps.") {
                sum.expertBytes += tensor.bytes
                expertElements = expertElements.addingClamped(tensor.elements)
            }
        }
        weights = sum
        parameters = elements
        if let experts, experts.count > 0, expertElements > 0 {
            activeParameters =
                elements - expertElements + Int64(Double(expertElements) * min(1, Double(experts.used) / Double(experts.count)))
        }
    }

    private static func capabilities(_ keys: GGUFKeys<some ByteSource>, _ architecture: String?, template: String?) -> [Capability] {
        if architecture == "clip" { return [.vision] }
        if keys.count(keys.own("pooling_type")) != nil || architecture?.hasSuffix("bert") == true { return [.embedding] }
        guard let template else { return [.completion] }
        var found: [Capability] = [.chat]
        if template.contains("tools") { found.append(.tools) }
        if template.contains("<think>") || template.contains("enable_thinking") || template.contains("reasoning") {
            found.append(.reasoning)
        }
        return found
    }
}

extension Capability {
    public static let vision = Self(rawValue: "vision")
    public static let tools = Self(rawValue: "tools")
    public static let reasoning = Self(rawValue: "reasoning")
    public static let code = Self(rawValue: "code")
}

/// Which layers slide where a file does not tell: llama.cpp, `load_swa_pattern` in src/models/*.cpp, October 2026.
private struct SlidingHabit {
    let fullEvery: Int
    var isFullFirst = false
    /// Tokens, where the file may leave them out.
    var size: Int?

    static let known: [String: SlidingHabit] = [
        "gemma2": .init(fullEvery: 2, size: 4096), "gemma3": .init(fullEvery: 6), "gemma3n": .init(fullEvery: 5),
        "gpt-oss": .init(fullEvery: 2), "cohere2": .init(fullEvery: 4), "cohere2moe": .init(fullEvery: 4, isFullFirst: true),
        "llama4": .init(fullEvery: 4, size: 8192), "exaone4": .init(fullEvery: 4), "olmo2": .init(fullEvery: 4),
        "afmoe": .init(fullEvery: 4), "mellum": .init(fullEvery: 4),
    ]
}

/// Looks metadata up, under the architecture's own prefix where it belongs there.
private struct GGUFKeys<Source: ByteSource> {
    private let header: GGUFHeader
    private let source: Source
    private let architecture: String

    init(_ header: GGUFHeader, _ source: Source) {
        self.header = header
        self.source = source
        architecture = header.metadata["general.architecture"]?.text ?? ""
    }

    func own(_ key: String) -> String { "\(architecture).\(key)" }
    func text(_ key: String) -> String? { header.metadata[key]?.text }
    func count(_ key: String) -> Int? { header.metadata[key]?.count }

    func arrayCount(_ key: String) -> Int? {
        if case .array(let array) = header.metadata[key] { array.count } else { nil }
    }

    func perLayer(_ key: String) throws -> PerLayer? {
        if let count = count(own(key)) { return .all(count) }
        return try header.integers(own(key), in: source, limit: GGUFScreen.mostLayers).map { .each($0.map { Int(clamping: max(0, $0)) }) }
    }

    func flags(_ key: String) throws -> [Bool]? {
        try header.integers(own(key), in: source, limit: GGUFScreen.mostLayers)?.map { $0 != 0 }
    }
}

extension GGUFHeader {
    /// The elements of a short array of integers or flags.
    ///
    /// - Returns: `nil` where there is no such array.
    /// - Throws: `FormatFault.tooLarge` for one with more elements than the limit.
    public func integers(_ key: String, in source: some ByteSource, limit: Int) throws -> [Int64]? {
        guard case .array(let array) = metadata[key], let size = array.type.size, ![.float32, .float64].contains(array.type) else {
            return nil
        }
        guard array.count <= limit else { throw FormatFault.tooLarge(key, "\(array.count) elements; \(limit) is the limit") }
        return try source.withBytes(Int64(array.offset)..<Int64(array.end)) { bytes in
            (0..<array.count).map { index in array.type.integer(bytes, at: index * size) }
        }
    }

    /// The texts of an array, such as the vocabulary; only where somebody asks for them.
    ///
    /// - Returns: `nil` where there is no such array.
    public func texts(_ key: String, in source: some ByteSource) throws -> [String]? {
        guard case .array(let array) = metadata[key], array.type == .string else { return nil }
        return try source.withBytes(Int64(array.offset)..<Int64(array.end)) { bytes in
            var cursor = GGUFCursor(bytes, length: Int64(bytes.count))
            return try (0..<array.count).map { _ in try cursor.takeText(limit: Limit.element, key) }
        }
    }
}

extension GGUFType {
    /// An element of an array of integers or flags; zero for other types, which nobody asks for.
    fileprivate func integer(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int64 {
        func load<Value: FixedWidthInteger>(_: Value.Type) -> Int64 {
            Int64(clamping: Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)))
        }
        return switch self {
        case .uint8, .bool: load(UInt8.self)
        case .int8: load(Int8.self)
        case .uint16: load(UInt16.self)
        case .int16: load(Int16.self)
        case .uint32: load(UInt32.self)
        case .int32: load(Int32.self)
        case .uint64: load(UInt64.self)
        case .int64: load(Int64.self)
        case .float32, .float64, .string, .array: 0
        }
    }
}
