// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain

/// A conversation, wherever its model runs: in this process, or in the one that serves.
public protocol Talk: Sendable {
    /// The model that answers, once it is ready.
    func speaker() async throws -> Speaker
    /// Asks and hands over the answer as it is written.
    ///
    /// - Returns: the model that answered.
    func put(_ prompt: String, onPart: @escaping @Sendable (AnswerPart) -> Void) async throws -> Speaker
    /// Takes the last question and what was answered to it out of the history, to ask it again.
    func takeBack() async
    func forget() async
    /// What the engine's process takes of memory now: all of it, and the part that can not be dropped.
    func memory() async -> (resident: ByteCount, anonymous: ByteCount)?
}

extension Conversation: Talk {
    public func speaker() async throws -> Speaker { try await Speaker(fit()) }

    public func put(_ prompt: String, onPart: @escaping @Sendable (AnswerPart) -> Void) async throws -> Speaker {
        try await Speaker(ask(prompt, onPart: onPart))
    }
}
