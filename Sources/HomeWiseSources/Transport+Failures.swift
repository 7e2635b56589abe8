// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension Transport {
    /// What a library's error means to a person.
    func failure(_ error: any Error, host: String) -> any Error {
        switch error {
        case is CancellationError, is Failure: return error
        case let error as HTTPClientError:
            switch error {
            case .cancelled: return CancellationError()
            case .connectTimeout:
                return Failure.noRoute(host: host, reason: "no answer within \(policy.connectWithin.components.seconds) s")
            case .readTimeout, .deadlineExceeded:
                return Failure.stalled(host: host, seconds: Int(min(policy.stallAfter, policy.answerWithin).components.seconds))
            case .remoteConnectionClosed, .uncleanShutdown: return Failure.badReply(host: host, "it hung up before the end")
            default: return Failure.badReply(host: host, error.shortDescription)
            }
        case let error as NIOConnectionError: return Failure.noRoute(host: host, reason: Self.reason(of: error))
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode):
            return Failure.badReply(host: host, "it hung up before the end")
        case let error as IOError: return Failure.noRoute(host: host, reason: String(cString: strerror(error.errnoCode)))
        case let error as HTTPParserError: return Failure.badReply(host: host, Self.reason(of: error))
        case let error as AnswerFault: return Failure.badReply(host: host, error.reason)
        case is NIOHTTPDecoderError: return Failure.badReply(host: host, "more than was asked for")
        case is NIOSSLError, is BoringSSLError: return Failure.badReply(host: host, "the encrypted line broke")
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof:
            return Failure.badReply(host: host, "it hung up before the end")
        case ChannelError.connectTimeout:
            return Failure.noRoute(host: host, reason: "no answer within \(policy.connectWithin.components.seconds) s")
        default: return Failure.noRoute(host: host, reason: "\(error)")
        }
    }

    private static func reason(of error: HTTPParserError) -> String {
        switch error {
        case .invalidEOFState: "it hung up before the end"
        case .headerOverflow: "its headers have no end"
        case .invalidContentLength: "its length is no number"
        case .unexpectedContentLength: "it tells its length twice"
        default: "it is not valid HTTP"
        }
    }

    static func reason(of error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name is not known here" }
        guard let first = error.connectionErrors.first?.error else { return "no connection" }
        return (first as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(first)"
    }
}

extension Transport.Answer {
    /// The whole body, if it is small. Compressed ones were declined, and are refused rather than unpacked: ten kilobytes can
    /// become ten gigabytes.
    ///
    /// - Throws: `Failure.badReply` when it is larger than `limit` bytes, compressed, or breaks off.
    func data(upTo limit: Int, transport: Transport) async throws -> Data {
        if head.coding != nil { throw Failure.badReply(host: host, "it is compressed although that was declined").adding("retry", "no") }
        do { return try await Data(body.collect(upTo: limit).readableBytesView) } catch is NIOTooManyBytesError {
            throw Failure.badReply(host: host, "more than \(ByteCount(Int64(limit)))")
        } catch { throw transport.failure(error, host: host) }
    }
}
