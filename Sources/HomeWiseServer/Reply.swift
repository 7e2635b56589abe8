// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import Hummingbird
import NIOCore
import NIOHTTP1

/// How answers are written, and questions read.
enum Reply {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        try Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: encoder().encode(value))))
    }

    /// Lines of JSON, each sent when it comes. A failure is the last line: the head is on its way already.
    ///
    /// Whoever hangs up is missed at once, also while nothing is written: then the work is for nobody, and is cancelled.
    ///
    /// - Parameter request: as it came, read by `body`. Its connection is of no more use afterwards, which is said.
    static func lines(for request: Request, _ body: @escaping @Sendable (@escaping HouseServer.Send) async throws -> Void) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/x-ndjson", .connection: "close"],
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    let (lines, continuation) = AsyncStream<DaemonWire.Line>.makeStream()
                    let work = Task {
                        defer { continuation.finish() }
                        do { try await body { continuation.yield($0) } } catch {
                            continuation.yield(.failed(Failure.wrapping(error, doing: "working for a program")))
                        }
                    }
                    // Also where a line could not be written, or nobody is there to read it.
                    defer { work.cancel() }
                    for await line in lines { try await writer.write(ByteBuffer(bytes: encoder().encode(line) + [0x0A])) }
                }
                try await writer.finish(nil)
            })
    }

    /// - Throws: `Failure.badInput` for what is no such question.
    static func body<Value: Decodable>(_ type: Value.Type, of request: inout Request) async throws -> Value {
        let buffer = try await request.collectBody(upTo: RouteTable.longestBody)
        do { return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView)) } catch let error as DecodingError {
            throw Failure.badInput("The request cannot be read: \(error)", remedy: "Send the JSON that the documentation shows.")
        }
    }

    private static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

/// Every failure leaves as itself, with its code, its sentence and its remedy.
struct FailureMiddleware: RouterMiddleware {
    typealias Context = HouseContext

    func handle(_ request: Request, context: HouseContext, next: (Request, HouseContext) async throws -> Response) async throws -> Response
    {
        do { return try await next(request, context) } catch let error as any HTTPResponseError {
            throw error
        } catch let refusal as Refusal {
            throw refusal
        } catch let error as HTTPParserError {
            throw error
        } catch {
            let failure = Failure.wrapping(error, doing: "answering a program")
            context.entry.failed(failure)
            return try Reply.json(failure, status: failure.code == .badInput ? .badRequest : .internalServerError)
        }
    }
}
