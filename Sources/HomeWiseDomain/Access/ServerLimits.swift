// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What one connection, one client and all together may take of the server.
public struct ServerLimits: Sendable, Equatable {
    public var headers = 100
    /// Bytes of all headers and the address of a request.
    public var headerBytes = 32 << 10
    /// From the opening of a connection to the end of its first request's headers.
    public var head = Duration.seconds(10)
    /// From an answer to the next request's headers.
    public var idle = Duration.seconds(60)
    /// A body that brings less than `leastBytes` in such a time, while we would read it, is given up.
    public var bodyWindow = Duration.seconds(15)
    public var leastBytes = 4 << 10
    /// A client that takes nothing of its answer for so long is gone or does not read.
    public var stall = Duration.seconds(30)
    /// Bytes of a body that are read to nowhere after it was answered.
    public var lateBytes = 256 << 10
    public var late = Duration.seconds(5)
    public var connections = 512
    /// For one address of another machine.
    public var connectionsPerClient = 64
    /// What answers under way have left when the server is told to end.
    public var drain = Duration.seconds(10)

    public init() {}
}
