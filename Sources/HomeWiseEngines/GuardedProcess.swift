// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import Subprocess
import SystemPackage

/// A child under the guard, as a scope: it runs while the body runs and is gone, with all it started, when the scope ends.
package struct GuardedProcess: Sendable {
    /// The program that can become the guard: homewise itself.
    package var guardProgram: String
    package var program: String
    package var arguments: [String]
    /// All that the child gets to see; nothing is inherited.
    package var environment: [String: String]
    package var folder: String?
    /// What it may reach; `nil` for all that this program may.
    package var sandbox: SandboxPolicy?
    /// Told the child's number as soon as it runs.
    var onStart: @Sendable (Int32) -> Void = { _ in }
    /// Told when the guard was killed: the kernel has ended the child, but not what the child had started.
    var onGuardLost: @Sendable () -> Void = {}

    package init(guardProgram: String, program: String, arguments: [String], environment: [String: String], folder: String? = nil) {
        self.guardProgram = guardProgram
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
    }

    /// Runs the child to its own end.
    package func runToEnd(log: LogTail) async throws -> ChildExit {
        try await run(log: log) { child in try await child.exit() }
    }

    /// Lines: the help of llama-server has some 600.
    private static let longestReport = 4_000

    /// Runs the child to its end or through its time limit.
    ///
    /// - Returns: how it ended, `nil` when it was cut, and its last lines.
    package func run(within limit: Duration) async throws -> (exit: ChildExit?, lines: [String]) {
        let log = LogTail(path: nil, keeping: Self.longestReport)
        let exit = try await run(log: log) { child -> ChildExit? in
            let deadline = ContinuousClock.now + limit
            while await child.ending == nil, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
            return await child.ending
        }
        return (exit, log.last(Self.longestReport))
    }

    /// Runs the body beside the child and ends the child when the body is done.
    ///
    /// - Throws: what the body throws, or `Failure` when the guard itself cannot be started.
    package func run<Value: Sendable>(log: LogTail, body: @escaping @Sendable (Child) async throws -> Value) async throws -> Value {
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(runGuarded(log, body)) } catch { outcome = .failure(error) }
        // Who is cancelled hears no last word. The guard is gone by now, and all below it, unless it was killed meanwhile.
        if Task.isCancelled { onGuardLost() }
        return try outcome.get()
    }

    private func runGuarded<Value: Sendable>(_ log: LogTail, _ body: @escaping @Sendable (Child) async throws -> Value) async throws
        -> Value
    {
        let child = Child()
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(3))]
        do {
            return try await Subprocess.run(
                .path(FilePath(guardProgram)), arguments: Arguments([Guard.verb] + (sandbox?.guardArguments ?? []) + [program] + arguments),
                environment: .custom(Dictionary(environment.map { (Environment.Key(stringLiteral: $0), $1) }) { $1 }),
                workingDirectory: folder.map { FilePath($0) }, platformOptions: options,
                input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                async let status: Void = Self.follow(execution.standardOutput, child, onStart, onGuardLost)
                async let logging: Void = Self.copy(execution.standardError, to: log)
                let outcome: Result<Value, any Error>
                do { outcome = try await .success(body(child)) } catch { outcome = .failure(error) }
                // What it said last is read before the guard is let go: with the guard gone nothing more is read.
                if await child.ending != nil { await log.untilWhole() }
                // Ours is the only writing end: closing it is what tells the guard to end the child. It fails only
                // where the guard is gone already, and then there is nothing left to end.
                try? await execution.standardInputWriter.finish()
                _ = await (status, logging)
                return outcome
            }.closureResult.get()
        } catch let error as SubprocessError {
            if Task.isCancelled { throw CancellationError() }
            throw Failure.engineDidNotStart(ExitCause(.failed, "\(guardProgram) cannot be run: \(error)"), tail: [])
        }
    }

    private static func follow(
        _ output: SubprocessOutputSequence, _ child: Child, _ onStart: @Sendable (Int32) -> Void, _ onGuardLost: @Sendable () -> Void
    )
        async
    {
        do {
            for try await line in output.strings() {
                if line.hasPrefix("sandbox ") { await child.entered(SandboxState(words: line.dropFirst(8).filter { !$0.isNewline })) }
                let words = line.split(separator: " ")
                guard words.count == 2, let number = Int32(words[1]) else { continue }
                switch words[0] {
                case "pid":
                    onStart(number)
                    await child.started(number)
                case "failed": await child.ended(.notStarted(errno: number))
                case "exited": await child.ended(.exited(number))
                case "signaled": await child.ended(.signaled(number))
                default: continue
                }
            }
        } catch {
            // Cancelled: the guard is being told to stop, and whoever waits for the child must not wait for ever.
        }
        // The kernel has taken the child with it. One that is being told to stop still has its own to end, and is not lost: ended with
        // its child in its hands, it would leave the child to be reaped by nobody in time.
        if await child.ending == nil, !Task.isCancelled { onGuardLost() }
        await child.ended(.guardLost)
    }

    /// Ends with the child's output, or with the cancellation of the scope.
    private static func copy(_ output: SubprocessOutputSequence, to log: LogTail) async {
        defer { log.end() }
        do {
            for try await buffer in output { buffer.withUnsafeBytes { log.append($0) } }
        } catch { return }
    }
}

/// How a child ended.
package enum ChildExit: Sendable, Equatable {
    case notStarted(errno: Int32)
    case exited(Int32)
    case signaled(Int32)
    /// No last word: the guard itself was killed.
    case guardLost

    package var isSuccess: Bool { self == .exited(0) }

    /// - Parameter memoryKills: what `KernelSigns.memoryKills` was before it was started.
    package func cause(tail: [String], memoryKills: Int? = nil) -> ExitCause {
        if self == .signaled(SIGKILL), let before = memoryKills, let now = KernelSigns.memoryKills(), now > before {
            return ExitCause(.outOfMemory, "the system ended it because memory ran out")
        }
        return switch self {
        // A file that is missing or of another machine is mended by installing the engine anew.
        case .notStarted(let number): ExitCause(.missingLibrary, "it cannot be run: \(String(cString: strerror(number)))")
        case .exited(let code): ExitCause(code: code, signal: nil, tail: tail)
        case .signaled(let number): ExitCause(code: nil, signal: number, tail: tail)
        case .guardLost: ExitCause(.failed, "what watches over it was ended")
        }
    }

    package var sentence: String {
        switch self {
        case .notStarted(let number): "it cannot be run: \(String(cString: strerror(number)))"
        case .exited(let code): "exit status \(code)"
        case .signaled(let number): "signal \(number)"
        case .guardLost: "its guard was ended"
        }
    }
}

/// A running child, as the guard tells of it.
package actor Child {
    package private(set) var pid: Int32?
    /// What of its sandbox is in force; known before `pid` is. `nil` where it was given none.
    package private(set) var sandbox: SandboxState?
    /// `nil` while it runs.
    package private(set) var ending: ChildExit?
    private var waiters = Waiters<ChildExit>()

    /// Waits for the end. - Throws: `CancellationError`.
    package func exit() async throws -> ChildExit {
        if let ending { return ending }
        let ticket = waiters.ticket()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiters.add($0, ticket) }
        } onCancel: {
            Task { await self.giveUp(ticket) }
        }
    }

    private func giveUp(_ ticket: Int) { waiters.cancel(ticket) }

    func started(_ pid: Int32) { self.pid = pid }

    func entered(_ sandbox: SandboxState?) { self.sandbox = sandbox }

    func ended(_ exit: ChildExit) {
        guard ending == nil else { return }
        ending = exit
        waiters.resume(with: .success(exit))
    }
}
