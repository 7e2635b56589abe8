// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// The real environment, made once a machine in the person's own cache, and real models.
struct TorchHouse: Sendable {
    var environment: TorchEnvironment
    var manifest: EngineManifest
    var host: EngineHost

    static func open() async throws -> TorchHouse {
        let base = TemporaryFolder.path
        for folder in ["run", "logs"] {
            try FileManager.default.createDirectory(atPath: "\(base)/\(folder)", withIntermediateDirectories: true)
        }
        let variables = ProcessInfo.processInfo.environment
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: base + "/run", logFolder: base + "/logs", environment: variables)
        let cache = variables["HOMEWISE_CACHE"] ?? (variables["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/homewise"
        let environment = TorchEnvironment(host: host, cache: cache, machine: .init(system: .linux, hasCUDA: false), lock: fileLock)
        let plan = try await environment.plan()
        let manifest = try await environment.install(plan) { _ in }
        return TorchHouse(environment: environment, manifest: manifest, host: host)
    }

    var worker: OrderedWorker { OrderedWorker(manifest: manifest, host: host) }
    var places: TorchPlaces {
        TorchPlaces(folder: URL(filePath: manifest.server).deletingLastPathComponent().deletingLastPathComponent().path)
    }

    /// The folder of a real model that `scripts/test-models.sh` made.
    static func model(_ name: String) throws -> String {
        let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let script = root.appending(path: "scripts/test-models.sh").path
        return try run(script, []) + "/" + name
    }

    /// A program to its end; its last line.
    @discardableResult static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let output = TemporaryFolder.path + "/output-\(UInt32.random(in: .min ... .max))"
        try Data().write(to: URL(filePath: output))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments.prefix(2))")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        return lines.last.map(String.init) ?? ""
    }

    /// Runs lines of Python with torch.
    func python(_ lines: String) throws {
        try Self.run(places.python, ["-I", "-c", "import sys\nsys.path.insert(0, '\(places.worker)')\n" + lines])
    }

    /// How a start fails; `nil` where it does not.
    func failure(_ arguments: [String]) async -> Failure? {
        do { try await worker.run(arguments, alias: "failing") { _ in } } catch { return error as? Failure }
        return nil
    }
}

/// A worker that is started with the very arguments that a test gives, and keeps to itself what it may read.
struct OrderedWorker: Sendable {
    var manifest: EngineManifest
    var host: EngineHost

    private struct Ordered: Engine {
        static let formats: Set<ModelFormat> = [.pytorch]
        var manifest: EngineManifest
        var arguments: [String]
        let isGoverned = false
        let libraries: [String] = []

        func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand {
            EngineCommand(program: manifest.server, arguments: arguments + ["--alias", plan.alias, "--socket", socket])
        }
    }

    func run<Value: Sendable>(
        _ arguments: [String], alias: String, body: @escaping @Sendable (EngineServer.Session) async throws -> Value
    ) async throws -> Value {
        var host = host
        host.isSandboxed = false
        var plan = LaunchPlan(model: "", alias: alias, options: ContextOptions(context: 64), threads: 1, reasons: [])
        plan.task = arguments.contains("embedding") ? .embedding : .completion
        return try await EngineServer(Ordered(manifest: manifest, arguments: arguments), host: host).run(plan, body: body)
    }
}

extension EngineServer.Session {
    /// A question that our own client never asks.
    ///
    /// - Parameter key: `nil` for the right one.
    func ask(_ method: String, _ path: String, _ body: Data = Data(), key: String? = nil) async throws -> (status: Int, body: Data) {
        let socket = String(client.base.dropFirst("http+unix://".count)).removingPercentEncoding ?? ""
        let wire = try PlainClient(socket)
        try wire.send(method, path, body, headers: ["Authorization: Bearer \(key ?? client.key)", "Connection: close"])
        let text = try await wire.answer()
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        let content = text.range(of: "\r\n\r\n").map { text[$0.upperBound...] }
        return (try #require(status), Data(try #require(content).utf8))
    }

    /// Whether it has grown more than it was allowed to, and asks to be replaced.
    func wantsSuccessor() async throws -> Bool {
        struct Health: Decodable { var recycle: Bool? }
        return try await JSONDecoder().decode(Health.self, from: ask("GET", "/health").body).recycle ?? false
    }
}

func answer(_ stream: AsyncThrowingStream<AnswerPart, any Error>) async throws -> (text: String, reason: String?, timings: AnswerTimings?) {
    var (text, reason, timings): (String, String?, AnswerTimings?) = ("", nil, nil)
    for try await part in stream {
        switch part {
        case .text(let piece): text += piece
        case .finished(let why): reason = why
        case .timings(let figures): timings = figures
        case .reasoning: continue
        }
    }
    return (text, reason, timings)
}
