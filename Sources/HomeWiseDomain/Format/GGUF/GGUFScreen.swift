// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a header must not say before an engine reads it (THREATS §1B, §1H): engines have written where they must not on
/// counts, vocabularies and templates that nobody checked.
struct GGUFScreen {
    static let template = "tokenizer.chat_template"
    /// llama.cpp keeps per-layer figures in arrays of this size (LLAMA_MAX_LAYERS).
    static let mostLayers = 512
    private static let deepestTemplate = 64

    private let header: GGUFHeader
    private let bytes: UnsafeRawBufferPointer

    init(_ header: GGUFHeader, _ bytes: UnsafeRawBufferPointer) {
        self.header = header
        self.bytes = bytes
    }

    func check() throws {
        if let architecture = header.metadata["general.architecture"]?.text { try checkShape(architecture) }
        try checkVocabulary()
        for (key, value) in header.metadata where key.hasPrefix(Self.template) {
            if let text = value.text { try Self.checkTemplate(text, key) }
        }
    }

    // MARK: Shape

    private func checkShape(_ architecture: String) throws {
        try checkCount("\(architecture).block_count", 1...Self.mostLayers)
        try checkCount("\(architecture).embedding_length", 1...(1 << 20))
        try checkCount("\(architecture).context_length", 1...(1 << 30))
        try checkCount("\(architecture).expert_count", 0...65_536)
        // A recurrent model has no heads, and its files say so with a zero.
        let isRecurrent = header.metadata.keys.contains { $0.hasPrefix("\(architecture).ssm.") || $0.hasPrefix("\(architecture).wkv.") }
        let smallest = isRecurrent ? 0 : 1
        try checkCount("\(architecture).attention.head_count", smallest...65_536)
        try checkCount("\(architecture).attention.head_count_kv", smallest...65_536)
        if let heads = count("\(architecture).attention.head_count"), let kvHeads = count("\(architecture).attention.head_count_kv"),
            kvHeads > 0, heads % kvHeads != 0
        {
            throw FormatFault.badValue("\(architecture).attention.head_count_kv", "\(kvHeads) does not divide \(heads)")
        }
    }

    private func count(_ key: String) -> Int? { header.metadata[key]?.count }

    private func checkCount(_ key: String, _ range: ClosedRange<Int>) throws {
        guard let value = header.metadata[key] else { return }
        // Some models tell a figure for each layer.
        if case .array = value { return }
        guard let count = value.count, range.contains(count) else {
            throw FormatFault.badValue(key, "it must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    // MARK: Vocabulary

    private func checkVocabulary() throws {
        guard let tokens = try array("tokenizer.ggml.tokens", of: [.string]) else { return }
        for (key, types) in [("tokenizer.ggml.scores", [GGUFType.float32]), ("tokenizer.ggml.token_type", [.int32, .uint32])] {
            guard let other = try array(key, of: types) else { continue }
            guard other.count == tokens.count else {
                throw FormatFault(.unsafeVocabulary, key, "\(other.count) entries for \(tokens.count) tokens")
            }
        }
        _ = try array("tokenizer.ggml.merges", of: [.string])
        try checkSpecialTokens(vocabulary: tokens.count)
        if let types = try array("tokenizer.ggml.token_type", of: [.int32, .uint32]) { try checkByteTokens(tokens, types) }
    }

    private func array(_ key: String, of types: [GGUFType]) throws -> GGUFArray? {
        guard let value = header.metadata[key] else { return nil }
        guard case .array(let array) = value, types.contains(array.type) else {
            throw FormatFault(.unsafeVocabulary, key, "it is not an array of \(types[0])")
        }
        return array
    }

    private func checkSpecialTokens(vocabulary: Int) throws {
        for (key, value) in header.metadata where key.hasPrefix("tokenizer.ggml.") && key.hasSuffix("_token_id") {
            // All bits set is how files say “none”.
            if value == .unsigned(UInt64(UInt32.max)) || value == .signed(-1) { continue }
            guard let id = value.count, id < vocabulary else {
                throw FormatFault(.unsafeVocabulary, key, "it is not among the \(vocabulary) tokens")
            }
        }
    }

    /// Engines turn the text of a byte token into an index without a check of their own.
    private func checkByteTokens(_ tokens: GGUFArray, _ types: GGUFArray) throws {
        var position = tokens.offset
        for index in 0..<tokens.count {
            let length = Int(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            let type = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: types.offset + index * 4, as: Int32.self))
            if type == Self.byteToken, !isByte(position + 8, length) {
                throw FormatFault(.unsafeVocabulary, "tokenizer.ggml.tokens", "byte token \(index) is not written as <0x00> to <0xFF>")
            }
            position += 8 + length
        }
    }

    /// LLAMA_TOKEN_TYPE_BYTE.
    private static let byteToken: Int32 = 6

    private func isByte(_ start: Int, _ length: Int) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...70).contains(byte) }
        return length == 6 && bytes[start] == UInt8(ascii: "<") && bytes[start + 1] == UInt8(ascii: "0")
            && bytes[start + 2] == UInt8(ascii: "x") && isDigit(bytes[start + 3]) && isDigit(bytes[start + 4])
            && bytes[start + 5] == UInt8(ascii: ">")
    }

    // MARK: Template

    /// Engines read templates by recursion. Blocks and brackets are counted as they come; a bracket inside a quoted text
    /// counts too, which real templates stay far below.
    static func checkTemplate(_ text: String, _ key: String) throws {
        var (blocks, brackets, deepest) = (0, 0, 0)
        var previous: UInt8 = 0
        var word = [UInt8]()
        var isStatement = false
        for byte in text.utf8 {
            if previous == UInt8(ascii: "{"), byte == UInt8(ascii: "%") { (isStatement, word) = (true, []) }
            if isStatement, word.count < 10 {
                if (97...122).contains(byte) {
                    word.append(byte)
                } else if !word.isEmpty {
                    blocks = max(0, blocks + Self.depthChange(word))
                    isStatement = false
                }
            }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
            default: break
            }
            deepest = max(deepest, blocks, brackets)
            previous = byte
        }
        guard deepest <= deepestTemplate else { throw FormatFault.tooLarge(key, "it is nested deeper than \(deepestTemplate) levels") }
    }

    private static func depthChange(_ word: [UInt8]) -> Int {
        if word.starts(with: "end".utf8) { return -1 }
        let openers = ["if", "for", "macro", "filter", "call", "block"]
        return openers.contains { word.elementsEqual($0.utf8) } ? 1 : 0
    }
}
