// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HTTPTypes
import HomeWiseDomain
import Hummingbird
import NIOCore

extension WorkerResponder {
    /// Answers a conversation, or goes on with a text. What can be refused is refused before anybody waits.
    func text(_ request: Request, _ dialect: Dialect) async throws -> Response {
        let engine = try worker.engine()
        let (request, fields) = try await read(request)
        guard case .text(let model, let desk, _) = engine else {
            throw Failure.requestNotSupported("this model makes vectors and writes no text")
        }
        let options = try fields.sampling()
        let prompt = try await prompt(fields, dialect, desk)
        let answer = try TextAnswer(model: model, desk: desk, prompt: prompt, options: options)
        let isUsageWanted = fields["stream_options"]?["include_usage"]?.bool == true
        let reply = Reply(dialect, model: worker.alias, isUsageWanted: isUsageWanted)
        return try await fields.flag("stream") ? stream(answer, reply, request) : whole(answer, reply, request)
    }

    private func prompt(_ fields: RequestFields, _ dialect: Dialect, _ desk: PromptDesk) async throws -> [Int32] {
        if dialect == .chat { return try await desk.prompt(fields.messages()) }
        guard let prompt = try fields.text("prompt") else { throw Failure.badRequest("“prompt” is missing") }
        return try await desk.prompt(prompt)
    }

    private func whole(_ answer: TextAnswer, _ reply: Reply, _ request: Request) async throws -> Response {
        try await Self.untilHungUp(request) {
            try await worker.withTurn { brake in
                var text = ""
                let end = try await answer.run(brake) { text += $0 }
                return Self.response(reply.whole(text, end), closes: true)
            }
        }
    }

    private func stream(_ answer: TextAnswer, _ reply: Reply, _ request: Request) -> Response {
        let worker = worker
        let body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                do {
                    try await worker.withTurn { brake in
                        if let opening = reply.opening { try await writer.write(Self.event(opening)) }
                        let end = try await answer.run(brake) { try await writer.write(Self.event(reply.piece($0))) }
                        for last in reply.closing(end) { try await writer.write(Self.event(last)) }
                    }
                    if reply.dialect != .native { try await writer.write(ByteBuffer(string: "data: [DONE]\n\n")) }
                } catch let failure as Failure {
                    // No [DONE] behind it: the answer is not whole.
                    try await writer.write(Self.event(ErrorReply(failure).body))
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-cache", .connection: "close"], body: body)
    }

    private static func event(_ json: JSONText) -> ByteBuffer { ByteBuffer(string: "data: \(json.text)\n\n") }
}
