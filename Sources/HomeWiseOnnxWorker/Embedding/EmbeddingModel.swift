// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import NIOCore
import NIOPosix

/// A model that makes vectors of texts, on a thread of its own.
actor EmbeddingModel {
    private let runtime: Runtime
    private let loop: any EventLoop
    private let settings: EmbedderSettings
    /// Tokens of one text at most.
    let context: Int
    private var session: RuntimeSession?

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    init(runtime: Runtime, settings: EmbedderSettings, context: Int) {
        self.runtime = runtime
        self.settings = settings
        self.context = context
        loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    }

    /// - Throws: the failure that the library's words stand for.
    func load(file: String, threads: Int) throws {
        do { session = try RuntimeSession(runtime, file: file, threads: threads) } catch let error as RuntimeError {
            throw LoadError.failure(error.text)
        }
    }

    /// The tokens of each text.
    ///
    /// - Throws: `Failure.promptTooLong` for the first that is longer than the model's limit; `CancellationError`.
    func tokens(of texts: [String]) throws -> [[Int32]] {
        try texts.map { text in
            // Thousands of long ones take their time, and nobody may be there any more.
            try Task.checkCancellation()
            let tokens = settings.tokenizer.encode(text)
            guard tokens.count <= context else { throw Failure.promptTooLong(tokens.count, most: context) }
            guard !tokens.isEmpty else { throw Failure.badRequest("an input is empty") }
            return tokens
        }
    }

    /// - Parameter isFramed: with the tokens that stand before and after every text.
    func tokens(of text: String, isFramed: Bool) -> [Int32] {
        isFramed ? settings.tokenizer.encode(text) : settings.tokenizer.tokens(of: text)
    }

    /// The vectors of texts, each of length 1, in the order of the texts.
    ///
    /// - Parameter texts: their tokens. They are computed as one batch.
    func vectors(_ texts: [[Int32]], _ brake: Brake) throws -> [[Float]] {
        guard let session else { throw Failure.stillLoading() }
        do {
            let output = try session.run(texts, padding: settings.tokenizer.padding, brake)
            return try texts.enumerated().map { place, tokens in
                let vector = output.vector(of: place, tokens: tokens.count, settings.pooling)
                guard let normalized = Pooling.normalized(vector) else {
                    throw Failure.generationFailed("the vector of an input has no direction")
                }
                return normalized
            }
        } catch let error as RuntimeError {
            if LoadError.isMemory(error.text) { throw Failure.workerOutOfMemory("answering") }
            throw Failure.generationFailed(String(error.text.prefix(300)))
        }
    }
}
