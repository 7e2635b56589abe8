// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP server on this machine's loopback, or on a Unix socket, that answers as a test tells it to, faults included.
package final class LoopbackServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        package var path: String
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
        /// Waits until whoever asked has closed the connection.
        package let untilHungUp: @Sendable () async -> Void

        package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    }

    package struct Reply: Sendable {
        package enum End: Sendable {
            case complete
            /// Closes the connection after so many bytes of the body.
            case hangUp(after: Int)
            /// Sends so many bytes of the body and then nothing more, the connection open.
            case stall(after: Int)
        }

        package var status: Int
        package var headers: [(String, String)]
        package var chunks: [[UInt8]]
        package var end: End
        /// Wait between chunks.
        package var pause: Duration

        package init(
            _ status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = [], end: End = .complete
        ) {
            self.init(status, headers: headers + [("Content-Length", "\(body.count)")], chunks: [body], end: end)
        }

        package init(
            _ status: Int, headers: [(String, String)], chunks: [[UInt8]], end: End = .complete, pause: Duration = .zero
        ) {
            self.status = status
            self.headers = headers
            self.chunks = chunks
            self.end = end
            self.pause = pause
        }
    }

    package typealias Script = @Sendable (Request) async -> Reply

    private let channel: any Channel
    private let log: Log
    /// “http://127.0.0.1:port”; empty on a Unix socket.
    package let url: String

    /// Starts to listen.
    ///
    /// - Parameter port: 0 for a free one; that of a server that was stopped, to be it again.
    package static func start(port: Int = 0, _ script: @escaping Script) async throws -> LoopbackServer {
        let log = Log()
        let channel = try await bootstrap(script, log).bind(host: "127.0.0.1", port: port).get()
        return LoopbackServer(channel: channel, log: log, url: "http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
    }

    package static func start(socket: String, _ script: @escaping Script) async throws -> LoopbackServer {
        let log = Log()
        let channel = try await bootstrap(script, log).bind(unixDomainSocketPath: socket).get()
        return LoopbackServer(channel: channel, log: log, url: "")
    }

    private static func bootstrap(_ script: @escaping Script, _ log: Log) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script: script, log: log))
                }
            }
    }

    private init(channel: any Channel, log: Log, url: String) {
        self.channel = channel
        self.log = log
        self.url = url
    }

    /// What was asked so far.
    package var requests: [Request] { log.requests.withLock { $0 } }

    package func waitUntilClosed() async throws { try await channel.closeFuture.get() }
    package func stop() async throws { try await channel.close() }

    fileprivate final class Log: Sendable { let requests = Mutex<[Request]>([]) }
}

/// Collects one request, asks the script and plays its reply. All of it happens on the channel's own event loop, which
/// is the proof for `@unchecked`.
private final class ScriptHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: LoopbackServer.Script
    private let log: LoopbackServer.Log
    private var request: LoopbackServer.Request?

    init(script: @escaping LoopbackServer.Script, log: LoopbackServer.Log) {
        self.script = script
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let closing = context.channel.closeFuture
            request = .init(
                method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) }, body: [],
                // A connection that ends by an error has ended.
                untilHungUp: { try? await closing.get() })
        case .body(let buffer): request?.body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let request else { return }
            self.request = nil
            log.requests.withLock { $0.append(request) }
            let (script, channel) = (script, context.channel)
            Task { await Self.play(script(request), on: channel) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// A client that went away ends the play; that is what some tests are about.
    private static func play(_ reply: LoopbackServer.Reply, on channel: any Channel) async {
        let limit: Int? =
            switch reply.end {
            case .complete: nil
            case .hangUp(let count), .stall(let count): count
            }
        do {
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: HTTPHeaders(reply.headers))
            try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
            var sent = 0
            for chunk in reply.chunks {
                let part = limit.map { Array(chunk.prefix(max(0, $0 - sent))) } ?? chunk
                if !part.isEmpty {
                    try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: part))))
                    sent += part.count
                }
                if let limit, sent >= limit { break }
                if reply.pause > .zero { try await Task.sleep(for: reply.pause) }
            }
            switch reply.end {
            case .complete: try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
            case .hangUp: try await channel.close()
            case .stall: return
            }
        } catch { channel.close(promise: nil) }
    }
}
