// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import NIOCore
import NIOHTTP1

/// Holds a connection to its limits: it ends one that is too slow to ask, too slow to send, or does not read, and answers what the
/// parser refuses. It lives on its connection's own event loop.
final class LineGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Clock { case head, body, stall, late }

    private let visit: Visit
    private let doors: Doors
    private var limits: ServerLimits { doors.limits }
    private var timers: [Clock: Scheduled<Void>] = [:]

    /// Requests that were read and not answered to the end.
    private var owed = 0
    private var isReadingBody = false
    /// Whether we asked for more than has come: what does not come then is the client's slowness, not ours.
    private var isWaitingForBytes = false
    private var bytesInWindow = 0
    private var lateBytes = 0
    /// Refused: nothing that comes is looked at any more.
    private var isOver = false

    init(visit: Visit, doors: Doors) {
        self.visit = visit
        self.doors = doors
    }

    func handlerAdded(context: ChannelHandlerContext) { start(.head, after: limits.head, context) { $0.close(promise: nil) } }

    func handlerRemoved(context: ChannelHandlerContext) { stopAll() }

    func channelInactive(context: ChannelHandlerContext) {
        stopAll()
        context.fireChannelInactive()
    }

    // MARK: What comes

    func read(context: ChannelHandlerContext) {
        isWaitingForBytes = true
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isWaitingForBytes = false
        context.fireChannelReadComplete()
        // What is still on its way is read to nowhere: closing at once would tear the refusal out of the client's hands.
        if isOver { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let refusal = Self.refusal(of: head) { return refuse(refusal, context) }
            begin(context)
        case .body(let buffer):
            bytesInWindow += buffer.readableBytes
            if owed == 0, isTooLate(buffer.readableBytes) { return context.close(promise: nil) }
        case .end:
            isReadingBody = false
            stop(.body)
            stop(.late)
            if owed == 0 { waitForRequest(context) }
        }
        context.fireChannelRead(data)
    }

    private func begin(_ context: ChannelHandlerContext) {
        if owed == 0 { doors.isServed(visit) }
        owed += 1
        (isReadingBody, bytesInWindow, lateBytes) = (true, 0, 0)
        stop(.head)
        watchBody(context)
    }

    private func watchBody(_ context: ChannelHandlerContext) {
        start(.body, after: limits.bodyWindow, context) { [self] context in
            guard isReadingBody else { return }
            // Where we did not ask for more, nothing could come.
            guard !isWaitingForBytes || bytesInWindow >= limits.leastBytes else { return context.close(promise: nil) }
            bytesInWindow = 0
            watchBody(context)
        }
    }

    private func isTooLate(_ count: Int) -> Bool {
        lateBytes += count
        return lateBytes > limits.lateBytes
    }

    // MARK: What goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isOver {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        // An answer of several parts ends but once; what comes before it (100 Continue) has no end.
        owed = max(0, owed - 1)
        context.write(data, promise: promise)
        guard owed == 0 else { return }
        if isReadingBody {
            stop(.body)
            start(.late, after: limits.late, context) { $0.close(promise: nil) }
        } else {
            waitForRequest(context)
        }
    }

    private func waitForRequest(_ context: ChannelHandlerContext) {
        doors.waits(visit)
        start(.head, after: limits.idle, context) { $0.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { stop(.stall) } else { start(.stall, after: limits.stall, context) { $0.close(promise: nil) } }
        context.fireChannelWritabilityChanged()
    }

    // MARK: What is refused

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isOver { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        refuse(error == .headerOverflow ? .headersTooLong : .malformed, context)
    }

    /// What the parser lets through and we do not: a target that is no path, a path with control characters in it.
    private static func refusal(of head: HTTPRequestHead) -> Refusal? {
        guard head.uri.utf8.first == UInt8(ascii: "/") || head.method == .OPTIONS && head.uri == "*" else { return .malformed }
        guard head.uri.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }), !hasEncodedControl(head.uri) else { return .malformed }
        guard head.headers["Host"].count <= 1 else { return .ambiguousHost }
        return head.version == .http1_1 || head.version == .http1_0 ? nil : .malformed
    }

    /// “%00” to “%1f” and “%7f” in the path.
    private static func hasEncodedControl(_ uri: String) -> Bool {
        let path = uri.utf8.prefix { $0 != UInt8(ascii: "?") }
        var rest = path[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            let digits = rest[percent...].dropFirst().prefix(2)
            if let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), code < 0x20 || code == 0x7f { return true }
            rest = rest[percent...].dropFirst()
        }
        return false
    }

    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        isOver = true
        stopAll()
        // In the middle of an answer nothing can be said.
        guard owed == 0 else { return context.close(promise: nil) }
        let (status, headers, body) = RefusalPage.parts(of: refusal)
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers)))), promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        start(.late, after: .seconds(1), context) { $0.close(promise: nil) }
        context.read()
    }

    // MARK: Time

    private func start(
        _ clock: Clock, after time: Duration, _ context: ChannelHandlerContext, _ act: @escaping (ChannelHandlerContext) -> Void
    ) {
        timers[clock]?.cancel()
        timers[clock] = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
            self?.timers[clock] = nil
            act(context)
        }
    }

    private func stop(_ clock: Clock) { timers.removeValue(forKey: clock)?.cancel() }

    private func stopAll() {
        timers.values.forEach { $0.cancel() }
        timers = [:]
    }
}

@available(*, unavailable)
extension LineGuard: Sendable {}
