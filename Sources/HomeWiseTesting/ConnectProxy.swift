// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import NIOCore
import NIOPosix
import Synchronization

/// A real proxy on loopback: does CONNECT, or SOCKS 5, and connects every name to this machine.
package final class ConnectProxy: Sendable {
    package struct Manners: Sendable {
        /// Value of `Proxy-Authorization` without which it answers 407.
        package var secret: String?
        /// Answers this to every request instead of connecting.
        package var refusal: Int?
        /// Hangs up after so many bytes from the far side.
        package var hangsUpAfter: Int?
        /// Speaks SOCKS 5 in place of HTTP.
        package var isSocks: Bool

        package init(secret: String? = nil, refusal: Int? = nil, hangsUpAfter: Int? = nil, isSocks: Bool = false) {
            self.secret = secret
            self.refusal = refusal
            self.hangsUpAfter = hangsUpAfter
            self.isSocks = isSocks
        }
    }

    private let channel: any Channel
    private let log: Log
    package let port: Int

    package static func start(_ manners: Manners = Manners()) async throws -> ConnectProxy {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectHandler(manners: manners, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ConnectProxy(channel: channel, log: log)
    }

    private init(channel: any Channel, log: Log) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    /// The heads of all requests so far.
    package var requests: [String] { log.requests.withLock { $0 } }
    package func stop() async throws { try await channel.close() }

    fileprivate final class Log: Sendable { let requests = Mutex<[String]>([]) }
}

/// Reads one CONNECT and becomes one half of a tunnel. Both halves live on one event loop, which is the proof for `@unchecked`.
private final class ConnectHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let manners: ConnectProxy.Manners
    private let log: ConnectProxy.Log
    private var head: [UInt8] = []
    private var farSide: (any Channel)?

    init(manners: ConnectProxy.Manners, log: ConnectProxy.Log) {
        self.manners = manners
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let farSide { return farSide.writeAndFlush(buffer, promise: nil) }
        head += Array(buffer.readableBytesView)
        if manners.isSocks { return readSocks(context) }
        guard head.suffix(4).elementsEqual([13, 10, 13, 10]) else { return }
        let text = String(decoding: head, as: UTF8.self)
        log.requests.withLock { $0.append(text) }
        if let answer = refusal(of: text) {
            let channel = context.channel
            return channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 \(answer) No\r\nContent-Length: 0\r\n\r\n")).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
        connect(toPortIn: text, context)
    }

    func channelInactive(context: ChannelHandlerContext) { farSide?.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func refusal(of text: String) -> Int? {
        if let refusal = manners.refusal { return refusal }
        guard let secret = manners.secret else { return nil }
        return text.lowercased().contains("proxy-authorization: \(secret.lowercased())\r\n") ? nil : 407
    }

    /// RFC 1928, for names alone: a greeting, then version, command, nothing, kind 3, length, name, port.
    private func readSocks(_ context: ChannelHandlerContext) {
        if head.count >= 2, head.count == 2 + Int(head[1]) {
            head = []
            return context.writeAndFlush(NIOAny(ByteBuffer(bytes: [5, 0])), promise: nil)
        }
        guard head.count > 5, head[3] == 3, head.count == 7 + Int(head[4]) else { return }
        let port = Int(head[head.count - 2]) << 8 | Int(head[head.count - 1])
        let name = String(decoding: head[5..<head.count - 2], as: UTF8.self)
        log.requests.withLock { $0.append("SOCKS \(name):\(port)") }
        if manners.refusal != nil { return context.writeAndFlush(NIOAny(ByteBuffer(bytes: [5, 2, 0, 1, 0, 0, 0, 0, 0, 0])), promise: nil) }
        connect(to: port, greeting: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], context)
    }

    private func connect(toPortIn text: String, _ context: ChannelHandlerContext) {
        let target = text.split(separator: " ").dropFirst().first ?? ""
        guard text.hasPrefix("CONNECT "), let port = target.split(separator: ":").last.flatMap({ Int($0) }) else {
            return context.close(promise: nil)
        }
        connect(to: port, greeting: Array("HTTP/1.1 200 Connected\r\n\r\n".utf8), context)
    }

    private func connect(to port: Int, greeting: [UInt8], _ context: ChannelHandlerContext) {
        let near = context.channel
        let limit = manners.hangsUpAfter
        ClientBootstrap(group: near.eventLoop)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture { try far.pipeline.syncOperations.addHandler(FarHandler(near: near, limit: limit)) }
            }
            .connect(host: "127.0.0.1", port: port).whenComplete { result in
                switch result {
                case .success(let far):
                    self.farSide = far
                    near.writeAndFlush(ByteBuffer(bytes: greeting), promise: nil)
                case .failure: near.close(promise: nil)
                }
            }
    }
}

private final class FarHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let near: any Channel
    private var left: Int

    init(near: any Channel, limit: Int?) {
        self.near = near
        left = limit ?? .max
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        left -= buffer.readableBytes
        if left < 0 { near.close(promise: nil) } else { near.writeAndFlush(buffer, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { near.close(promise: nil) }
}
