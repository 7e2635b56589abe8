// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Logging
import Synchronization

/// What the log says of one request. Never what was asked: a query, a header or a body may hold a secret.
final class LogEntry: Sendable {
    private struct State {
        var route: String?
        var isQuiet = false
        var caller: Caller?
        var client: String?
        var failure: Failure?
        var firstByte: ContinuousClock.Instant?
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    func isFor(_ route: Route?) {
        state.withLock { state in
            state.route = route?.path
            state.isQuiet = route?.isQuiet ?? false
        }
    }

    func isFrom(_ caller: Caller, _ client: String) { state.withLock { ($0.caller, $0.client) = (caller, client) } }
    func failed(_ failure: Failure) { state.withLock { $0.failure = failure } }

    /// The first call counts.
    func isAnswering() {
        state.withLock { if $0.firstByte == nil { $0.firstByte = .now } }
    }

    func write(to logger: Logger, method: String, status: Int, trace: TraceParent?, error: (any Error)?) {
        let state = state.withLock { $0 }
        var facts: Logger.Metadata = [
            "method": "\(method.printable(16))", "route": "\(state.route ?? "none")", "status": "\(status)",
            "ms": "\(Self.milliseconds(start.duration(to: .now)))",
        ]
        if let first = state.firstByte { facts["first_byte_ms"] = "\(Self.milliseconds(start.duration(to: first)))" }
        if let caller = state.caller { facts["caller"] = "\(caller.rawValue)" }
        if let client = state.client { facts["client"] = "\(client)" }
        if let trace { facts["trace"] = "\(trace.trace)" }
        if let failure = state.failure { facts["cause"] = "\(failure.code.rawValue): \(failure.firstLine)" }
        if error != nil, state.failure == nil { facts["cause"] = "cut: whoever asked is gone, or did not read" }
        logger.log(level: state.isQuiet && status < 400 ? .debug : .info, "request", metadata: facts)
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return ((Double(seconds) * 1000 + Double(attoseconds) / 1e15) * 10).rounded() / 10
    }
}

extension String {
    fileprivate func printable(_ count: Int) -> String { String(unicodeScalars.prefix(count).map { $0.isASCII ? Character($0) : "?" }) }
}
