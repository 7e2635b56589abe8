// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore
import NIOHTTP1

/// Speaks to one running engine over its private socket.
package struct EngineClient: Sendable {
    let client: HTTPClient
    let base: String
    let key: String
    /// When an answer is given up, by the bytes of its request.
    var limits: @Sendable (Int) -> AnswerWatch.Limits = { AnswerWatch.Limits(promptBytes: $0, isOnProcessorAlone: true) }
    /// Seconds of processor time that the engine has taken; `nil` where nobody knows.
    var work: @Sendable () -> Double? = { nil }

    /// The client is the caller's, who shuts it down.
    init(client: HTTPClient, socket: String, key: String) {
        self.client = client
        base = "http+unix://" + (socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket)
        self.key = key
    }

    /// How far a start has come.
    enum Health: Equatable {
        /// It does not listen yet, or loads; from 0 to 1, where it tells.
        case loading(share: Double?)
        case ready
    }

    func health() async -> Health {
        struct Reply: Decodable { let progress: Double? }
        // Whatever goes wrong here means “not yet”: the caller watches the process and its patience.
        var request = HTTPClientRequest(url: base + "/health")
        request.headers = ["Connection": "close"]
        guard let response = try? await client.execute(request, timeout: .seconds(2)) else { return .loading(share: nil) }
        if response.status == .ok { return .ready }
        guard let body = try? await response.body.collect(upTo: 1 << 16) else { return .loading(share: nil) }
        return .loading(share: (try? JSONDecoder().decode(Reply.self, from: Data(body.readableBytesView)))?.progress)
    }

    /// One real answer: only then are pages, caches and kernels warm, and ready means ready.
    func warmUp(_ task: ModelTask) async throws {
        switch task {
        case .chat, .completion: for try await _ in try await complete("Hi", limit: 1) {}
        case .embedding: _ = try await embed(["Hi"])
        case .rerank: _ = try await rerank(["Hi"], by: "Hi")
        }
    }

    /// The answer to a conversation, as it is written. Ending the iteration early cancels the work.
    ///
    /// - Parameters:
    ///   - limit: tokens to write at most; `nil` for as many as the context holds.
    ///   - sampling: `nil` leaves it to the engine.
    package func chat(
        _ messages: [ChatMessage], limit: Int? = nil, sampling: ModelInfo.Sampling? = nil
    ) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        try await answer(path: "/v1/chat/completions", body: Chat(messages: messages, max_tokens: limit, sampling: sampling))
    }

    /// The continuation of a text, for models that do not answer in turns.
    ///
    /// - Parameters:
    ///   - limit: tokens to write at most; such models seldom stop by themselves.
    ///   - sampling: as for `chat`.
    package func complete(
        _ prompt: String, limit: Int, sampling: ModelInfo.Sampling? = nil
    ) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        try await answer(path: "/v1/completions", body: Completion(prompt: prompt, max_tokens: limit, sampling: sampling))
    }

    private struct Chat: Encodable {
        let messages: [ChatMessage]
        let max_tokens: Int?
        let stream = true
        let temperature: Double?
        let top_p: Double?
        let top_k: Int?

        init(messages: [ChatMessage], max_tokens: Int?, sampling: ModelInfo.Sampling?) {
            self.messages = messages
            self.max_tokens = max_tokens
            (temperature, top_p, top_k) = (sampling?.temperature, sampling?.topP, sampling?.topK)
        }
    }

    private struct Completion: Encodable {
        let prompt: String
        let max_tokens: Int
        let stream = true
        let temperature: Double?
        let top_p: Double?
        let top_k: Int?

        init(prompt: String, max_tokens: Int, sampling: ModelInfo.Sampling?) {
            self.prompt = prompt
            self.max_tokens = max_tokens
            (temperature, top_p, top_k) = (sampling?.temperature, sampling?.topP, sampling?.topK)
        }
    }

    private func answer(path: String, body: some Encodable) async throws -> AsyncThrowingStream<AnswerPart, any Error> {
        let (response, vigil) = try await reply(to: path, body)
        return Self.parts(of: response.body, vigil)
    }

    /// - Returns: what has come so far, and who watches that the rest comes.
    /// - Throws: `Failure.engineRefused` with the engine's reason.
    func reply(to path: String, _ body: some Encodable) async throws -> (HTTPClientResponse, AnswerVigil) {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        // A connection of its own for each answer: the server may close a kept one at the moment we use it again.
        request.headers = ["Content-Type": "application/json", "Authorization": "Bearer \(key)", "Connection": "close"]
        let content = try JSONEncoder().encode(body)
        request.body = .bytes(ByteBuffer(bytes: content))
        let vigil = AnswerVigil(limits(content.count), work: work)
        let response = try await vigil.during { [client, request] in
            let response = try await client.execute(request, timeout: .hours(24))
            guard response.status == .ok else { throw try await Self.refusal(response) }
            return response
        }
        return (response, vigil)
    }

    private static func refusal(_ response: HTTPClientResponse) async throws -> Failure {
        do {
            let text = try await response.body.collect(upTo: 1 << 20)
            return Failure.engineRefused(status: Int(response.status.code), EngineReply.complaint(in: Data(text.readableBytesView)))
        } catch is NIOTooManyBytesError {
            return Failure.badReply(host: "the engine", "status \(response.status.code) with a reason of more than 1 MiB")
        }
    }

    /// Pieces that may wait for whoever asked; one who lets more of them lie does not read.
    static let mostUnread = 8_192

    private static func parts(of body: HTTPClientResponse.Body, _ vigil: AnswerVigil) -> AsyncThrowingStream<AnswerPart, any Error> {
        AsyncThrowingStream(AnswerPart.self, bufferingPolicy: .bufferingOldest(mostUnread)) { continuation in
            let task = Task {
                do {
                    let isFinished = try await vigil.during {
                        var events = ServerSentEvents()
                        var isFinished = false
                        for try await buffer in body {
                            try vigil.heard(buffer.readableBytes)
                            for payload in try events.consume(buffer.readableBytesView) {
                                vigil.told()
                                for part in try EngineReply.parts(of: Data(payload)) {
                                    vigil.wrote()
                                    if case .finished = part { isFinished = true }
                                    if case .dropped = continuation.yield(part) { throw Failure.answerNotRead(parts: mostUnread) }
                                }
                            }
                        }
                        return isFinished
                    }
                    // An answer that just stops is not a whole one.
                    continuation.finish(throwing: isFinished ? nil : EngineHungUp())
                } catch { continuation.finish(throwing: error) }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

/// The engine's answer ended without saying so.
struct EngineHungUp: Error {}

/// What llama-server writes into its streams.
enum EngineReply {
    private struct Chunk: Decodable {
        struct Choice: Decodable {
            struct Delta: Decodable {
                let content: String?
                let reasoning_content: String?
            }
            let delta: Delta?
            let text: String?
            let finish_reason: String?
        }
        struct Complaint: Decodable { let message: String? }
        let choices: [Choice]?
        let timings: AnswerTimings?
        let error: Complaint?
    }

    /// - Throws: `Failure.engineRefused` when the engine reports an error in mid-stream, `Failure.badReply` for garbage.
    static func parts(of payload: Data) throws -> [AnswerPart] {
        if payload == Data("[DONE]".utf8) { return [] }
        let chunk: Chunk
        do { chunk = try JSONDecoder().decode(Chunk.self, from: payload) } catch {
            throw Failure.badReply(host: "the engine", "a chunk that is not JSON")
        }
        if let error = chunk.error { throw Failure.engineRefused(status: 500, error.message ?? "it gave no reason") }
        var parts: [AnswerPart] = []
        for choice in chunk.choices ?? [] {
            if let text = choice.delta?.reasoning_content, !text.isEmpty { parts.append(.reasoning(text)) }
            if let text = choice.delta?.content ?? choice.text, !text.isEmpty { parts.append(.text(text)) }
            if let reason = choice.finish_reason { parts.append(.finished(reason: reason)) }
        }
        if let timings = chunk.timings { parts.append(.timings(timings)) }
        return parts
    }

    static func complaint(in body: Data) -> String {
        struct Reply: Decodable {
            struct Complaint: Decodable { let message: String }
            let error: Complaint
        }
        // Not JSON: then the text itself is all there is to tell.
        return (try? JSONDecoder().decode(Reply.self, from: body))?.error.message ?? String(decoding: body.prefix(300), as: UTF8.self)
    }
}
