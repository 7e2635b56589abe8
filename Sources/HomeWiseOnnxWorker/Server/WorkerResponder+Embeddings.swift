// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Hummingbird

extension WorkerResponder {
    /// Texts that one request may hold, as in OpenAI's interface.
    private static let mostInputs = 2048

    /// The vectors of texts, in their order.
    func embeddings(_ request: Request) async throws -> Response {
        let engine = try worker.engine()
        let (request, fields) = try await read(request)
        guard case .embedding(let model, let settings) = engine else {
            throw Failure.requestNotSupported("this model writes text and makes no vectors")
        }
        guard let input = try fields.texts("input") else { throw Failure.badRequest("“input” is missing") }
        guard 1...Self.mostInputs ~= input.count else {
            throw Failure.badRequest("“input” has \(input.count) texts, and must have from 1 to \(Self.mostInputs)")
        }
        let isPacked = try isPacked(fields)
        if let wanted = try fields.integer("dimensions", in: 1...Int64(Int32.max)), Int(wanted) != settings.embedding {
            throw Failure.requestNotSupported("the vectors of this model are not cut to \(wanted) dimensions")
        }
        return try await Self.untilHungUp(request) {
            let tokens = try await model.tokens(of: input)
            let vectors = try await worker.withTurn { try await Self.vectors(of: tokens, model, $0) }
            return Self.response(listing(vectors, tokens: tokens.reduce(0) { $0 + $1.count }, isPacked: isPacked), closes: true)
        }
    }

    private func isPacked(_ fields: RequestFields) throws -> Bool {
        switch try fields.text("encoding_format") ?? "float" {
        case "float": false
        case "base64": true
        default: throw Failure.badRequest("“encoding_format” must be “float” or “base64”")
        }
    }

    private static func vectors(of tokens: [[Int32]], _ model: EmbeddingModel, _ brake: Brake) async throws -> [[Float]] {
        var vectors = [[Float]](repeating: [], count: tokens.count)
        do {
            try await withTaskCancellationHandler {
                for batch in BatchPlan.batches(tokens.map(\.count)) {
                    if brake.reason != nil { throw CancellationError() }
                    let made = try await model.vectors(batch.map { tokens[$0] }, brake)
                    for (place, vector) in zip(batch, made) { vectors[place] = vector }
                }
            } onCancel: {
                brake.pull(.hungUp)
            }
        } catch {
            switch brake.reason {
            case .hungUp: throw CancellationError()
            case .shuttingDown: throw Failure.shuttingDown()
            case nil: throw error
            }
        }
        return vectors
    }

    private func listing(_ vectors: [[Float]], tokens: Int, isPacked: Bool) -> JSONText {
        let data = vectors.enumerated().map { place, vector -> JSONText in
            let values = isPacked ? JSONText.string(Self.packed(vector)) : .floats(vector)
            return ["object": "embedding", "index": .integer(place), "embedding": values]
        }
        return [
            "object": "list", "model": .string(worker.alias), "data": .array(data),
            "usage": ["prompt_tokens": .integer(tokens), "total_tokens": .integer(tokens)],
        ]
    }

    /// 32-bit floats, the lowest byte first, in base64.
    static func packed(_ vector: [Float]) -> String {
        Data(vector.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }).base64EncodedString()
    }
}
