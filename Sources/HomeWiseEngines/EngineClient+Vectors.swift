// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore

/// What models answer that do not write.
extension EngineClient {
    /// Four thousand vectors of four thousand numbers, written as text.
    private static let longestReply = 512 << 20

    /// A vector for each text, in their order.
    ///
    /// - Throws: `Failure.engineRefused` for a text that the model cannot take whole, `Failure.badReply`.
    package func embed(_ texts: [String]) async throws -> [[Float]] {
        struct Question: Encodable { let input: [String] }
        struct Answer: Decodable {
            struct Row: Decodable {
                let index: Int
                let embedding: [Float]
            }
            let data: [Row]
        }
        let answer = try await value(of: "/v1/embeddings", Question(input: texts), as: Answer.self)
        return try Self.ordered(answer.data.map { ($0.index, $0.embedding) }, count: texts.count)
    }

    /// How well each document answers the question, in their order; more is better, and only the order means something.
    ///
    /// - Throws: `Failure.engineRefused`, `Failure.badReply`.
    package func rerank(_ documents: [String], by query: String) async throws -> [Double] {
        struct Question: Encodable {
            let query: String
            let documents: [String]
        }
        struct Answer: Decodable {
            struct Row: Decodable {
                let index: Int
                let relevance_score: Double
            }
            let results: [Row]
        }
        let answer = try await value(of: "/v1/rerank", Question(query: query, documents: documents), as: Answer.self)
        return try Self.ordered(answer.results.map { ($0.index, $0.relevance_score) }, count: documents.count)
    }

    private func value<Value: Decodable>(of path: String, _ question: some Encodable, as type: Value.Type) async throws -> Value {
        let (response, vigil) = try await reply(to: path, question)
        let body = try await vigil.during { try await response.body.collect(upTo: Self.longestReply) }
        do { return try JSONDecoder().decode(type, from: Data(body.readableBytesView)) } catch {
            throw Failure.badReply(host: "the engine", "an answer of another shape")
        }
    }

    /// One for each place, or nothing: a vector that is taken for another text's does harm without a sign.
    static func ordered<Value>(_ rows: [(index: Int, value: Value)], count: Int) throws -> [Value] {
        let byIndex = Dictionary(rows.map { ($0.index, $0.value) }) { first, _ in first }
        let ordered = (0..<count).compactMap { byIndex[$0] }
        guard rows.count == count, ordered.count == count else {
            throw Failure.badReply(host: "the engine", "\(rows.count) results for \(count) texts")
        }
        return ordered
    }
}
