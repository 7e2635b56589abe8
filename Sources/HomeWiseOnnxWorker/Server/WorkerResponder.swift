// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HTTPTypes
import HomeWiseDomain
import Hummingbird
import NIOCore

/// The routes, as llama-server has them.
struct WorkerResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let worker: Worker
    /// `nil`: nobody is asked for one.
    let key: String?

    static let largestBody = 32 << 20

    private enum Route: String {
        case health = "/health"
        case models = "/v1/models"
        case chat = "/v1/chat/completions"
        case completions = "/v1/completions"
        case completion = "/completion"
        case embeddings = "/v1/embeddings"
        case tokenize = "/tokenize"

        var method: HTTPRequest.Method { self == .health || self == .models ? .get : .post }
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        do { return try await answer(request) } catch let failure as Failure { return Self.response(failure) } catch is CancellationError {
            // Nobody is there to read it.
            return Self.response(.shuttingDown())
        } catch { return Self.response(.generationFailed("\(error)")) }
    }

    private func answer(_ request: Request) async throws -> Response {
        let path = request.uri.path
        let route = Route(rawValue: path)
        if route != .health { try checkKey(request) }
        guard let route else { throw Failure.unknownRoute(String(path.prefix(200))) }
        guard request.method == route.method else { throw Failure.wrongMethod(request.method.rawValue, path) }
        switch route {
        case .health:
            _ = try worker.engine()
            return Self.response(["status": "ok"])
        case .models: return try Self.response(models())
        case .chat: return try await text(request, .chat)
        case .completions: return try await text(request, .completion)
        case .completion: return try await text(request, .native)
        case .embeddings: return try await embeddings(request)
        case .tokenize: return try await tokenize(request)
        }
    }

    private func checkKey(_ request: Request) throws {
        guard let key else { return }
        let given = Array((request.headers[.authorization] ?? "").utf8)
        let wanted = Array("Bearer \(key)".utf8)
        // In the same time wherever they differ.
        guard given.count == wanted.count, zip(given, wanted).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0 else { throw Failure.wrongKey() }
    }

    /// The request with its body read whole, and the body's members.
    func read(_ request: Request) async throws -> (Request, RequestFields) {
        var request = request
        let body: ByteBuffer
        do { body = try await request.collectBody(upTo: Self.largestBody) } catch is NIOTooManyBytesError {
            throw Failure.requestTooLarge(most: Self.largestBody)
        } catch let error as HTTPError where error.status == .contentTooLarge {
            throw Failure.requestTooLarge(most: Self.largestBody)
        }
        return try (request, RequestFields(Array(body.readableBytesView)))
    }

    private func models() throws -> JSONText {
        let meta: [(String, Int?)] =
            switch try worker.engine() {
            case .text(let model, _, let settings):
                [
                    ("n_ctx", model.context), ("n_ctx_train", settings.longestContext), ("n_vocab", settings.vocabulary),
                    ("n_embd", settings.embedding),
                ]
            case .embedding(let model, let settings):
                [
                    ("n_ctx", model.context), ("n_ctx_train", settings.longestInput), ("n_vocab", settings.tokenizer.vocabulary.count),
                    ("n_embd", settings.embedding),
                ]
            }
        let known = meta.compactMap { name, value in value.map { (name, JSONText.integer($0)) } }
        let entry: JSONText = [
            "id": .string(worker.alias), "object": "model", "created": .integer(Int(Date().timeIntervalSince1970)), "owned_by": "homewise",
            "meta": .object(known),
        ]
        return ["object": "list", "data": .array([entry])]
    }

    private func tokenize(_ request: Request) async throws -> Response {
        let (_, fields) = try await read(request)
        guard let content = try fields.text("content") else { throw Failure.badRequest("“content” is missing") }
        let isFramed = try fields.flag("add_special")
        let tokens: [Int32] =
            switch try worker.engine() {
            case .text(_, let desk, _): try await isFramed ? desk.prompt(content) : desk.encode(content)
            case .embedding(let model, _): await model.tokens(of: content, isFramed: isFramed)
            }
        return Self.response(["tokens": .array(tokens.map { .integer(Int($0)) })])
    }
}

extension WorkerResponder {
    static func response(_ body: JSONText, status: Int = 200, closes: Bool = false) -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if closes { headers[.connection] = "close" }
        return Response(status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(string: body.text)))
    }

    static func response(_ failure: Failure, closes: Bool = false) -> Response {
        let reply = ErrorReply(failure)
        return response(reply.body, status: reply.status, closes: closes)
    }

    /// Runs a body that is cancelled when the client hangs up. The connection is of no more use afterwards, which is said.
    static func untilHungUp(_ request: Request, _ body: () async throws -> Response) async throws -> Response {
        try await request.body.consumeWithCancellationOnInboundClose { _ in
            do { return try await body() } catch let failure as Failure { return response(failure, closes: true) }
        }
    }
}
