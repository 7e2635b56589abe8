// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore
import NIOHTTP1

/// HTTP as HomeWise speaks it: redirects followed by hand, secrets sent to the origin they belong to and nowhere else,
/// a short wait for a connection and a bounded one for every byte after it.
package final class Transport: Sendable {
    package let policy: RetryPolicy
    private let client: HTTPClient

    package init(policy: RetryPolicy = RetryPolicy()) {
        self.policy = policy
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(policy.connectWithin), read: TimeAmount(min(policy.stallAfter, policy.answerWithin))))
        // One request after the other on plain connections is faster than streams of one HTTP/2 connection, and
        // reads of 1 MiB halve the processor time of a download (measured, FEASIBILITY).
        configuration.httpVersion = .http1Only
        // How often to try again is decided in one place, and it is not the connection pool.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 20))
                .flatMap { channel.setOption(.maxMessagesPerRead, value: 4) }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    package func shutdown() async throws { try await client.shutdown() }

    struct Answer: Sendable {
        /// Where the body came from, after redirects.
        var url: URL
        var status: Int
        var headers: HTTPHeaders
        var body: HTTPClientResponse.Body
        var host: String { url.host ?? "the source" }
        func header(_ name: String) -> String? { headers.first(name: name) }
    }

    private static let mostHops = 10

    /// GET, redirects followed.
    ///
    /// - Parameters:
    ///   - authorization: sent to the origin of `address` alone.
    ///   - limit: each hop must have begun to answer by then; look-up of the name and connection included.
    /// - Throws: `Failure` for anything that kept an answer from coming; an answer of any status is returned.
    func get(
        _ address: String, headers: [(String, String)] = [], authorization: String? = nil, within limit: Duration? = nil
    ) async throws -> Answer {
        var url = try Self.url(address)
        let owner = Origin(url)
        for _ in 0..<Self.mostHops {
            var request = HTTPClientRequest(url: url.absoluteString)
            request.headers = HTTPHeaders([("User-Agent", "homewise"), ("Accept-Encoding", "identity")] + headers)
            if let authorization, Origin(url) == owner { request.headers.add(name: "Authorization", value: authorization) }
            let response = try await send(request, to: url, within: limit ?? policy.answerWithin)
            guard [301, 302, 303, 307, 308].contains(Int(response.status.code)) else {
                return Answer(url: url, status: Int(response.status.code), headers: response.headers, body: response.body)
            }
            url = try Self.target(of: response.headers.first(name: "Location"), from: url)
        }
        throw Failure.badReply(host: owner.host, "more than \(Self.mostHops) redirects")
    }

    private func send(_ request: HTTPClientRequest, to url: URL, within limit: Duration) async throws -> HTTPClientResponse {
        let host = url.host ?? url.absoluteString
        do {
            return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                group.addTask { [client] in try await client.execute(request, timeout: .hours(24)) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw Failure.stalled(host: host, seconds: Int(limit.components.seconds))
                }
                defer { group.cancelAll() }
                // The first to end decides; there are two, so there is a first.
                guard let response = try await group.next() else { throw CancellationError() }
                return response
            }
        } catch { throw failure(error, host: host) }
    }

    /// - Throws: `Failure.insecureRedirect` for a step from https down, or away from the web.
    private static func target(of location: String?, from url: URL) throws -> URL {
        let host = url.host ?? "the source"
        guard let location, let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host != nil else {
            throw Failure.badReply(host: host, "a redirect without a target")
        }
        let scheme = target.scheme?.lowercased()
        guard scheme == "https" || (scheme == "http" && url.scheme?.lowercased() == "http"), target.user == nil else {
            throw Failure.insecureRedirect(from: host, to: "\(scheme ?? "?")://\(target.host ?? "?")")
        }
        return target
    }

    static func url(_ address: String) throws -> URL {
        guard let url = URL(string: address), let host = url.host, !host.isEmpty, ["http", "https"].contains(url.scheme?.lowercased())
        else {
            throw Failure.badInput("“\(address.prefix(200))” is not a web address.", remedy: "It must begin with https:// or http://.")
        }
        return url
    }
}

/// Scheme, host and port: what a secret is bound to.
struct Origin: Hashable {
    let scheme: String
    let host: String
    let port: Int

    init(_ url: URL) {
        scheme = url.scheme?.lowercased() ?? ""
        host = url.host?.lowercased() ?? ""
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}

extension URL {
    /// Host, and port where one is named: “hub.example:8080”.
    var authority: String { (host ?? "") + (port.map { ":\($0)" } ?? "") }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
