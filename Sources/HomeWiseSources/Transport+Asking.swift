// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension Transport {
    /// Tries in all for one question to a source.
    private static let mostTries = 3
    /// A source that wants more time than this is not waited for: another one may answer at once.
    private static let longestWait: Int64 = 10

    /// GET of something that is read whole: a listing, a manifest, a token. Asked again where the source says that it is busy or
    /// broken just now.
    ///
    /// - Parameter authorization: sent to the origin of `address` alone.
    func ask(_ address: String, headers: [(String, String)] = [], authorization: String? = nil) async throws -> Answer {
        var tries = 0
        while true {
            tries += 1
            let answer = try await get(address, headers: headers, authorization: authorization, within: policy.resolveWithin)
            guard tries < Self.mostTries, let wait = Self.wait(before: answer),
                let delay = policy.delay(afterFailure: tries, jitter: .random(in: 0...1))
            else { return answer }
            try await Task.sleep(for: max(.seconds(delay), wait))
        }
    }

    /// - Returns: how long the source wants to be left alone at least; `nil` where asking again cannot help.
    private static func wait(before answer: Answer) -> Duration? {
        let asked = answer.retryAfter()?.seconds
        switch answer.status {
        case 429, 503:
            guard let asked else { return answer.status == 503 ? .zero : nil }
            return asked <= longestWait ? .seconds(asked) : nil
        case 408, 425, 500, 502, 504: return .zero
        default: return nil
        }
    }
}
