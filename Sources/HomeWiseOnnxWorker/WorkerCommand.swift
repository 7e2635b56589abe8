// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import Hummingbird
import Logging

@main
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "homewise-onnx", abstract: "Serves one ONNX model on a private socket, for homewise.")

    @OptionGroup var options: WorkerOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let worker = Worker(alias: options.alias)
        let ending = Ending(worker: worker, socket: options.socket)
        let signals = ending.watch()
        // The socket is ours alone from its first moment on.
        umask(0o177)
        let server = Task { try await serve(worker) }
        Task {
            do {
                let start = ContinuousClock.now
                worker.isReady(try await Loading(options: options).run())
                Log.line("ready after \(Int((ContinuousClock.now - start) / .milliseconds(1))) ms")
            } catch { ending.fail(error) }
        }
        do { try await server.value } catch { ending.fail(error) }
        withExtendedLifetime(signals) { ending.finish(status: 0) }
    }

    private func serve(_ worker: Worker) async throws {
        let key = ProcessInfo.processInfo.environment["LLAMA_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        let application = Application(
            responder: WorkerResponder(worker: worker, key: key),
            configuration: .init(address: .unixDomainSocket(path: options.socket)),
            logger: Logger(label: "homewise-onnx") { _ in SwiftLogNoOpLogHandler() })
        try await application.run()
    }
}

/// How the program ends. The libraries have threads of their own which must not meet the destructors of an ordinary exit, so it
/// is left without them; nothing of ours is unwritten.
struct Ending: Sendable {
    let worker: Worker
    let socket: String

    /// Time for answers that are being written to end with an error that says why, and for that to be sent.
    private static let (grace, sending) = (Duration.milliseconds(1200), Duration.milliseconds(50))

    /// SIGTERM and SIGINT end it in less than two seconds, whatever it is at.
    ///
    /// - Returns: what has to be kept for that.
    func watch() -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                unlink(socket)
                worker.shutDown()
                Task {
                    let deadline = ContinuousClock.now + Self.grace
                    while !worker.isIdle, .now < deadline { try await Task.sleep(for: .milliseconds(5)) }
                    try await Task.sleep(for: Self.sending)
                    finish(status: 0)
                }
            }
            source.resume()
            return source
        }
    }

    func fail(_ error: any Error) -> Never {
        if let failure = error as? Failure { Log.line("error: \(failure.message)") } else { Log.line("error: \(error)") }
        finish(status: 1)
    }

    func finish(status: Int32) -> Never {
        unlink(socket)
        _exit(status)
    }
}
