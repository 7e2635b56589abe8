// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension Transport.Answer {
    /// What a no means to a person, with how long the host asks to be left alone.
    func refusal(_ status: Int, what: String, by keeper: Gatekeeper) -> Failure {
        let refusal = Failure.refused(host: host, status: status, what: what, by: keeper)
        return retryAfter().map { refusal.adding("retry_after", "\($0.seconds)") } ?? refusal
    }

    /// Judges an answer to a question for a single part of a file that is read into memory. The lanes of a transfer judge by the
    /// same `AnswerCheck`, and can do more about what it finds.
    ///
    /// - Parameters:
    ///   - range: first and last byte that were asked for.
    ///   - size: bytes of the whole, where they are known.
    /// - Returns: which bytes it holds: all that were asked for, or those up to the end of the file.
    /// - Throws: `Failure` for anything else, before a byte is read.
    func part(_ range: ClosedRange<Int64>, of file: RemoteFile, size: Int64?, at address: Int = 0) throws -> ContentRange {
        let check = AnswerCheck(range: range, size: size, isBinary: AnswerCheck.isBinary(name: file.name))
        switch check.verdict(on: head) {
        case .part(let served): return served
        case .whole: throw Failure.badReply(host: host, "it serves no parts of files").adding("retry", "no")
        case .noSuchRange: throw Failure.noSuchRange(host: host, of: file.name)
        case .changed: throw Failure.badReply(host: host, "the file changed while it was being fetched").adding("retry", "no")
        case .refused(let status): throw refusal(status, what: file.name, by: file.addresses[address].keeper)
        case .impossible(let doubt): throw Failure.badReply(host: host, doubt.reason).adding("retry", "no")
        case .wrongSize(let actual):
            throw Failure.wrongSize(file.name, expected: ByteCount(size ?? 0), actual: ByteCount(actual))
        }
    }
}
