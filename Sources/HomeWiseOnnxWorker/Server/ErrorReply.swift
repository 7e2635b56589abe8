// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// A failure in the shape of OpenAI's interface, with the figures that llama-server adds.
struct ErrorReply {
    let status: Int
    let body: JSONText

    init(_ failure: Failure) {
        let (status, type) = Self.kind(of: failure.code)
        self.status = status
        var members: [(String, JSONText)] = [
            ("code", .integer(status)), ("message", .string(failure.message)), ("type", .string(type)),
        ]
        for name in ["n_prompt_tokens", "n_ctx"] {
            if let number = failure.detail[name].flatMap({ Int($0) }) { members.append((name, .integer(number))) }
        }
        body = .object([("error", .object(members))])
    }

    private static func kind(of code: Failure.Code) -> (Int, String) {
        switch code {
        case .badInput: (400, "invalid_request_error")
        case .promptTooLong: (400, "exceed_context_size_error")
        case .wrongKey: (401, "authentication_error")
        case .unknownRoute: (404, "not_found_error")
        case .wrongMethod: (405, "invalid_request_error")
        case .requestTooLarge: (413, "invalid_request_error")
        case .notSupported: (501, "not_supported_error")
        case .stillLoading, .shuttingDown: (503, "unavailable_error")
        default: (500, "server_error")
        }
    }
}
