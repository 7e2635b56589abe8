// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import HomeWiseTesting
import NIOCore
import NIOHTTP1
import Testing

@testable import HomeWiseEngines

/// A real worker with a real model, launched as the manager does it.
final class RunningWorker: Sendable {
    let socket: String
    let log: String
    private let process: Process
    private let client = HTTPClient.shared
    static let key = "secret-of-the-tests"

    /// - Parameters:
    ///   - folder: a folder for the socket and the log.
    ///   - memory: KiB of address space that it may have; `nil` for as many as there are.
    init(_ arguments: [String], in folder: String = TemporaryFolder.path, memory: Int? = nil) throws {
        let name = String(UInt32.random(in: .min ... .max), radix: 36)
        (socket, log) = ("\(folder)/\(name).sock", "\(folder)/\(name).log")
        try Data().write(to: URL(filePath: log))
        process = Process()
        let program = Products.folder + "/homewise-onnx"
        process.executableURL = URL(filePath: memory == nil ? program : "/bin/sh")
        let limit = memory.map { ["-c", "ulimit -v \($0); exec \"$0\" \"$@\"", program] } ?? []
        process.arguments = limit + arguments + ["--alias", "model", "--socket", socket]
        process.environment = ["LLAMA_API_KEY": Self.key, "PATH": "/usr/bin:/bin"]
        process.standardError = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = process.standardError
        try process.run()
    }

    static func chat(_ extra: [String] = [], context: Int = 512) throws -> RunningWorker {
        try RunningWorker(
            [
                "--model", TestModels.path("smollm2-onnx"), "--libraries", TestModels.path("onnx-libs"), "--threads", "2", "--context",
                "\(context)",
            ]
                + extra)
    }

    static func embedding(_ model: String? = nil, context: Int = 512) throws -> RunningWorker {
        try RunningWorker([
            "--model", model ?? TestModels.path("minilm-onnx"), "--libraries", TestModels.path("onnx-libs"), "--purpose", "embedding",
            "--threads", "2", "--context", "\(context)",
        ])
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var words: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
    var lastWords: String { words.split(separator: "\n").last.map(String.init) ?? "" }

    /// - Returns: its exit status, once it ended by itself.
    func status(within limit: Duration = .seconds(20)) async -> Int32? {
        await eventually(within: limit) { !process.isRunning } ? process.terminationStatus : nil
    }

    func untilReady() async throws {
        let isReady = await eventually(within: .seconds(60)) {
            guard process.isRunning else { return true }
            return (try? await request(.GET, "/health").status) == 200
        }
        try #require(isReady && process.isRunning, "it did not become ready: \(words)")
    }

    /// Ends it, and waits.
    func stop() async throws {
        if process.isRunning { kill(pid, SIGKILL) }
        process.waitUntilExit()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    struct Answer: Sendable {
        var status: Int
        var body: BoundedJSON
        var text: String
        var root: BoundedJSON.Value { body.root }
        var error: BoundedJSON.Value? { root["error"] }
    }

    func request(_ method: HTTPMethod, _ path: String, _ body: String? = nil, key: String? = RunningWorker.key) async throws -> Answer {
        let response = try await send(method, path, body.map { Array($0.utf8) }, key: key)
        let bytes = try await Array(response.body.collect(upTo: 64 << 20).readableBytesView)
        return try Answer(
            status: Int(response.status.code), body: BoundedJSON(bytes, limits: .init(bytes: 64 << 20)),
            text: String(decoding: bytes, as: UTF8.self))
    }

    func post(_ path: String, _ body: String) async throws -> Answer { try await request(.POST, path, body) }

    func send(_ method: HTTPMethod, _ path: String, _ body: [UInt8]?, key: String? = RunningWorker.key) async throws -> HTTPClientResponse {
        let encoded = socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? socket
        var request = HTTPClientRequest(url: "http+unix://\(encoded)\(path)")
        request.method = method
        request.headers = ["Connection": "close", "Content-Type": "application/json"]
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        return try await client.execute(request, timeout: .seconds(120))
    }

    /// The payloads of a stream, in order.
    func events(_ path: String, _ body: String, each: (String) async throws -> Bool = { _ in true }) async throws -> [String] {
        let response = try await send(.POST, path, Array(body.utf8))
        try #require(response.status == .ok)
        #expect(response.headers.first(name: "Content-Type") == "text/event-stream")
        var (parser, payloads) = (ServerSentEvents(), [String]())
        for try await buffer in response.body {
            for payload in try parser.consume(buffer.readableBytesView) {
                payloads.append(String(decoding: payload, as: UTF8.self))
                if try await !each(payloads[payloads.count - 1]) { return payloads }
            }
        }
        return payloads
    }
}

/// Runs a body with a worker that is ready, and ends it.
func withWorker(_ worker: RunningWorker, _ body: (RunningWorker) async throws -> Void) async throws {
    do {
        try await worker.untilReady()
        try await body(worker)
    } catch {
        try await worker.stop()
        throw error
    }
    try await worker.stop()
}

func json(_ text: String) throws -> BoundedJSON.Value { try BoundedJSON(Array(text.utf8)).root }

/// The client that the house has for its engines.
func engineClient(of worker: RunningWorker) -> EngineClient {
    EngineClient(client: .shared, socket: worker.socket, key: RunningWorker.key)
}
