// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import NIOCore
import NIOHTTP1
import NIOSSL

/// Why a connection was given up, as the end of a sentence.
struct AnswerFault: Error {
    let reason: String
}

/// Stands between the library's parser and the library, and refuses what the parser lets through: answers that contradict
/// themselves about their length, endless announcements, protocols nobody asked for, an encrypted line cut without a goodbye.
/// The number and length of header lines the parser bounds by itself (256 lines, 80 KiB each).
final class AnswerGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    /// Announcements (1xx) before an answer.
    static let mostAnnouncements = 16

    private var announcements = 0
    private var isInAnswer = false
    private var isGivenUp = false

    /// Statuses that speak of the connection rather than of what was asked.
    static func wantsAnotherConnection(_ status: Int) -> Bool { [408, 421, 425].contains(status) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isGivenUp else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): read(head, context)
        case .body: context.fireChannelRead(data)
        case .end:
            isInAnswer = false
            context.fireChannelRead(data)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An end without a goodbye may have been made by anybody on the line: what came before it is not the whole.
        if isInAnswer, case .uncleanShutdown? = error as? NIOSSLError {
            giveUp("the encrypted line was cut before the end", context)
        } else {
            context.fireErrorCaught(error)
        }
    }

    private func read(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        guard head.status != .switchingProtocols else { return giveUp("it changes to another protocol", context) }
        if head.status.code < 200 {
            announcements += 1
            guard announcements <= Self.mostAnnouncements else { return giveUp("it announces an answer without end", context) }
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        }
        announcements = 0
        isInAnswer = true
        if let reason = Self.doubt(head) { return giveUp(reason, context) }
        var head = head
        // So that the next try is made on another one.
        if Self.wantsAnotherConnection(Int(head.status.code)) { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func giveUp(_ reason: String, _ context: ChannelHandlerContext) {
        isGivenUp = true
        context.fireErrorCaught(AnswerFault(reason: reason))
        context.close(promise: nil)
    }

    /// Nearly every answer tells its length once and nothing else about it.
    private static func doubt(_ head: HTTPResponseHead) -> String? {
        if head.headers["Content-Length"].count <= 1, !head.headers.contains(name: "Transfer-Encoding") { return nil }
        return AnswerHead(status: Int(head.status.code), head.headers.lazy.map { ($0.name, $0.value) }).doubt
    }
}
