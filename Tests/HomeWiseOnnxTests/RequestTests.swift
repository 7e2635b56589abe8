// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@testable import HomeWiseOnnxWorker

struct RequestTests {
    private func fields(_ text: String) throws -> RequestFields { try RequestFields(Array(text.utf8)) }

    private func refusal(_ text: String, _ read: (RequestFields) throws -> Void) -> Failure? {
        do { try read(fields(text)) } catch { return error as? Failure }
        return nil
    }

    @Test(arguments: ["", "{", "[]", "\"x\"", "{\"a\":1,\"a\":2}", "{\"a\":\u{1}}", "nul"]) func notAnObject(_ text: String) {
        #expect(refusal(text) { _ in }?.code == .badInput)
    }

    @Test func samplingIsReadWhole() throws {
        let options = try fields(
            #"{"temperature":0.5,"top_p":0.9,"top_k":7,"seed":42,"max_tokens":12,"stop":"x","repeat_penalty":1.1,"n":1,"logprobs":false}"#
        ).sampling()
        #expect(
            options
                == SamplingOptions(
                    temperature: 0.5, topP: 0.9, topK: 7, repetitionPenalty: 1.1, seed: 42, limit: 12, stops: ["x"]))
        #expect(try fields("{}").sampling() == SamplingOptions())
        #expect(try fields(#"{"max_completion_tokens":3,"max_tokens":9,"stop":["a","b"],"seed":-1}"#).sampling().limit == 3)
        #expect(try fields(#"{"max_tokens":-1,"temperature":null}"#).sampling().limit == nil)
        #expect(try fields(#"{"seed":4294967299}"#).sampling().seed == 3)
    }

    @Test(arguments: [
        #"{"temperature":-1}"#, #"{"temperature":"hot"}"#, #"{"top_p":1.5}"#, #"{"top_k":1.5}"#, #"{"top_k":-2}"#, #"{"max_tokens":0}"#,
        #"{"max_tokens":99999999999}"#, #"{"stop":[1]}"#, #"{"stop":""}"#, #"{"seed":1e99}"#, #"{"temperature":1e999}"#,
        #"{"max_tokens":true}"#, #"{"repeat_penalty":0}"#,
    ]) func valuesOutOfRangeAreRefused(_ text: String) {
        #expect(refusal(text) { _ = try $0.sampling() }?.code == .badInput)
    }

    @Test(arguments: [
        #"{"tools":[{"type":"function"}]}"#, #"{"response_format":{"type":"json_object"}}"#, #"{"n":2}"#, #"{"logprobs":true}"#,
        #"{"presence_penalty":0.5}"#, #"{"logit_bias":{"1":2}}"#, #"{"grammar":"root ::= x"}"#, #"{"min_p":0.1}"#,
    ]) func whatIsNotDoneIsRefused(_ text: String) {
        #expect(refusal(text) { _ = try $0.sampling() }?.code == .notSupported)
    }

    @Test func messagesAreTextsOrParts() throws {
        let turns = try fields(
            #"{"messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":null}]}"#
        ).messages()
        #expect(
            turns == [
                ChatTurn(role: "system", content: "s"), ChatTurn(role: "user", content: "a\nb"), ChatTurn(role: "assistant", content: ""),
            ])
    }

    @Test(arguments: [
        "{}", #"{"messages":[]}"#, #"{"messages":"x"}"#, #"{"messages":[{"content":"x"}]}"#,
        #"{"messages":[{"role":"boss","content":"x"}]}"#,
        #"{"messages":[{"role":"user","content":5}]}"#, #"{"messages":[{"role":"user","content":"a\u0000b"}]}"#,
    ]) func malformedMessagesAreRefused(_ text: String) {
        #expect(refusal(text) { _ = try $0.messages() }?.code == .badInput)
    }

    @Test func anImageIsRefused() {
        let text = #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#
        #expect(refusal(text) { _ = try $0.messages() }?.code == .notSupported)
    }
}

struct ReplyTests {
    @Test func whatIsWrittenIsJSON() throws {
        let text = JSONText.object([
            ("a", .string("q\"b\\n\n\t\u{1}é😀")), ("b", [1, true, .null, .number(1.5), .number(.nan)]), ("c", .floats([0.1, -1e-9])),
        ]).text
        let root = try BoundedJSON(Array(text.utf8)).root
        #expect(root["a"]?.string == "q\"b\\n\n\t\u{1}é😀" && root["b"]?.elements.count == 5)
        #expect(root["c"]?.elements.compactMap(\.double).map { Float($0) } == [0.1, -1e-9])
    }

    @Test func aLongPromptIsAnErrorWithBothNumbers() throws {
        let reply = ErrorReply(.promptTooLong(700, most: 512))
        #expect(
            reply.status == 400
                && reply.body.text
                    == #"{"error":{"code":400,"message":"the request has 700 tokens, and the context of this model has room for 512","type":"exceed_context_size_error","n_prompt_tokens":700,"n_ctx":512}}"#
        )
    }

    @Test func vectorsArePackedAsLittleEndianFloats() {
        #expect(WorkerResponder.packed([1, -2]) == Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]).base64EncodedString())
    }
}

/// What the manager makes of our last words.
struct LastWordsTests {
    private func kind(_ failure: Failure) -> ExitCause.Kind { ExitCause(code: 1, signal: nil, tail: ["error: \(failure.message)"]).kind }

    @Test func theManagerTellsThemApart() {
        #expect(kind(.libraryMissing("libonnxruntime.so.1", "not there")) == .missingLibrary)
        #expect(kind(.libraryUnfit("libonnxruntime.so.1", "it is old")) == .missingLibrary)
        #expect(kind(.damagedModel("model.onnx is missing")) == .badModel)
        #expect(kind(.unknownArchitecture("mystery")) == .unsupportedModel)
        #expect(kind(.modelNotSupported("the tokenizer is Unigram")) == .unsupportedModel)
        #expect(kind(.workerOutOfMemory("loading the model")) == .outOfMemory)
    }

    @Test func theLibrariesWordsAreUnderstood() {
        #expect(LoadError.failure("std::bad_alloc").code == .init(rawValue: "out_of_memory"))
        #expect(LoadError.failure("Unsupported model_type in config.json: mystery").message == "unknown model architecture: mystery")
        #expect(LoadError.failure("Load model failed: Protobuf parsing failed.\nmore").message.hasPrefix("damaged model: "))
    }

    @Test func versionsOfTheLibraryAreChecked() {
        #expect(Runtime.isKnown("1.32.0") && Runtime.isKnown("1.17.0"))
        #expect(!Runtime.isKnown("1.16.3") && !Runtime.isKnown("2.0.0") && !Runtime.isKnown("unknown") && !Runtime.isKnown("1"))
    }
}
