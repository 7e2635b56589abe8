// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A real server on loopback that sends exactly the bytes a test tells it to, whether or not they are HTTP, over plain
/// connections or over TLS.
package final class FaultServer: Sendable {
    package enum Step: Sendable {
        case send([UInt8])
        case pause(Duration)
        /// Below TLS: bytes that no record holds.
        case sendRaw([UInt8])
        /// An orderly end.
        case close
        /// The connection is closed without the goodbye of TLS.
        case cut
        /// The connection is torn down (RST).
        case reset
        /// Nothing more, the connection open.
        case hold

        package static func text(_ text: String) -> Step { .send(Array(text.utf8)) }
        /// A whole answer with its length, the connection kept.
        package static func answer(_ status: Int = 200, _ headers: [String] = [], body: String = "") -> Step {
            .text((["HTTP/1.1 \(status) X"] + headers + ["Content-Length: \(body.utf8.count)", "", body]).joined(separator: "\r\n"))
        }
    }

    /// How a server proves who it is.
    package struct Identity: Sendable {
        package var certificate: String
        package var key: String
        /// Speaks TLS 1.0 alone.
        package var isOutdated: Bool

        package init(certificate: String, key: String, isOutdated: Bool = false) {
            self.certificate = certificate
            self.key = key
            self.isOutdated = isOutdated
        }
    }

    /// - Parameter head: everything up to the empty line, as it came.
    package typealias Script = @Sendable (_ head: String) async -> [Step]

    private let channel: any Channel
    private let log: Log
    package let port: Int
    package let url: String

    /// Starts to listen on a free port.
    package static func start(
        host: String = "127.0.0.1", identity: Identity? = nil, _ script: @escaping Script
    ) async throws -> FaultServer {
        let log = Log()
        let context = try identity.map { try secureContext($0) }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                log.connections.withLock { $0 += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context), name: "tls") }
                    try channel.pipeline.syncOperations.addHandler(RawHandler(script: script, log: log))
                }
            }
            .bind(host: host, port: 0).get()
        return FaultServer(channel: channel, log: log, host: host, isSecure: identity != nil)
    }

    private static func secureContext(_ identity: Identity) throws -> NIOSSLContext {
        var configuration = try TLSConfiguration.makeServerConfiguration(
            certificateChain: NIOSSLCertificate.fromPEMFile(identity.certificate).map { .certificate($0) },
            privateKey: .privateKey(NIOSSLPrivateKey(file: identity.key, format: .pem)))
        if identity.isOutdated {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv1
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private init(channel: any Channel, log: Log, host: String, isSecure: Bool) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
        url = "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// What came in so far, request by request, as text.
    package var requests: [String] { log.requests.withLock { $0 } }
    /// How often somebody connected.
    package var connections: Int { log.connections.withLock { $0 } }

    package func stop() async throws { try await channel.close() }

    fileprivate final class Log: Sendable {
        let requests = Mutex<[String]>([])
        let connections = Mutex(0)
    }
}

/// Collects one request head after the other and plays the script's steps. All of it happens on the channel's own event loop,
/// which is the proof for `@unchecked`.
private final class RawHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let script: FaultServer.Script
    private let log: FaultServer.Log
    private var received: [UInt8] = []

    init(script: @escaping FaultServer.Script, log: FaultServer.Log) {
        self.script = script
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += Array(unwrapInboundIn(data).readableBytesView)
        while let end = Self.end(of: received) {
            let head = String(decoding: received[..<end], as: UTF8.self)
            received.removeFirst(end)
            log.requests.withLock { $0.append(head) }
            let (script, channel) = (script, context.channel)
            Task { await Self.play(script(head), on: channel) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (4...bytes.count).first { bytes[$0 - 4..<$0].elementsEqual([13, 10, 13, 10]) }
    }

    /// A client that went away ends the play; that is what some tests are about.
    private static func play(_ steps: [FaultServer.Step], on channel: any Channel) async {
        do { for step in steps { try await play(step, on: channel) } } catch { channel.close(promise: nil) }
    }

    private static func play(_ step: FaultServer.Step, on channel: any Channel) async throws {
        switch step {
        case .send(let bytes): try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
        case .pause(let duration): try await Task.sleep(for: duration)
        case .sendRaw(let bytes):
            try await below(channel) { context in
                let promise = context.eventLoop.makePromise(of: Void.self)
                context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: promise)
                return promise.futureResult
            }
        case .close: try await channel.close()
        case .cut:
            try await below(channel) { context in
                let promise = context.eventLoop.makePromise(of: Void.self)
                context.close(promise: promise)
                return promise.futureResult
            }
        case .reset:
            try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await below(channel) { context in
                let promise = context.eventLoop.makePromise(of: Void.self)
                context.close(promise: promise)
                return promise.futureResult
            }
        case .hold: return
        }
    }

    /// Acts from where TLS hands its records on, or from the end of a plain pipeline.
    private static func below(
        _ channel: any Channel, _ act: @escaping @Sendable (ChannelHandlerContext) -> EventLoopFuture<Void>
    ) async throws {
        try await channel.eventLoop.flatSubmit {
            do {
                let pipeline = channel.pipeline.syncOperations
                let context = try (try? pipeline.context(name: "tls")) ?? pipeline.context(handlerType: RawHandler.self)
                return act(context)
            } catch { return channel.eventLoop.makeFailedFuture(error) }
        }.get()
    }
}
