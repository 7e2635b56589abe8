// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore

/// llama.cpp's server as a scope: started by a plan, ready after one real token, gone when the scope ends.
package struct LlamaServer: Sendable {
    package var manifest: EngineManifest
    package var host: EngineHost
    /// The library that sets its threads between two tokens; `nil` for an engine that has none.
    package var governor: String?
    /// A load that says nothing for this long is stuck; a slow one that goes on talking is not.
    package var patience = Duration.seconds(180)

    package init(manifest: EngineManifest, host: EngineHost, governor: String? = nil) {
        self.manifest = manifest
        self.host = host
        self.governor = governor
    }

    /// A running, ready engine.
    package struct Session: Sendable {
        package let client: EngineClient
        package let pid: Int32
        package let secondsToReady: Double
        /// Where its threads are set while it runs.
        package let board: GovernorBoard?
        fileprivate let child: Child
        fileprivate let log: LogTail
        /// See `KernelSigns.memoryKills`, before it was started.
        fileprivate let memoryKills: Int?

        private func cause(_ ending: ChildExit) async -> ExitCause {
            await log.untilWhole()
            return ending.cause(tail: log.last(40), memoryKills: memoryKills)
        }

        /// Waits for the engine's own end, and always throws.
        ///
        /// - Throws: `Failure.engineDied` with its last words; `CancellationError` where we end it.
        package func untilItEnds() async throws {
            let ending = try await child.exit()
            try Task.checkCancellation()
            throw await Failure.engineDied(cause(ending), tail: log.last(8))
        }

        /// Turns a broken stream into the reason why the engine ended, where it did.
        package func explain(_ error: any Error) async -> any Error {
            if error is Failure || error is CancellationError { return error }
            // The line breaks a moment before the guard tells of the end.
            for _ in 0..<25 where await child.ending == nil { try? await Task.sleep(for: .milliseconds(10)) }
            guard let ending = await child.ending else {
                return Failure.engineDied(ExitCause(.hung, "it hung up or fell silent (\(error))"), tail: log.last(8))
            }
            return await Failure.engineDied(cause(ending), tail: log.last(8))
        }
    }

    /// - Parameter isChat: whether the model answers in turns, with its template.
    /// - Throws: `Failure.engineStartFailed` with the end of the engine's log, or what the body throws.
    package func run<Value: Sendable>(
        _ plan: LaunchPlan, isChat: Bool, sampling: ModelInfo.Sampling? = nil, body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let folder = try SocketFolder(preferring: host.runFolder)
        try folder.sweep()
        let socket = folder.freshSocket()
        let key = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let log = LogTail(path: "\(host.logFolder)/\(plan.alias.filter { $0.isLetter || $0.isNumber || "-._".contains($0) }).log")
        // Without one it runs as well, with as many threads as at the start; whoever wanted it sees that it is not there.
        let board = governor == nil ? nil : try? GovernorBoard(path: socket + ".board", threads: plan.threads)
        let memoryKills = KernelSigns.memoryKills()
        var environment = ["LLAMA_API_KEY": key, "GGML_NO_BACKTRACE": "1"]
        if let governor, let board { environment.merge(["LD_PRELOAD": governor, GovernorBoard.variable: board.path]) { $1 } }
        let process = host.process(
            manifest.server, plan.llamaServerArguments(socket: socket, isChat: isChat, isGoverned: board != nil), adding: environment)
        // Reading a long prompt on a slow machine takes minutes without a word; an engine that is silent for longer hangs.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(read: .minutes(10)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let client = EngineClient(client: http, socket: socket, key: key, sampling: sampling)
        let outcome: Result<Value, any Error>
        do {
            outcome = try await .success(
                process.run(log: log) { child in
                    try await body(ready(child, client: client, log: log, board: board, memoryKills))
                })
        } catch { outcome = .failure(error) }
        unlink(socket)
        try await http.shutdown()
        return try outcome.get()
    }

    private func ready(_ child: Child, client: EngineClient, log: LogTail, board: GovernorBoard?, _ memoryKills: Int?) async throws
        -> Session
    {
        let start = ContinuousClock.now
        var progress = LoadProgress(log: log)
        while await !client.isHealthy() {
            try await check(child, &progress, memoryKills)
            try await Task.sleep(for: .milliseconds(20))
        }
        do { try await client.warmUp() } catch {
            try Task.checkCancellation()
            try await Task.sleep(for: .milliseconds(100))
            try await check(child, &progress, memoryKills)
            throw Failure.engineDidNotStart(ExitCause(.failed, "its first answer failed (\(error))"), tail: log.last(8))
        }
        guard let pid = await child.pid else {
            throw Failure.engineDidNotStart(ExitCause(.failed, "its process is unknown"), tail: log.last(8))
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        return Session(client: client, pid: pid, secondsToReady: seconds, board: board, child: child, log: log, memoryKills: memoryKills)
    }

    private func check(_ child: Child, _ progress: inout LoadProgress, _ memoryKills: Int?) async throws {
        try Task.checkCancellation()
        let log = progress.log
        if let ending = await child.ending {
            await log.untilWhole()
            throw Failure.engineDidNotStart(ending.cause(tail: log.last(40), memoryKills: memoryKills), tail: log.last(8))
        }
        if let pid = await child.pid { progress.look(at: pid) }
        if progress.silence > patience {
            throw Failure.engineDidNotStart(
                ExitCause(.hung, "it said nothing and read nothing for \(patience.components.seconds) s"), tail: log.last(8))
        }
    }
}

/// Whether a load goes on: a slow disk is no hang, and the engine says nothing while it reads.
private struct LoadProgress {
    let log: LogTail
    private var read = 0
    private var lastRead = ContinuousClock.now
    private var lastLook = ContinuousClock.now

    init(log: LogTail) { self.log = log }

    mutating func look(at pid: Int32) {
        guard lastLook.duration(to: .now) > .milliseconds(500) else { return }
        lastLook = .now
        guard let read = KernelSigns.bytesRead(by: pid), read > self.read else { return }
        (self.read, lastRead) = (read, .now)
    }

    var silence: Duration { min(log.silence, lastRead.duration(to: .now)) }
}

extension LlamaServer {
    /// Devices that the engine itself can use, in its words; `nil` when it does not answer in time.
    package func devices(within limit: Duration = .seconds(10)) async throws -> [String]? {
        let (exit, lines) = try await host.process(manifest.server, ["--list-devices"]).run(within: limit)
        guard exit?.isSuccess == true, let heading = lines.firstIndex(where: { $0.hasPrefix("Available devices") }) else { return nil }
        return lines[(heading + 1)...].map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && $0 != "(none)" }
    }
}
