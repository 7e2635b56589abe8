// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore

/// An engine's server as a scope: started by a plan, ready after one real answer, gone when the scope ends.
package struct EngineServer: Sendable {
    package var engine: any Engine
    package var host: EngineHost
    /// A load that says nothing for this long is stuck; a slow one that goes on talking is not.
    package var patience = Duration.seconds(180)

    package init(_ engine: any Engine, host: EngineHost) {
        self.engine = engine
        self.host = host
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

    /// - Parameter onStep: told of each step of the start, and of how far it has come.
    /// - Throws: `Failure.engineStartFailed` with the end of the engine's log, or what the body throws.
    package func run<Value: Sendable>(
        _ plan: LaunchPlan, sampling: ModelInfo.Sampling? = nil, onStep: @escaping @Sendable (LoadStep) -> Void = { _ in },
        body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let folder = try SocketFolder(preferring: host.runFolder)
        try folder.sweep()
        let socket = folder.freshSocket()
        let key = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let log = LogTail(path: host.log(of: plan.alias))
        // Without one it runs as well, with as many threads as at the start; whoever wanted it sees that it is not there.
        let board = engine.isGoverned ? try? GovernorBoard(path: socket + ".board", threads: plan.threads) : nil
        let memoryKills = KernelSigns.memoryKills()
        let command = engine.command(for: plan, socket: socket, board: board)
        let process = host.process(command.program, command.arguments, adding: command.environment.merging(["LLAMA_API_KEY": key]) { $1 })
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
                    try await body(ready(child, client: client, plan.task, log: log, board: board, memoryKills, onStep))
                })
        } catch { outcome = .failure(error) }
        unlink(socket)
        try await http.shutdown()
        return try outcome.get()
    }

    private func ready(
        _ child: Child, client: EngineClient, _ task: ModelTask, log: LogTail, board: GovernorBoard?, _ memoryKills: Int?,
        _ onStep: @Sendable (LoadStep) -> Void
    ) async throws -> Session {
        let start = ContinuousClock.now
        onStep(LoadStep(.engineStart))
        var progress = LoadProgress(log: log)
        while true {
            let health = await client.health()
            if case .ready = health { break }
            if case .loading(let share?) = health, progress.come(to: share) { onStep(LoadStep(.engineStart, share: share)) }
            try await check(child, &progress, memoryKills)
            try await Task.sleep(for: .milliseconds(20))
        }
        onStep(LoadStep(.engineStart, seconds: start.duration(to: .now) / .seconds(1)))
        onStep(LoadStep(.warmUp))
        let warmUp = ContinuousClock.now
        do { try await client.warmUp(task) } catch {
            try Task.checkCancellation()
            try await Task.sleep(for: .milliseconds(100))
            try await check(child, &progress, memoryKills)
            throw Failure.engineDidNotStart(ExitCause(.failed, "its first answer failed (\(error))"), tail: log.last(8))
        }
        onStep(LoadStep(.warmUp, seconds: warmUp.duration(to: .now) / .seconds(1)))
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

/// Whether a load goes on: a slow disk is no hang, and an engine may say nothing while it reads.
private struct LoadProgress {
    let log: LogTail
    private var read = 0
    private var share = 0.0
    private var lastRead = ContinuousClock.now
    private var lastLook = ContinuousClock.now

    init(log: LogTail) { self.log = log }

    mutating func look(at pid: Int32) {
        guard lastLook.duration(to: .now) > .milliseconds(500) else { return }
        lastLook = .now
        guard let read = KernelSigns.bytesRead(by: pid), read > self.read else { return }
        (self.read, lastRead) = (read, .now)
    }

    /// - Returns: whether it is further than before.
    mutating func come(to share: Double) -> Bool {
        guard share > self.share else { return false }
        (self.share, lastRead) = (share, .now)
        return true
    }

    var silence: Duration { min(log.silence, lastRead.duration(to: .now)) }
}
