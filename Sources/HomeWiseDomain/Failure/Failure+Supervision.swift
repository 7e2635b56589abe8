// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension Failure.Code {
    /// It died too often; it is left alone until a person starts it by name.
    public static let quarantined = Self(rawValue: "quarantined")
    /// Nobody took the answer that the engine wrote.
    public static let answerNotRead = Self(rawValue: "answer_not_read")
}

extension Failure {
    /// - Parameters:
    ///   - since: seconds since 1970.
    ///   - cause: why it died the last time.
    public static func quarantined(_ model: String, since: Double, cause: String?) -> Failure {
        Failure(
            .quarantined,
            "\(model) is left alone since \(Date(timeIntervalSince1970: since).formatted(.iso8601)): its engine died more than "
                + "\(CrashLoop.most) times within \(Int(CrashLoop.window)) s"
                + (cause.map { ". The last time: \($0)" } ?? "."),
            remedy: "To try again, name it: homewise run \(model). If it dies again: homewise verify \(model), or another model.",
            detail: ["since": "\(since)"])
    }

    /// An engine that lives and does not answer. It is to be ended: who asks next gets its successor.
    public static func engineStuck(_ fault: AnswerWatch.Fault) -> Failure {
        if case .tooLong = fault { return .badReply(host: "the engine", "an answer without end: \(fault.words)") }
        return .engineDied(ExitCause(.hung, fault.words), tail: [])
    }

    public static func answerNotRead(parts: Int) -> Failure {
        Failure(
            .answerNotRead, "The answer was ended, because nobody read it: \(parts) pieces of it were waiting.",
            remedy: "Ask again, and read the answer while it is written.")
    }
}
