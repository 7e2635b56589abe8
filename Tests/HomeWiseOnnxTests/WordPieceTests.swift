// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@testable import HomeWiseOnnxWorker

struct WordPieceTests {
    private static let tokenizer = Result {
        let bytes = try Array(Data(contentsOf: URL(filePath: TestModels.path("minilm/tokenizer.json"))))
        return try WordPieceTokenizer(BoundedJSON(bytes, field: "tokenizer.json").root)
    }

    private struct Sample: Decodable {
        var text: String
        var ids: [Int32]
    }

    /// Texts of all scripts, of noise, of edges, with the tokens that the official tokenizer gives.
    private static let program = """
        import json, random, sys
        from tokenizers import Tokenizer
        t = Tokenizer.from_file(sys.argv[1]); t.no_padding(); t.no_truncation()
        random.seed(5)
        texts = ["", " ", "Hello, World!", "naïve café Ångström ÇA İstanbul ẞ ΑΣ", "don't stop-me now…", "[CLS] a [SEP] b[MASK]c [PAD]x[UNK]",
            "日本語とEnglish混在 한국어 ไทย עברית العربية हिन्दी", "a\\u00adb\\u200bc\\u200d\\ufeff\\u0000d\\ufffde", "x" * 100, "x" * 101, "é" * 100 + " y",
            "\\t\\n\\r\\u000b\\u000c\\u0085\\u2028\\u3000z", "1234567890 3.14 $5 €6 50% a_b c^d e|f ~g`", "👩‍👩‍👧🥲😀🇩🇪", "ﬁ ² ½ Ⅷ ㎏", "\\U0002b820 \\U0002b81f \\U00020000x",
            "e\\u0301 é Ω Å", "don’t “quote” «x» ¿qué?", "\\u0600\\u06dd\\u08e2x \\u2e43\\u2e44y"]
        pools = [list(range(32, 127)), list(range(0, 0x250)), list(range(0x300, 0x600)), list(range(0x900, 0xE80)), list(range(0x2000, 0x2C00)),
            list(range(0x3000, 0x3200)) + list(range(0x4e00, 0x4f00)) + list(range(0xac00, 0xad00)), list(range(0x1f300, 0x1f700)),
            [c for c in range(0x10000) if not 0xd800 <= c < 0xe000]]
        for _ in range(400):
            pool = random.choice(pools)
            texts.append("".join(chr(random.choice(pool)) if random.random() < 0.8 else random.choice(" aeiou.") for _ in range(random.randint(1, 30))))
        words = [w for w in t.get_vocab() if w.isalpha()]; words.sort()
        for _ in range(100): texts.append(" ".join(random.choice(words) + random.choice(["", "ing", "s", "ß", "'s", "-x"]) for _ in range(8)))
        print(json.dumps([{"text": x, "ids": t.encode(x).ids} for x in texts]))
        """

    @Test func itAgreesWithTheOfficialOne() throws {
        let samples = try JSONDecoder().decode(
            [Sample].self, from: TestModels.reference(Self.program, [TestModels.path("minilm/tokenizer.json")]))
        let tokenizer = try Self.tokenizer.get()
        var others: [String] = []
        for sample in samples where tokenizer.encode(sample.text) != sample.ids {
            others.append("\(sample.text.debugDescription): \(tokenizer.encode(sample.text)) instead of \(sample.ids)")
        }
        #expect(samples.count > 500 && others.isEmpty, "\(others.count) differ, the first:\n\(others.prefix(8).joined(separator: "\n"))")
    }

    private func read(_ text: String) throws -> WordPieceTokenizer { try WordPieceTokenizer(json(text)) }

    private static func file(_ changes: [String: String] = [:]) -> String {
        var parts = [
            "model":
                ###"{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"##b":4,"é":5,"e\u0301":6}}"###,
            "normalizer": #"{"type":"BertNormalizer","lowercase":false}"#, "pre_tokenizer": #"{"type":"BertPreTokenizer"}"#,
            "post_processor": #"{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}"#,
        ]
        parts.merge(changes) { $1 }
        return "{" + parts.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
    }

    @Test func piecesAreBytes() throws {
        let tokenizer = try read(Self.file())
        #expect(tokenizer.encode("ab é e\u{301} ac") == [1, 3, 4, 5, 6, 0, 2])
    }

    @Test(arguments: [
        ("model", #"{"type":"BPE","vocab":{}}"#), ("model", #"{"type":"Unigram","vocab":[]}"#), ("normalizer", #"{"type":"NFC"}"#),
        ("normalizer", "null"), ("pre_tokenizer", #"{"type":"Whitespace"}"#), ("post_processor", #"{"type":"ByteLevel"}"#),
        ("added_tokens", #"[{"id":9,"content":"x","single_word":true}]"#),
    ]) func otherKindsAreRefused(_ part: String, _ value: String) {
        let failure = #expect(throws: Failure.self) { try read(Self.file([part: value])) }
        #expect(failure?.code == .notSupported)
    }

    @Test(arguments: [
        ("model", #"{"type":"WordPiece"}"#), ("model", #"{"type":"WordPiece","vocab":{"a":1}}"#),
        ("model", #"{"type":"WordPiece","vocab":{"[UNK]":99999999999}}"#), ("model", #"{"type":"WordPiece","vocab":{"[UNK]":-1}}"#),
        ("model", "7"), ("added_tokens", #"[{"id":9}]"#), ("post_processor", #"{"type":"BertProcessing"}"#),
        ("post_processor", #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]"}}]}"#),
        ("post_processor", #"{"type":"TemplateProcessing","single":[]}"#),
    ]) func damagedFilesAreRefused(_ part: String, _ value: String) {
        let failure = #expect(throws: Failure.self) { try read(Self.file([part: value])) }
        #expect(failure?.code == .malformedModel)
    }
}

struct PoolingTests {
    private func pool(_ pooling: Pooling, _ tokens: Int) -> [Float] {
        [Float(1), 4, 3, 2, 100, 100].withUnsafeBufferPointer { pooling.pool($0, tokens: tokens, width: 2) }
    }

    @Test func paddingDoesNotCount() {
        #expect(pool(.mean, 2) == [2, 3] && pool(.rootMean, 2) == [2, 3] && pool(.max, 2) == [3, 4] && pool(.cls, 2) == [1, 4])
        #expect(pool(.mean, 1) == [1, 4])
    }

    @Test func aVectorWithoutDirectionIsNone() {
        #expect(Pooling.normalized([0, 0]) == nil && Pooling.normalized([.nan, 1]) == nil && Pooling.normalized([.infinity]) == nil)
        #expect(Pooling.normalized([3, 4]) == [0.6, 0.8] && Pooling.normalized([3e38, 0]) == [1, 0])
    }

    @Test func severalWaysAtOnceAreRefused() throws {
        #expect(try Pooling(json(#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#)) == .cls)
        #expect(try Pooling(nil) == .mean)
        for text in [#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true}"#, #"{"pooling_mode_lasttoken":true}"#, "{}"] {
            #expect(throws: Failure.self) { try Pooling(json(text)) }
        }
    }
}

struct BatchPlanTests {
    @Test func likeLengthsAreTogetherAndNothingIsLost() {
        let lengths = [5, 500, 7, 6, 490, 5000]
        let batches = BatchPlan.batches(lengths, texts: 3, tokens: 1000)
        #expect(batches == [[0, 3, 2], [4, 1], [5]])
        #expect(BatchPlan.batches([]) == [])
        let many = BatchPlan.batches((0..<1000).map { $0 % 97 + 1 })
        #expect(many.flatMap { $0 }.sorted() == Array(0..<1000) && many.allSatisfy { $0.count <= 16 })
    }
}

struct OutputTests {
    @Test func tokensAreTakenBeforeSentences() {
        #expect(RuntimeSession.Output.choose(from: [("sentence_embedding", 2), ("token_embeddings", 3)]) == .tokens("token_embeddings"))
        #expect(RuntimeSession.Output.choose(from: [("sentence_embedding", 2)]) == .sentence("sentence_embedding"))
        #expect(RuntimeSession.Output.choose(from: [("logits", 3), ("last_hidden_state", 2)]) == nil)
    }
}
