// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import HomeWiseKit
import NIOCore
import NIOHTTP1

/// Speaks to the running `homewise serve` of a store.
struct DaemonClient: Sendable {
    let socket: String
    private let http: HTTPClient

    /// Runs a body with a client of the daemon, where one answers.
    static func ifRunning<Value: Sendable>(_ world: World, body: @Sendable (DaemonClient?) async throws -> Value) async throws -> Value {
        try await open(world) { try await body($0.isThere ? $0 : nil) }
    }

    /// Runs a body with a client of the daemon, which is started in the background where none answers.
    ///
    /// - Throws: `Failure.noDaemon` with the place of its log.
    static func started<Value: Sendable>(_ world: World, body: @Sendable (DaemonClient) async throws -> Value) async throws -> Value {
        try await open(world) { client in
            try await client.start(by: world)
            return try await body(client)
        }
    }

    private static func open<Value: Sendable>(_ world: World, body: @Sendable (DaemonClient) async throws -> Value) async throws -> Value {
        let socket = try world.daemonSocket()
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(body(DaemonClient(socket: socket, http: http))) } catch { outcome = .failure(error) }
        try await http.shutdown()
        return try outcome.get()
    }

    private func start(by world: World) async throws {
        if isThere { return }
        let deadline = ContinuousClock.now + Self.patience
        var next = ContinuousClock.now
        while !isThere {
            let now = ContinuousClock.now
            guard now < deadline else { throw Failure.noDaemon(log: world.daemonLog) }
            // One that is just ending still holds the seat: whoever comes too early ends by itself.
            if now >= next {
                try world.startDaemon(["--while-loaded", "--no-tcp"])
                next = now + .seconds(1)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static let patience = Duration.seconds(20)

    private var isThere: Bool { World.answers(socket) }

    // MARK: Questions

    func loaded() async throws -> [ResidentReport] { try await value(.GET, "loaded", Optional<DaemonWire.Load>.none) }

    /// - Parameter onDrain: told how many requests it still works on.
    /// - Returns: whether it was loaded.
    func unload(_ model: String, isAtOnce: Bool, onDrain: @Sendable (Int) -> Void = { _ in }) async throws -> Bool {
        try await lines("unload", DaemonWire.Unload(model: model, isAtOnce: isAtOnce)) { line in
            if case .unloaded(let wasLoaded) = line { return wasLoaded }
            if case .draining(let requests) = line { onDrain(requests) }
            return nil
        }
    }

    /// Says that options of a model were saved.
    ///
    /// - Returns: what became of its threads; `nil` where it is not loaded.
    func saved(_ model: String) async throws -> ThreadsHeeded? {
        let answer: DaemonWire.Heeded = try await value(.POST, "saved", DaemonWire.Saved(model: model))
        return answer.threads
    }

    /// - Throws: the failure that loading ended with.
    func load(_ wanted: DaemonWire.Load, told: @Sendable (DaemonWire.Line) -> Void) async throws -> ResidentReport {
        try await lines("load", wanted) { line in
            if case .loaded(let report) = line { return report }
            told(line)
            return nil
        }
    }

    func ask(_ question: DaemonWire.Ask, told: @Sendable (DaemonWire.Line) -> Void) async throws -> Speaker {
        try await lines("ask", question) { line in
            if case .answered(let speaker) = line { return speaker }
            told(line)
            return nil
        }
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: (some Encodable)?) async throws -> HTTPClientResponse {
        let base = "http+unix://" + (socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket)
        var request = HTTPClientRequest(url: "\(base)\(DaemonWire.base)/\(path)")
        request.method = method
        request.headers = ["Content-Type": "application/json", "Connection": "close"]
        if let body { request.body = try .bytes(ByteBuffer(bytes: JSONEncoder().encode(body))) }
        let response = try await Self.named { [http, request] in try await http.execute(request, timeout: .hours(24)) }
        guard response.status == .ok else {
            let data = try await Data(response.body.collect(upTo: 1 << 20).readableBytesView)
            // A newer or older one may answer in another shape; then its words are all there is.
            throw (try? JSONDecoder().decode(Failure.self, from: data))
                ?? Failure.badReply(host: "homewise serve", String(decoding: data.prefix(300), as: UTF8.self))
        }
        return response
    }

    private func value<Value: Decodable>(_ method: HTTPMethod, _ path: String, _ body: (some Encodable)?) async throws -> Value {
        let data = try await Data(send(method, path, body).body.collect(upTo: 64 << 20).readableBytesView)
        do { return try JSONDecoder().decode(Value.self, from: data) } catch {
            throw Failure.badReply(host: "homewise serve", "an answer of another version")
        }
    }

    /// Reads lines until one of them is the result.
    private func lines<Value>(
        _ path: String, _ body: some Encodable, take: (DaemonWire.Line) throws -> Value?
    ) async throws -> Value {
        var rest: [UInt8] = []
        var body = try await send(.POST, path, body).body.makeAsyncIterator()
        while let buffer = try await Self.next(&body) {
            rest += buffer.readableBytesView
            while let end = rest.firstIndex(of: 0x0A) {
                let line = try line(rest[..<end])
                rest.removeSubrange(...end)
                if case .failed(let failure) = line { throw failure }
                if let value = try take(line) { return value }
            }
        }
        throw Failure.badReply(host: "homewise serve", "an answer that was cut: it may have been stopped")
    }

    /// A connection that breaks is told in words.
    private static func named<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let error where !(error is Failure) && !(error is CancellationError) {
            try Task.checkCancellation()
            throw Failure(
                .notServing, "homewise serve ended or does not answer (\(error)).",
                remedy: "Run the same command again; what it said stands in the logs folder, in serve.log.")
        }
    }

    private static func next(_ body: inout HTTPClientResponse.Body.AsyncIterator) async throws -> ByteBuffer? {
        do { return try await body.next() } catch { return try await named { throw error } }
    }

    private func line(_ bytes: ArraySlice<UInt8>) throws -> DaemonWire.Line {
        do { return try JSONDecoder().decode(DaemonWire.Line.self, from: Data(bytes)) } catch {
            throw Failure.badReply(host: "homewise serve", "a line of another version")
        }
    }
}

extension Failure {
    static func noDaemon(log: String) -> Failure {
        Failure(
            .engineStartFailed, "homewise serve was started in the background, and does not answer.",
            remedy: "What it said stands in \(log). Start it in the foreground to see: homewise serve")
    }
}
