// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Tells a server to end in order: no new connections, and what is under way has its time.
public final class Drain: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    public init() { (stream, continuation) = AsyncStream.makeStream() }

    /// May be called at any time, and again.
    public func begin() { continuation.finish() }

    /// Returns when it has begun, or when the task is cancelled.
    func begun() async { for await _ in stream {} }
}
