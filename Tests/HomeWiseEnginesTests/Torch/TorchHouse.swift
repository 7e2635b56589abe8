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
        let environment = TorchEnvironment(host: host, cache: cache, machine: .init(system: .linux, hasCUDA: false))
        let plan = try await environment.plan()
        let manifest = try await environment.install(plan) { _ in }
        return TorchHouse(environment: environment, manifest: manifest, host: host)
    }

    var worker: TorchWorker { TorchWorker(launcher: manifest.server, host: host) }
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
