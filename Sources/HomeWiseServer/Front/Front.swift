// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HTTPTypes
import HomeWiseDomain
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// What every request goes through, from the line to its answer.
struct Front: Sendable {
    private let responder: RouterResponder<HouseContext>
    private let doors: Doors
    private let logger: Logger

    init(routes: RouteTable, gate: Gate, doors: Doors, logger: Logger) {
        let router = Router(context: HouseContext.self)
        router.add(middleware: gate)
        router.add(middleware: FailureMiddleware())
        routes.addAll(to: router)
        responder = router.buildResponder()
        self.doors = doors
        self.logger = logger
    }

    @Sendable func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        var context = HouseContext(source: .init(channel: channel, logger: logger))
        context.visit = doors.visit(of: channel)
        context.trace = Self.trace(of: request)
        let response = try await response(to: request, context)
        do {
            try await Self.write(response, writer, context.entry)
            log(request, context, response, nil)
        } catch {
            log(request, context, response, error)
            throw LineBroke(error: error)
        }
    }

    private struct LineBroke: Error {
        let error: any Error
    }

    private func response(to request: Request, _ context: HouseContext) async throws -> Response {
        var response: Response
        do { response = try await responder.respond(to: request, context: context) } catch let error as HTTPParserError {
            // The line answers that.
            throw error
        } catch {
            let failure = Failure.wrapping(error, doing: "answering a program")
            context.entry.failed(failure)
            response = RefusalPage.response(Refusal(500, failure), in: .native)
        }
        SafeHeaders.add(to: &response.headers)
        response.headers[.date] = HTTPDate.text(of: Date())
        response.headers[.server] = "homewise"
        // The head alone, with the length that the body would have.
        return request.method == .head ? Self.withoutBody(response) : response
    }

    private static func withoutBody(_ response: Response) -> Response {
        var head = Response(status: response.status, headers: response.headers, body: .init())
        if let length = response.body.contentLength {
            head.headers[.contentLength] = "\(length)"
        } else {
            head.headers[.contentLength] = nil
        }
        return head
    }

    /// Short answers go out in one piece, the others as they come.
    private static func write(_ response: Response, _ writer: consuming ResponseWriter, _ entry: LogEntry) async throws {
        guard response.body.contentLength == nil else {
            try await writer.write(response: response.head, body: response.body)
            return entry.isAnswering()
        }
        let body = response.body
        let line = try await writer.writeHead(response.head)
        try await body.write(TimedWriter(line: line, entry: entry))
    }

    private func log(_ request: Request, _ context: HouseContext, _ response: Response, _ error: (any Error)?) {
        context.entry.write(
            to: logger, method: request.method.rawValue, status: response.status.code, trace: context.trace, error: error)
    }

    private static func trace(of request: Request) -> TraceParent? {
        guard let name = HTTPField.Name("traceparent"), let text = request.headers[name] else { return nil }
        return TraceParent(text)?.child(.random(in: 1 ... .max))
    }
}

/// Notes when the first bytes of a body went out.
private struct TimedWriter: ResponseBodyWriter {
    var line: any ResponseBodyWriter
    let entry: LogEntry

    mutating func write(_ buffer: ByteBuffer) async throws {
        try await line.write(buffer)
        entry.isAnswering()
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await line.finish(trailingHeaders) }
}
