// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import NIOHTTP1
import Testing

/// A real model that writes text, through the worker as it is launched.
@Suite(.temporaryFolder, .serialized) struct TextWorkerTests {
    private static let question = #"{"messages":[{"role":"user","content":"What is the capital of France?"}]"#

    @Test func anAnswerIsWholeAndTimed() async throws {
        try await withWorker(.chat()) { worker in
            let answer = try await worker.post("/v1/chat/completions", Self.question + #","max_tokens":40,"temperature":0}"#)
            #expect(answer.status == 200)
            let choice = try #require(answer.root["choices"]?.elements.first)
            let text = try #require(choice["message"]?["content"]?.string)
            #expect(text.contains("Paris"), "it wrote: \(text)")
            #expect(["stop", "length"].contains(choice["finish_reason"]?.string))
            let timings = try #require(answer.root["timings"])
            let (written, took) = (timings["predicted_n"]?.double ?? 0, timings["predicted_ms"]?.double ?? 0)
            #expect(1...40 ~= written && took > 0 && timings["prompt_ms"]?.double ?? 0 > 0)
            #expect(abs((timings["predicted_per_second"]?.double ?? 0) - written / took * 1000) < 0.1)
            // The template adds a system turn of its own: the bare question has seven tokens.
            #expect(timings["prompt_n"]?.integer == 37 && answer.root["usage"]?["prompt_tokens"]?.integer == 37)
            #expect(answer.root["usage"]?["total_tokens"]?.double == 37 + written)
        }
    }

    @Test func aStreamEndsWithReasonTimingsUsageAndDone() async throws {
        try await withWorker(.chat()) { worker in
            let body = Self.question + #","max_tokens":8,"temperature":0,"stream":true,"stream_options":{"include_usage":true}}"#
            let events = try await worker.events("/v1/chat/completions", body)
            #expect(events.last == "[DONE]")
            let chunks = try events.dropLast().map { try json($0) }
            #expect(chunks.first?["choices"]?.elements.first?["delta"]?["role"]?.string == "assistant")
            #expect(Set(chunks.map { $0["id"]?.string }).count == 1 && chunks.allSatisfy { $0["model"]?.string == "model" })
            let last = chunks[chunks.count - 2]
            #expect(last["choices"]?.elements.first?["finish_reason"]?.string == "length")
            #expect(last["timings"]?["predicted_n"]?.integer == 8)
            #expect(chunks.last?["usage"]?["completion_tokens"]?.integer == 8 && chunks.last?["choices"]?.elements.isEmpty == true)
            let text = chunks.compactMap { $0["choices"]?.elements.first?["delta"]?["content"]?.string }.joined()
            let whole = try await worker.post("/v1/chat/completions", Self.question + #","max_tokens":8,"temperature":0}"#)
            #expect(whole.root["choices"]?.elements.first?["message"]?["content"]?.string == text && !text.isEmpty)
        }
    }

    @Test func theHousesOwnFormIsSpoken() async throws {
        try await withWorker(.chat()) { worker in
            let plain = try await worker.post("/v1/completions", #"{"prompt":"One, two, three, four,","max_tokens":4,"temperature":0}"#)
            #expect(plain.root["object"]?.string == "text_completion")
            #expect(plain.root["choices"]?.elements.first?["text"]?.string?.isEmpty == false, "\(plain.text)")
            let native = try await worker.post("/completion", #"{"prompt":"One, two, three, four,","n_predict":4,"temperature":0}"#)
            #expect(native.root["stop"]?.bool == true && native.root["stop_type"]?.string == "limit")
            #expect(native.root["content"]?.string == plain.root["choices"]?.elements.first?["text"]?.string)
            let events = try await worker.events("/completion", #"{"prompt":"Hi","n_predict":1,"stream":true}"#)
            #expect(try events.last.map { try json($0)["stop"]?.bool } == true)
        }
    }

    @Test func aStopStringEndsTheAnswerBeforeIt() async throws {
        try await withWorker(.chat()) { worker in
            let start = #"{"prompt":"One, two, three, four, five, six,","max_tokens":30,"temperature":0"#
            let whole = try await worker.post("/v1/completions", start + "}")
            let text = try #require(whole.root["choices"]?.elements.first?["text"]?.string)
            // A text from its middle, across the borders of tokens.
            let stop = String(text.dropFirst(9).prefix(6))
            let quoted = try String(decoding: JSONEncoder().encode(stop), as: UTF8.self)
            let cut = try await worker.post("/v1/completions", start + #","stop":["never comes",\#(quoted)]}"#)
            let choice = try #require(cut.root["choices"]?.elements.first)
            #expect(choice["finish_reason"]?.string == "stop")
            #expect(choice["text"]?.string == text.components(separatedBy: stop)[0])
            let events = try await worker.events("/v1/completions", start + #","stream":true,"stop":\#(quoted)}"#)
            let pieces = try events.dropLast().compactMap { try json($0)["choices"]?.elements.first?["text"]?.string }
            #expect(pieces.joined() == text.components(separatedBy: stop)[0])
        }
    }

    @Test func theSameSeedMakesTheSameAnswer() async throws {
        try await withWorker(.chat()) { worker in
            func answer(_ seed: Int) async throws -> String? {
                let body = #"{"prompt":"Once upon a time","max_tokens":16,"temperature":1.2,"top_k":0,"top_p":1,"seed":\#(seed)}"#
                return try await worker.post("/v1/completions", body).root["choices"]?.elements.first?["text"]?.string
            }
            let (first, again, other) = try await (answer(7), answer(7), answer(8))
            #expect(first != nil && first == again && first != other)
            // More than the vocabulary has: all of it.
            let wide = try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":2,"top_k":2000000000,"seed":4294967295}"#)
            #expect(wide.status == 200)
        }
    }

    @Test func charactersAreNeverCutInTwo() async throws {
        try await withWorker(.chat()) { worker in
            let body =
                #"{"messages":[{"role":"user","content":"Repeat exactly: 😀 日本語 👩‍👩‍👧 é 🥲"}],"max_tokens":60,"temperature":0,"stream":true}"#
            let events = try await worker.events("/v1/chat/completions", body)
            let pieces = try events.dropLast().compactMap { try json($0)["choices"]?.elements.first?["delta"]?["content"]?.string }
            #expect(!pieces.joined().unicodeScalars.contains("\u{FFFD}") && pieces.joined().unicodeScalars.contains { $0.value > 0x2000 })
        }
    }

    @Test func aPromptThatDoesNotFitNamesBothNumbers() async throws {
        try await withWorker(.chat(context: 64)) { worker in
            let words = String(repeating: "hello ", count: 100)
            let refused = try await worker.post("/v1/completions", #"{"prompt":"\#(words)","max_tokens":1,"stream":true}"#)
            #expect(refused.status == 400 && refused.error?["type"]?.string == "exceed_context_size_error")
            let count = try #require(refused.error?["n_prompt_tokens"]?.integer)
            #expect(count > 99 && refused.error?["n_ctx"]?.integer == 64)
            #expect(refused.error?["message"]?.string?.contains("\(count)") == true && refused.text.contains("64"))
            // What fits is gone on with up to the last token, and no further.
            let full = try await worker.post("/v1/completions", #"{"prompt":"One, two, three,","temperature":0}"#)
            let timings = try #require(full.root["timings"])
            #expect((timings["prompt_n"]?.integer ?? 0) + (timings["predicted_n"]?.integer ?? 0) == 64)
            #expect(full.root["choices"]?.elements.first?["finish_reason"]?.string == "length")
        }
    }

    @Test func tokensAreThoseOfTheModel() async throws {
        try await withWorker(.chat()) { worker in
            let tokens = try await worker.post("/tokenize", #"{"content":"a 😀 日本 é"}"#)
            #expect(tokens.root["tokens"]?.elements.compactMap(\.integer) == [81, 40303, 218, 17097, 241, 115, 40993, 26411])
            let models = try await worker.request(.GET, "/v1/models")
            let meta = models.root["data"]?.elements.first?["meta"]
            #expect(meta?["n_ctx_train"]?.integer == 8192 && meta?["n_embd"]?.integer == 576)
            #expect(models.root["data"]?.elements.first?["id"]?.string == "model")
        }
    }
}
