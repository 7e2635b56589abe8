// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HTTPTypes
import HomeWiseDomain
import Hummingbird

/// How a refusal is written, in the shape that the clients of a dialect read.
enum RefusalPage {
    static func response(_ refusal: Refusal, in dialect: Dialect) -> Response {
        var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        if refusal.status == 401 { headers[.wwwAuthenticate] = "Bearer realm=\"homewise\"" }
        return Response(
            status: .init(code: refusal.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body(refusal, in: dialect))))
    }

    /// For the line, where there is no request to answer.
    static func parts(of refusal: Refusal) -> (status: Int, headers: [(String, String)], body: [UInt8]) {
        let body = body(refusal, in: .native)
        let headers = [
            ("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "\(body.count)"), ("Connection", "close"),
        ]
        return (refusal.status, headers + SafeHeaders.all, body)
    }

    private static func body(_ refusal: Refusal, in dialect: Dialect) -> [UInt8] {
        let failure = refusal.failure
        let sentence = "\(failure.message) \(failure.remedy)"
        do {
            return switch dialect {
            case .native: try encode(failure)
            case .openAI:
                try encode(["error": OpenAI(message: sentence, type: kind(refusal.status), code: failure.code.rawValue)])
            case .anthropic: try encode(Anthropic(error: .init(type: kind(refusal.status), message: sentence)))
            case .ollama: try encode(["error": sentence])
            }
        } catch {
            // Strings are always written; should that ever change, the status still says it.
            return Array("{}".utf8)
        }
    }

    private struct OpenAI: Encodable {
        var message: String
        var type: String
        var code: String
    }

    private struct Anthropic: Encodable {
        struct Inner: Encodable {
            var type: String
            var message: String
        }

        var type = "error"
        var error: Inner
    }

    /// The classes that both OpenAI and Anthropic know.
    private static func kind(_ status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(value))
    }
}

/// Headers that every answer has: it is what its type says, is nobody's picture or script, and is kept nowhere.
enum SafeHeaders {
    static let all = [
        ("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ]

    private static let fields = all.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }

    /// What a route said of its own (the page has a policy of its own) stays.
    static func add(to headers: inout HTTPFields) {
        for (name, value) in fields where headers[name] == nil { headers[name] = value }
    }
}
