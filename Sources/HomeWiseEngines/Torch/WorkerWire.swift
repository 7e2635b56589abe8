// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
package import Foundation
import HomeWiseDomain
import NIOCore
import NIOHTTP1

/// Plain requests to a worker of ours: its health, its models, its embeddings.
package struct WorkerWire: Sendable {
    private let client: HTTPClient
    private let base: String
    let key: String

    init(client: HTTPClient, socket: String, key: String) {
        self.client = client
        base = "http+unix://" + (socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket)
        self.key = key
    }

    package struct Health: Sendable, Equatable {
        package var isReady: Bool
        /// How far the load is, 0 to 1, where the worker tells.
        package var progress: Double?
        /// It has grown more than it was allowed to, and asks to be replaced between two requests.
        package var wantsSuccessor: Bool
    }

    /// `nil` while it does not listen, and where it does not answer in time.
    package func health() async -> Health? {
        struct Reply: Decodable {
            var status: String?
            var progress: Double?
            var recycle: Bool?
        }
        // Whatever goes wrong here means “not yet”: the caller watches the process and its patience.
        guard let (status, body) = try? await ask(.GET, "/health", nil, key: nil, within: .seconds(2)),
            let reply = try? JSONDecoder().decode(Reply.self, from: body)
        else { return nil }
        return Health(isReady: status == 200, progress: reply.progress, wantsSuccessor: reply.recycle ?? false)
    }

    /// Vectors of length one, in the order of the texts.
    ///
    /// - Throws: `Failure.engineRefused` with the worker's reason.
    package func embeddings(_ texts: [String]) async throws -> [[Float]] {
        struct Request: Encodable { var input: [String] }
        struct Reply: Decodable {
            struct Row: Decodable { var embedding: [Float] }
            var data: [Row]
        }
        let (status, body) = try await ask(.POST, "/v1/embeddings", JSONEncoder().encode(Request(input: texts)), key: key)
        guard status == 200 else { throw Failure.engineRefused(status: status, EngineReply.complaint(in: body)) }
        do { return try JSONDecoder().decode(Reply.self, from: body).data.map(\.embedding) } catch {
            throw Failure.badReply(host: "the engine", "embeddings that are no list of numbers")
        }
    }

    package func get(_ path: String, key: String?) async throws -> (status: Int, body: Data) { try await ask(.GET, path, nil, key: key) }

    package func post(_ path: String, _ body: Data, key: String?) async throws -> (status: Int, body: Data) {
        try await ask(.POST, path, body, key: key)
    }

    private func ask(_ method: HTTPMethod, _ path: String, _ content: Data?, key: String?, within limit: TimeAmount = .minutes(10))
        async throws -> (status: Int, body: Data)
    {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        // A connection of its own for each request: the server may close a kept one at the moment we use it again.
        request.headers = ["Content-Type": "application/json", "Connection": "close"]
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let content { request.body = .bytes(ByteBuffer(bytes: content)) }
        let response = try await client.execute(request, timeout: limit)
        let body = try await response.body.collect(upTo: 64 << 20)
        return (Int(response.status.code), Data(body.readableBytesView))
    }
}
