// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore

/// The PyTorch worker as a scope: started, ready, gone when the scope ends.
package struct TorchWorker: Sendable {
    /// The engine's server program.
    package var launcher: String
    package var host: EngineHost
    /// A load that says nothing for this long is stuck: torch alone takes some ten seconds, and more from a slow disk.
    package var patience = Duration.seconds(180)

    package init(launcher: String, host: EngineHost) {
        self.launcher = launcher
        self.host = host
    }

    /// A running, ready worker.
    package struct Session: Sendable {
        package let client: EngineClient
        package let wire: WorkerWire
        package let pid: Int32
        package let secondsToReady: Double
        let log: LogTail
    }

    /// - Parameters:
    ///   - arguments: all but the socket.
    ///   - alias: names its log.
    /// - Throws: `Failure.engineDidNotStart` with its last words, or what the body throws.
    package func run<Value: Sendable>(
        _ arguments: [String], alias: String, body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let folder = try SocketFolder(preferring: host.runFolder)
        try folder.sweep()
        let place = try EnginePlace(in: folder, records: host.runFolder)
        let socket = place.socket
        let key = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let log = LogTail(path: "\(host.logFolder)/\(alias).log")
        let memoryKills = KernelSigns.memoryKills()
        var process = host.process(
            launcher, arguments + ["--alias", alias, "--socket", socket],
            adding: place.environment.merging(["LLAMA_API_KEY": key]) { $1 }, in: place.folder)
        process.onStart = place.note
        process.onGuardLost = place.endStrays
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(read: .minutes(10)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let client = EngineClient(client: http, socket: socket, key: key)
        let wire = WorkerWire(client: http, socket: socket, key: key)
        let outcome: Result<Value, any Error>
        do {
            outcome = try await .success(
                process.run(log: log) { child in
                    let start = ContinuousClock.now
                    try await untilReady(child, wire, log, memoryKills)
                    guard let pid = await child.pid else {
                        throw Failure.engineDidNotStart(ExitCause(.failed, "its process is unknown"), tail: log.last(8))
                    }
                    let seconds = start.duration(to: .now) / .seconds(1)
                    return try await body(Session(client: client, wire: wire, pid: pid, secondsToReady: seconds, log: log))
                })
        } catch { outcome = .failure(error) }
        place.remove()
        try await http.shutdown()
        return try outcome.get()
    }

    private func untilReady(_ child: Child, _ wire: WorkerWire, _ log: LogTail, _ memoryKills: Int?) async throws {
        var heard = ContinuousClock.now
        var progress = -1.0
        while true {
            let health = await wire.health()
            if health?.isReady == true { return }
            if let ending = await child.ending {
                await log.untilWhole()
                throw Failure.engineDidNotStart(ending.cause(tail: log.last(40), memoryKills: memoryKills), tail: log.last(8))
            }
            if let now = health?.progress, now > progress { (progress, heard) = (now, .now) }
            if min(heard.duration(to: .now), log.silence) > patience {
                throw Failure.engineDidNotStart(
                    ExitCause(.hung, "it came no further for \(patience.components.seconds) s"), tail: log.last(8))
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The worker loads a model that it makes itself, and writes a token. - Returns: what was seen.
    func prove() async throws -> String {
        try await run(["--selftest", "--threads", "1", "--context", "64"], alias: "pytorch-proof") { session in
            var text = ""
            for try await part in try await session.client.complete("hello", limit: 4) {
                if case .text(let piece) = part { text += piece }
            }
            let seconds = session.secondsToReady.rounded(toPlaces: 1)
            guard !text.isEmpty else {
                throw Failure.engineDidNotStart(ExitCause(.failed, "it loaded a test model and wrote nothing"), tail: session.log.last(8))
            }
            return "loaded a test model and wrote a token, \(seconds) s after its start"
        }
    }
}
