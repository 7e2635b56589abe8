// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import HomeWiseTesting
import NIOHTTP1
import Testing

@testable import HomeWiseOnnxWorker

/// Real vectors, held against those that PyTorch computes from the unreduced weights.
@Suite(.temporaryFolder, .serialized) struct EmbeddingTests {
    private static let sentences = [
        "The cat sits on the mat.", "A dog is running through the park.", "What is the capital of France?",
        "Paris is the capital of France.",
        "How do I reset my password?", "I forgot the key to my account.", "The stock market fell sharply today.",
        "Schrödinger's équation à la carte",
        "日本語の文章です。", "Привет, мир!", "E=mc² — energy & mass…", "", "a", "😀 emojis 👍🏽 are fun 🎉",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.",
        "SELECT * FROM users WHERE name = 'Robert'); DROP TABLE students;--",
        "supercalifragilisticexpialidocious antidisestablishmentarianism",
        "Ünïcödé ÄÖÜ ß ﬁ ligature", "Tabs\tand\nnew lines\r\nand  spaces",
        String(repeating: "A longer text about the weather in spring. ", count: 40),
    ]

    private static let reference = """
        import json, sys, torch
        from transformers import AutoModel, AutoTokenizer
        texts = json.loads(sys.argv[2])
        tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        model = AutoModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
        out = []
        for text in texts:
            batch = tokenizer(text, return_tensors="pt", truncation=False, padding=False)
            with torch.no_grad(): hidden = model(**batch).last_hidden_state[0]
            out.append({"mean": torch.nn.functional.normalize(hidden.mean(0), dim=0).tolist(),
                "cls": torch.nn.functional.normalize(hidden[0], dim=0).tolist(), "count": hidden.shape[0]})
        print(json.dumps(out))
        """

    private struct Expected: Decodable {
        var mean: [Float]
        var cls: [Float]
        var count: Int
    }

    private static let expected: Result<[Expected], any Error> = Result {
        let texts = try String(decoding: JSONEncoder().encode(sentences), as: UTF8.self)
        return try JSONDecoder().decode([Expected].self, from: TestModels.reference(reference, [TestModels.path("minilm"), texts]))
    }

    private func vectors(_ answer: RunningWorker.Answer) throws -> [[Float]] {
        try #require(answer.status == 200, "\(answer.text.prefix(300))")
        let data = try #require(answer.root["data"]?.elements)
        #expect(data.map { $0["index"]?.integer } == data.indices.map { Int64($0) })
        return data.map { ($0["embedding"]?.elements ?? []).compactMap(\.double).map { Float($0) } }
    }

    private func cosine(_ a: [Float], _ b: [Float]) -> Float { a.count == b.count ? zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } : -1 }

    private func body(_ texts: [String], _ extra: String = "") throws -> String {
        try #"{"input":\#(String(decoding: JSONEncoder().encode(texts), as: UTF8.self))\#(extra)}"#
    }

    @Test func theyAgreeWithTheReference() async throws {
        let expected = try Self.expected.get()
        try await withWorker(.embedding()) { worker in
            let answer = try await worker.post("/v1/embeddings", body(Self.sentences))
            let vectors = try vectors(answer)
            let cosines = zip(vectors, expected).map { cosine($0, $1.mean) }
            print("cosines with torch: least \(cosines.min() ?? 0)")
            #expect(vectors.count == 20 && cosines.allSatisfy { $0 >= 0.98 }, "\(cosines)")
            #expect(vectors.allSatisfy { abs(cosine($0, $0) - 1) < 1e-4 && $0.count == 384 })
            #expect(answer.root["usage"]?["prompt_tokens"]?.integer == Int64(expected.reduce(0) { $0 + $1.count }))
            // Alone as in company.
            for place in [0, 8, 11] {
                let alone = try await self.vectors(worker.post("/v1/embeddings", body([Self.sentences[place]])))
                #expect(cosine(alone[0], vectors[place]) > 0.995 && cosine(alone[0], expected[place].mean) >= 0.98)
            }
            // And they mean something.
            #expect(cosine(vectors[2], vectors[3]) > cosine(vectors[2], vectors[0]) + 0.3)
            let packed = try await worker.post("/v1/embeddings", #"{"input":"\#(Self.sentences[0])","encoding_format":"base64"}"#)
            let bytes = try #require(packed.root["data"]?.elements.first?["embedding"]?.string.flatMap { Data(base64Encoded: $0) })
            #expect(bytes.count == 384 * 4)
            let models = try await worker.request(.GET, "/v1/models")
            #expect(models.root["data"]?.elements.first?["meta"]?["n_embd"]?.integer == 384)
        }
    }

    @Test func thePoolingIsTheModelsOwn() async throws {
        let expected = try Self.expected.get()
        let model = try model { path in
            try FileManager.default.createDirectory(atPath: path + "/1_Pooling", withIntermediateDirectories: false)
            let pooling = #"{"word_embedding_dimension":384,"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#
            try Data(pooling.utf8).write(to: URL(filePath: path + "/1_Pooling/config.json"))
        }
        try await withWorker(.embedding(model)) { worker in
            let vectors = try await vectors(worker.post("/v1/embeddings", body(Array(Self.sentences[0..<6]))))
            #expect(zip(vectors, expected).allSatisfy { cosine($0, $1.cls) >= 0.98 && cosine($0, $1.mean) < 0.97 })
        }
    }

    @Test func aTextThatIsTooLongIsAnErrorWithBothNumbers() async throws {
        try await withWorker(.embedding()) { worker in
            let long = String(repeating: "word ", count: 511)
            let refused = try await worker.post("/v1/embeddings", body(["short", long]))
            #expect(refused.status == 400 && refused.error?["type"]?.string == "exceed_context_size_error")
            #expect(refused.error?["n_prompt_tokens"]?.integer == 513 && refused.error?["n_ctx"]?.integer == 512)
            let full = try await worker.post("/v1/embeddings", body([String(repeating: "word ", count: 510)]))
            #expect(full.status == 200 && full.root["usage"]?["prompt_tokens"]?.integer == 512)
            #expect(try await worker.post("/v1/embeddings", #"{"input":[]}"#).status == 400)
            #expect(try await worker.post("/v1/embeddings", #"{"input":[[1,2]]}"#).status == 400)
            #expect(try await worker.post("/v1/embeddings", #"{"input":"x","encoding_format":"hex"}"#).status == 400)
            #expect(try await worker.post("/v1/embeddings", #"{"input":"x","dimensions":128}"#).status == 501)
            #expect(try await worker.post("/v1/chat/completions", #"{"messages":[{"role":"user","content":"x"}]}"#).status == 501)
            let tokens = try await worker.post("/tokenize", #"{"content":"Hello world","add_special":true}"#)
            #expect(tokens.root["tokens"]?.elements.compactMap(\.integer) == [101, 7592, 2088, 102])
        }
    }

    @Test func aHangUpEndsALargeBatch() async throws {
        try await withWorker(.embedding()) { worker in
            let many = [String](repeating: String(repeating: "word ", count: 500), count: 400)
            let asking = Task { try await worker.post("/v1/embeddings", body(many)) }
            try await Task.sleep(for: .milliseconds(1500))
            asking.cancel()
            let start = ContinuousClock.now
            #expect(try await worker.post("/v1/embeddings", #"{"input":"x"}"#).status == 200)
            #expect(start.duration(to: .now) < .milliseconds(1000), "\(start.duration(to: .now))")
            await #expect(throws: (any Error).self) { try await asking.value }
        }
    }

    private func model(_ change: (String) throws -> Void) throws -> String {
        let path = TemporaryFolder.path + "/model-\(UInt16.random(in: 0...9999))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let source = try TestModels.path("minilm-onnx")
        for file in ["model.onnx", "tokenizer.json", "config.json"] {
            try FileManager.default.createSymbolicLink(atPath: "\(path)/\(file)", withDestinationPath: "\(source)/\(file)")
        }
        try change(path)
        return path
    }

    @Test func whatWouldGiveWrongVectorsIsRefused() async throws {
        func lastWords(_ change: (String) throws -> Void) async throws -> String {
            let worker = try RunningWorker.embedding(model(change))
            #expect(await worker.status() == 1, "\(worker.words)")
            try await worker.stop()
            return worker.lastWords
        }
        func replace(_ file: String, _ text: String) -> (String) throws -> Void {
            { path in
                if FileManager.default.fileExists(atPath: "\(path)/\(file)") {
                    try FileManager.default.removeItem(atPath: "\(path)/\(file)")
                }
                try Data(text.utf8).write(to: URL(filePath: "\(path)/\(file)"))
            }
        }
        let unigram = try await lastWords(replace("tokenizer.json", #"{"model":{"type":"Unigram","vocab":[]}}"#))
        #expect(
            unigram
                == "error: unsupported model architecture: the tokenizer is Unigram, and embeddings from ONNX work with WordPiece alone")
        let dense = try await lastWords(replace("modules.json", #"[{"type":"sentence_transformers.models.Dense"}]"#))
        #expect(dense == "error: unsupported model architecture: it ends in a layer of the kind Dense")
        #expect(try await lastWords(replace("config.json", "{}")).hasPrefix("error: damaged model: config.json"))
        #expect(try await lastWords(replace("model.onnx", "not a model")).hasPrefix("error: damaged model: "))
        #expect(
            try await lastWords { try FileManager.default.removeItem(atPath: $0 + "/tokenizer.json") }
                == "error: damaged model: tokenizer.json is missing")
        // A model that writes text has other inputs and outputs.
        let other = try await lastWords { path in
            for file in ["model.onnx", "model.onnx.data"] {
                if file == "model.onnx" { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }
                try FileManager.default.createSymbolicLink(
                    atPath: "\(path)/\(file)", withDestinationPath: TestModels.path("smollm2-onnx/" + file))
            }
        }
        #expect(other.hasPrefix("error: unsupported model architecture: it has an input “past_key_values"), "\(other)")
    }
}
