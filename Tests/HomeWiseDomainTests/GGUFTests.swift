// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

/// Small whole files of several architectures.
enum Sample {
    static let q4K = GGMLType.named("Q4_K")!
    static let llama = SyntheticModel(
        layers: 2, embedding: 256, feedForward: 512, heads: 4, kvHeads: 2, headSize: 64, vocabulary: 300, type: q4K)

    static var words: SyntheticModel {
        var model = llama
        model.hasTokens = true
        return model
    }

    static func file(_ draft: GGUFDraft) -> [UInt8] {
        let (bytes, length) = draft.header()
        return bytes + [UInt8](repeating: 0, count: Int(length) - bytes.count)
    }

    static func file(_ model: SyntheticModel) -> [UInt8] { file(model.draft()) }

    /// A draft with one value replaced or added.
    static func draft(_ key: String, _ value: GGUFDraft.Value?, of model: SyntheticModel = words) -> GGUFDraft {
        var draft = model.draft()
        draft.metadata.removeAll { $0.key == key }
        if let value { draft.metadata.append((key, value)) }
        return draft
    }
}

func fault(of bytes: [UInt8]) -> FormatFault? {
    do {
        _ = try GGUFHeader(BytePrefix(bytes))
        return nil
    } catch { return error as? FormatFault }
}

@Suite struct GGUFHeaderTests {
    @Test func readsMetadataTensorsAndExtent() throws {
        let bytes = Sample.file(Sample.words)
        let header = try GGUFHeader(BytePrefix(bytes))
        #expect(header.version == 3 && header.tensors.count == 3 + 2 * 9 && header.end == Int64(bytes.count))
        let query = try #require(header.tensors.first { $0.name == "blk.1.attn_q.weight" })
        #expect(query.elements == 65_536 && query.bytes == 65_536 / 256 * 144 && query.type.name == "Q4_K")
        #expect(header.metadata["llama.block_count"] == .unsigned(2))
        #expect(try header.texts("tokenizer.ggml.tokens", in: BytePrefix(bytes))?[259] == "▁w0")
    }

    @Test func versionTwoIsReadTheSameWay() throws {
        var draft = Sample.llama.draft()
        draft.version = 2
        #expect(try GGUFHeader(BytePrefix(Sample.file(draft))).version == 2)
    }

    @Test func aPartOfARemoteFileAsksForMoreUntilItIsEnough() throws {
        let bytes = Sample.file(Sample.words)
        var have = 24
        var rounds = 0
        while true {
            do {
                let header = try GGUFHeader(BytePrefix(Array(bytes.prefix(have)), length: Int64(bytes.count)))
                #expect(header.tensors.count == 21)
                break
            } catch let more as MoreBytesNeeded {
                #expect(more.upTo > have)
                have = Int(more.upTo)
                rounds += 1
            }
        }
        #expect(rounds > 1 && have < bytes.count)
    }

    @Test("A6 every beginning of a file is a truncated one, and nothing worse") func everyPrefix() {
        let bytes = Sample.file(Sample.llama)
        let header = Sample.llama.draft().header().bytes.count
        for count in Array(0..<header) + Array(stride(from: header, to: bytes.count, by: 4_099)) {
            #expect(fault(of: Array(bytes.prefix(count)))?.kind == .truncated, "\(count)")
        }
        #expect(fault(of: bytes) == nil)
    }

    @Test(
        "A8 B2 counts that cannot be are refused before anything is allocated",
        arguments: [8, 16], [1 << 31, 1 << 32, 1 << 61, (1 << 63) - 1, UInt64.max] as [UInt64])
    func hugeCounts(offset: Int, count: UInt64) {
        var bytes = Sample.file(Sample.words)
        withUnsafeBytes(of: count.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
        let kind = fault(of: bytes)?.kind
        #expect(kind == .tooLarge || kind == .truncated)
    }

    @Test(
        "A8 B1 lengths of texts and arrays that cannot be are refused",
        arguments: [1 << 31, 1 << 32, 1 << 61, (1 << 63) - 1, .max] as [UInt64])
    func hugeLengths(length: UInt64) throws {
        let bytes = Sample.file(Sample.words)
        for key in ["general.name", "tokenizer.ggml.tokens", "tokenizer.ggml.scores"] {
            let at = try #require(bytes.firstRange(of: Array(key.utf8))).upperBound + (key == "general.name" ? 4 : 8)
            var lying = bytes
            withUnsafeBytes(of: length.littleEndian) { lying.replaceSubrange(at..<at + 8, with: $0) }
            let kind = fault(of: lying)?.kind
            #expect(kind == .truncated || kind == .tooLarge, "\(key)")
        }
    }

    @Test("A9 zeros and odd alignments are refused", arguments: [0, 3, 4, 131_072, 1 << 31] as [UInt32]) func alignment(value: UInt32) {
        #expect(fault(of: Sample.file(Sample.draft("general.alignment", .unsigned(value))))?.field == "general.alignment")
    }

    @Test(
        "A9 B6 figures of the shape that cannot be are refused",
        arguments: [
            ("llama.block_count", 0), ("llama.block_count", 513), ("llama.block_count", 1 << 31), ("llama.embedding_length", 0),
            ("llama.attention.head_count", 0), ("llama.attention.head_count_kv", 3), ("llama.context_length", 0),
        ] as [(String, UInt32)])
    func shape(key: String, value: UInt32) {
        #expect(fault(of: Sample.file(Sample.draft(key, .unsigned(value))))?.field == key)
    }

    @Test("B6 a negative count is refused") func negative() {
        #expect(fault(of: Sample.file(Sample.draft("llama.block_count", .signed(-1))))?.kind == .badValue)
    }

    @Test("A10 no key is needed, and none of them missing does harm") func missingKeys() throws {
        for model in [Sample.words, Sample.llama] {
            for (key, _) in model.draft().metadata {
                let source = BytePrefix(Sample.file(Sample.draft(key, nil, of: model)))
                let header = try GGUFHeader(source)
                _ = try ModelFacts(header, in: source)
            }
        }
    }

    @Test("B3 B8 A14 tensors that reach over the end, overlap or leave gaps are refused") func extents() throws {
        let whole = Sample.file(Sample.llama)
        #expect(fault(of: whole.dropLast())?.kind == .truncated)
        #expect(fault(of: Array(whole.dropLast(4096)))?.kind == .truncated)
        let name = Array("blk.0.attn_q.weight".utf8)
        let at = try #require(whole.firstRange(of: name)).upperBound
        // dimensions, two sizes, type, offset
        for (offset, value) in [(4, UInt64(1) << 62), (12, UInt64(1) << 62), (4, 255), (24, 0), (24, .max), (24, 32)] as [(Int, UInt64)] {
            var lying = whole
            withUnsafeBytes(of: value.littleEndian) { lying.replaceSubrange(at + offset..<at + offset + 8, with: $0) }
            #expect(fault(of: lying)?.field == "tensor blk.0.attn_q.weight", "\(offset) \(value)")
        }
    }

    @Test("B3 two sound tensors whose sum wraps are refused") func wrappingSum() {
        var draft = GGUFDraft()
        let byte = GGMLType.named("I8")!
        draft.tensors = [.init("a", [Int.max / 2 - 64], byte), .init("b", [Int.max / 2 - 64], byte), .init("c", [1 << 20], byte)]
        #expect(fault(of: draft.header(unchecked: true))?.kind == .tooLarge)
    }

    @Test("B4 a token longer than any real one is refused") func longToken() {
        let text = String(repeating: "x", count: 1 << 15)
        #expect(fault(of: Sample.file(Sample.draft("tokenizer.ggml.tokens", .texts([text]))))?.kind == .tooLarge)
    }

    @Test("B5 byte tokens that are none are refused", arguments: ["<0x-1>", "<0xZZ>", "<0x1>", "0x1F", "<0x1f>", ""]) func byteTokens(
        text: String
    ) {
        var tokens = (0..<300).map { "w\($0)" }
        tokens[7] = text
        var draft = Sample.draft("tokenizer.ggml.tokens", .texts(tokens))
        draft.metadata.removeAll { $0.key == "tokenizer.ggml.token_type" }
        draft.metadata.append(("tokenizer.ggml.token_type", .integers((0..<300).map { $0 == 7 ? 6 : 1 })))
        #expect(fault(of: Sample.file(draft))?.kind == .unsafeVocabulary)
    }

    @Test("B7 scores and types of another kind or length are refused") func vocabularyArrays() {
        for (key, value) in [
            ("tokenizer.ggml.scores", .integers([Int32](repeating: 0, count: 300))), ("tokenizer.ggml.scores", .floats([1])),
            ("tokenizer.ggml.token_type", .floats([Float](repeating: 0, count: 300))), ("tokenizer.ggml.tokens", .integers([1])),
            ("tokenizer.ggml.token_type", .integers([Int32](repeating: 1, count: 301))), ("tokenizer.ggml.bos_token_id", .unsigned(300)),
        ] as [(String, GGUFDraft.Value)] {
            #expect(fault(of: Sample.file(Sample.draft(key, value)))?.kind == .unsafeVocabulary, "\(key)")
        }
        #expect(fault(of: Sample.file(Sample.draft("tokenizer.ggml.bos_token_id", .unsigned(.max)))) == nil, "“none” is no token")
    }

    @Test("B14 templates that engines would fall over are refused") func templates() {
        let key = "tokenizer.chat_template"
        for text in [
            String(repeating: "{% if x %}", count: 100), String(repeating: "(", count: 100_000), String(repeating: "a", count: 300_000),
            String(repeating: "{% endif %}", count: 100) + String(repeating: "{%- for x in y %}", count: 100),
        ] {
            #expect(fault(of: Sample.file(Sample.draft(key, .text(text))))?.field == key)
        }
        let real = "{% for m in messages %}{% if m['role'] == 'user' %}{{ '<|user|>' + m['content'] }}{% endif %}{% endfor %}"
        #expect(fault(of: Sample.file(Sample.draft(key, .text(String(repeating: real, count: 200))))) == nil)
    }

    @Test func duplicatesAreRefused() {
        var draft = Sample.llama.draft()
        draft.metadata.append(draft.metadata[0])
        #expect(fault(of: Sample.file(draft))?.kind == .duplicate)
        draft = Sample.llama.draft()
        draft.tensors.append(draft.tensors[0])
        #expect(fault(of: Sample.file(draft))?.kind == .duplicate)
    }

    @Test func otherFilesAndVersionsAreNamed() {
        #expect(fault(of: Array("GGML0000000000000000000000000000".utf8))?.kind == .notThisFormat)
        var draft = Sample.llama.draft()
        draft.version = 4
        #expect(fault(of: Sample.file(draft))?.kind == .unsupported)
        draft.version = UInt32(3).byteSwapped
        #expect(fault(of: Sample.file(draft))?.reason.contains("big-endian") == true)
    }
}

extension GGUFDraft {
    /// The header alone, for files too large to be.
    fileprivate func header(unchecked: Bool) -> [UInt8] {
        var writer: [UInt8] = Array("GGUF".utf8)
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { writer.append(contentsOf: $0) } }
        put(UInt32(3))
        put(UInt64(tensors.count))
        put(UInt64(0))
        var offset: UInt64 = 0
        for tensor in tensors {
            put(UInt64(tensor.name.utf8.count))
            writer += Array(tensor.name.utf8)
            put(UInt32(1))
            put(UInt64(tensor.shape[0]))
            put(tensor.type.number)
            put(offset)
            offset &+= (UInt64(tensor.shape[0]) &+ 31) / 32 &* 32
        }
        return writer
    }
}
