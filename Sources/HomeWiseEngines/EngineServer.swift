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
    /// When a load is stuck.
    package var patience = LoadWatch.Limits()
    /// When an answer is, by the bytes of its request; `nil` for what the plan's devices allow.
    package var answerLimits: (@Sendable (Int) -> AnswerWatch.Limits)?

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
        /// What of its sandbox is in force.
        package let sandbox: SandboxState
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
        _ plan: LaunchPlan, onStep: @escaping @Sendable (LoadStep) -> Void = { _ in },
        body: @escaping @Sendable (Session) async throws -> Value
    ) async throws -> Value {
        let folder = try SocketFolder(preferring: host.runFolder)
        Leftovers(folder: host.runFolder).reap()
        let place = try EnginePlace(in: folder, records: host.runFolder)
        let socket = place.socket
        let key = String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let log = LogTail(path: host.log(of: plan.alias))
        let obstacle = host.obstacle(to: plan)
        // Where the engine goes on without its device this is where a person finds out why.
        if let obstacle { Array("homewise: \(obstacle)\n".utf8).withUnsafeBytes { log.append($0) } }
        // Without one it runs as well, with as many threads as at the start; whoever wanted it sees that it is not there.
        let board = engine.isGoverned ? try? GovernorBoard(path: place.board, threads: plan.threads) : nil
        let memoryKills = KernelSigns.memoryKills()
        let command = engine.command(for: plan, socket: socket, board: board)
        // In a folder of its own: an engine looks for its libraries where it stands, too.
        var process = host.process(
            command.program, command.arguments,
            adding: command.environment.merging(place.environment) { $1 }.merging(["LLAMA_API_KEY": key]) { $1 }, in: place.folder)
        process.sandbox = host.sandbox(of: command.program, command.arguments, plan: plan, place: place, libraries: engine.libraries)
        process.onStart = place.note
        process.onGuardLost = place.endStrays
        // Reading a long prompt on a slow machine takes minutes without a word: whether it hangs is for `AnswerWatch` to say.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var client = EngineClient(client: http, socket: socket, key: key)
        let isOnProcessorAlone = plan.placement.gpu == nil
        client.limits = answerLimits ?? { AnswerWatch.Limits(promptBytes: $0, isOnProcessorAlone: isOnProcessorAlone) }
        let outcome: Result<Value, any Error>
        do {
            outcome = try await .success(
                process.run(log: log) { [client] child in
                    try await body(ready(child, client: client, plan.task, log: log, board: board, memoryKills, onStep))
                })
        } catch let failure as Failure where failure.code == .engineStartFailed {
            outcome = .failure(obstacle.map { failure.explained(by: $0) } ?? failure)
        } catch { outcome = .failure(error) }
        place.remove()
        try await http.shutdown()
        return try outcome.get()
    }

    private func ready(
        _ child: Child, client: EngineClient, _ task: ModelTask, log: LogTail, board: GovernorBoard?, _ memoryKills: Int?,
        _ onStep: @Sendable (LoadStep) -> Void
    ) async throws -> Session {
        let start = ContinuousClock.now
        onStep(LoadStep(.engineStart))
        var client = client
        var progress = LoadProgress(log: log, patience)
        while true {
            let health = await client.health()
            if case .ready = health { break }
            if case .loading(let share?) = health, progress.come(to: share) { onStep(LoadStep(.engineStart, share: share)) }
            try await check(child, &progress, memoryKills)
            try await Task.sleep(for: .milliseconds(20))
        }
        let pid = await child.pid
        client.work = { pid.flatMap(Processes.seconds) }
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
        guard let pid else {
            throw Failure.engineDidNotStart(ExitCause(.failed, "its process is unknown"), tail: log.last(8))
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        return await Session(
            client: client, pid: pid, secondsToReady: seconds, board: board,
            sandbox: child.sandbox ?? (host.isSandboxed ? SandboxState(.none, "its guard did not say") : .switchedOff), child: child,
            log: log,
            memoryKills: memoryKills)
    }

    private func check(_ child: Child, _ progress: inout LoadProgress, _ memoryKills: Int?) async throws {
        try Task.checkCancellation()
        let log = progress.log
        if let ending = await child.ending {
            await log.untilWhole()
            throw Failure.engineDidNotStart(ending.cause(tail: log.last(40), memoryKills: memoryKills), tail: log.last(8))
        }
        if let reason = await progress.look(at: child.pid) {
            throw Failure.engineDidNotStart(ExitCause(.hung, reason), tail: log.last(8))
        }
    }
}

/// Whether a load goes on: a slow disk is no hang, and an engine may say nothing while it reads.
private struct LoadProgress {
    let log: LogTail
    private let start = SuspendingClock.now
    private var watch: LoadWatch
    private var read: Int?
    private var called: Int?
    private var share = 0.0
    private var lastLook = -1.0

    init(log: LogTail, _ limits: LoadWatch.Limits) {
        self.log = log
        watch = LoadWatch(limits, at: 0)
    }

    /// - Returns: whether it is further than before.
    mutating func come(to share: Double) -> Bool {
        guard share > self.share else { return false }
        self.share = share
        watch.went(on: start.duration(to: .now) / .seconds(1))
        return true
    }

    /// - Returns: why it is given up; `nil` while it goes on.
    mutating func look(at pid: Int32?) -> String? {
        let now = start.duration(to: .now) / .seconds(1)
        if let pid, now - lastLook > 0.2 {
            (read, called, lastLook) = (KernelSigns.bytesRead(by: pid), KernelSigns.bytesCalled(by: pid), now)
        }
        return watch.look(silence: log.silence / .seconds(1), bytes: read, calls: called, at: now)
    }
}
