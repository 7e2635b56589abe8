// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import NIOCore
import NIOPosix

/// A model that writes text, on a thread of its own: its steps take as long as they take, and nothing else waits for them.
///
/// It makes one answer at a time; who asks holds the turn (`Turnstile`).
actor TextModel {
    private let genai: Genai
    private let loop: any EventLoop
    private var model: GenaiObject?
    private var generator: GenaiObject?
    /// Tokens of prompt and answer together.
    let context: Int
    private let vocabulary: Int?

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    init(genai: Genai, context: Int, vocabulary: Int?) {
        self.genai = genai
        self.context = context
        self.vocabulary = vocabulary
        loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    }

    /// Loads it, in half a second or in minutes.
    ///
    /// - Returns: what reads and writes its tokens.
    /// - Throws: the failure that the library's words stand for.
    func load(folder: String, threads: Int) throws -> GenaiObject {
        do throws(GenaiError) {
            let config = try genai.make(genai.destroyConfig) { genai.createConfig(folder, $0) }
            // Whatever its makers meant it for: this worker computes on the processor.
            try genai.check(genai.clearProviders(config.pointer))
            try genai.check(genai.overlay(config.pointer, Self.settings(threads: threads)))
            let model = try genai.make(genai.destroyModel) { genai.createModel(config.pointer, $0) }
            self.model = model
            try takeContext(model)
            return try genai.make(genai.destroyTokenizer) { genai.createTokenizer(model.pointer, $0) }
        } catch { throw LoadError.failure(error.text) }
    }

    /// Takes the memory that the longest answer needs, computes one token, and gives it back: ready means ready, and a context
    /// that does not fit is known before anybody waits for an answer.
    private func takeContext(_ model: GenaiObject) throws(GenaiError) {
        let params = try parameters(model, length: context, SamplingOptions())
        let generator = try genai.make(genai.destroyGenerator) { genai.createGenerator(model.pointer, params.pointer, $0) }
        try genai.check(genai.appendTokens(generator.pointer, [0], 1))
    }

    /// A thread that waits by spinning takes a core from the rest of the house.
    static func settings(threads: Int) -> String {
        """
        {"model":{"decoder":{"session_options":{"intra_op_num_threads":\(threads),"inter_op_num_threads":1,\
        "session.intra_op.allow_spinning":"0","session.inter_op.allow_spinning":"0"}}}}
        """
    }

    /// Tokens of a prompt that are read at once. The answer is the same for any number, and the speed nearly so; but a whole prompt
    /// of 2,000 tokens took 400 MB more, and a step of it cannot be ended before it is over.
    private static let reading = 128

    /// Reads the prompt, or less when the brake is pulled. Memory for its keys and values is taken here, for as many tokens as the answer may have.
    ///
    /// - Parameter length: tokens of prompt and answer together, at most.
    func begin(_ prompt: [Int32], length: Int, _ options: SamplingOptions, _ brake: Brake) throws {
        guard let model else { throw Failure.stillLoading() }
        do throws(GenaiError) {
            let params = try parameters(model, length: length, options)
            let generator = try genai.make(genai.destroyGenerator) { genai.createGenerator(model.pointer, params.pointer, $0) }
            self.generator = generator
            brake.attach { [genai] in
                // A refusal would be told by the next step: the generator is then no longer able to go on.
                _ = try? genai.check(genai.setRuntimeOption(generator.pointer, "terminate_session", "1"))
            }
            for start in stride(from: 0, to: prompt.count, by: Self.reading) where brake.reason == nil {
                let part = Array(prompt[start..<min(start + Self.reading, prompt.count)])
                try genai.check(genai.appendTokens(generator.pointer, part, part.count))
            }
        } catch { throw Self.failure(error) }
    }

    /// - Returns: the next token.
    func next() throws -> Int32 {
        guard let generator else { throw Failure.generationFailed("there is no answer to go on with") }
        do throws(GenaiError) {
            try genai.check(genai.generateNext(generator.pointer))
            var tokens: UnsafePointer<Int32>?
            var count = 0
            try genai.check(genai.nextTokens(generator.pointer, &tokens, &count))
            guard let tokens, count == 1 else { throw GenaiError(text: "\(count) tokens in one step") }
            return tokens[0]
        } catch { throw Self.failure(error) }
    }

    /// Gives the memory of the answer back.
    func end(_ brake: Brake) {
        brake.detach()
        generator = nil
    }

    private func parameters(_ model: GenaiObject, length: Int, _ options: SamplingOptions) throws(GenaiError) -> GenaiObject {
        let params = try genai.make(genai.destroyParams) { genai.createParams(model.pointer, $0) }
        func set(_ name: String, _ number: Double) throws(GenaiError) { try genai.check(genai.setNumber(params.pointer, name, number)) }
        try set("max_length", Double(length))
        // What the model's file says of these is for other uses.
        try set("min_length", 0)
        try set("num_beams", 1)
        try set("num_return_sequences", 1)
        try set("repetition_penalty", options.repetitionPenalty)
        try genai.check(genai.setBool(params.pointer, "do_sample", options.temperature > 0))
        if options.temperature > 0 {
            try set("temperature", options.temperature)
            try set("top_p", options.topP)
            // The library refuses more than there are tokens.
            try set("top_k", Double(min(options.topK, vocabulary ?? options.topK)))
            if let seed = options.seed { try set("random_seed", Double(seed)) }
        }
        return params
    }

    private static func failure(_ error: GenaiError) -> Failure {
        LoadError.isMemory(error.text) ? .workerOutOfMemory("answering") : .generationFailed(String(error.text.prefix(300)))
    }
}
