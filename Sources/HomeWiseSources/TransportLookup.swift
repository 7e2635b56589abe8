// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// The system's own way of looking names up.
enum SystemNames {
    /// - Parameter limit: a name service may be silent for a minute, and its call cannot be ended; it is left behind then.
    static func lookup(within limit: Duration) -> NameLookup {
        { name in
            try await Abandonable<[HostAddress]>().run(
                within: limit, late: Failure.noRoute(host: name, reason: "the name service does not answer")
            ) { try addresses(of: name) }
        }
    }

    /// Blocks until the name service has answered.
    ///
    /// - Throws: `Failure.noRoute`.
    static func addresses(of name: String) throws -> [HostAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else {
            let reason = status == EAI_AGAIN ? "the name service does not answer" : "the name is not known here"
            throw Failure.noRoute(host: name, reason: reason)
        }
        defer { freeaddrinfo(list) }
        var addresses: [HostAddress] = []
        var next = list
        while let entry = next {
            if let address = address(entry.pointee), !addresses.contains(address) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> HostAddress? {
        guard let socket = entry.ai_addr else { return nil }
        switch entry.ai_family {
        case AF_INET:
            guard entry.ai_addrlen >= MemoryLayout<sockaddr_in>.size else { return nil }
            return socket.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin_addr) { HostAddress(bytes: Array($0)) }
            }
        case AF_INET6:
            guard entry.ai_addrlen >= MemoryLayout<sockaddr_in6>.size else { return nil }
            return socket.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin6_addr) { HostAddress(bytes: Array($0)) }
            }
        default: return nil
        }
    }
}

/// Waits for a blocking call no longer than it is worth. What comes too late falls to the ground.
private final class Abandonable<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Value, any Error>)
        case over
    }

    private let state = Mutex(State.idle)

    func run(within limit: Duration, late: Failure, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let alarm = Task { [self] in
            try await Task.sleep(for: limit)
            end(.failure(late))
        }
        defer { alarm.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard begin(continuation) else { return continuation.resume(throwing: CancellationError()) }
                Thread.detachNewThread { [self] in end(Result { try body() }) }
            }
        } onCancel: {
            end(.failure(CancellationError()))
        }
    }

    /// - Returns: `false` when it was cancelled before it began.
    private func begin(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
        state.withLock { state in
            guard case .idle = state else { return false }
            state = .waiting(continuation)
            return true
        }
    }

    private func end(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state in
            defer { state = .over }
            return if case .waiting(let continuation) = state { continuation } else { nil as CheckedContinuation<Value, any Error>? }
        }
        waiting?.resume(with: result)
    }
}
