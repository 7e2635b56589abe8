// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseKit
import Synchronization

/// A conversation with a model that `homewise serve` has loaded.
actor RemoteConversation: Talk {
    private let client: DaemonClient
    private let report: ResidentReport
    private let options: ModelOptions
    private let naming: Naming
    private let limit: Int?
    private let story: Story
    private let name: String
    private let isChat: Bool
    private var history: [ChatMessage] = []

    init(
        _ client: DaemonClient, _ report: ResidentReport, _ options: ModelOptions, _ naming: Naming, of fit: Fit, limit: Int?, story: Story
    ) {
        (self.client, self.report, self.options, self.naming, self.limit, self.story) = (client, report, options, naming, limit, story)
        (name, isChat) = (fit.model.name, fit.model.isChat)
    }

    func speaker() -> Speaker { Speaker(key: report.key, name: name, isChat: isChat) }

    func put(_ prompt: String, onPart: @escaping @Sendable (AnswerPart) -> Void) async throws -> Speaker {
        let written = Mutex("")
        let question = DaemonWire.Ask(
            model: report.key, options: options, naming: naming, messages: (isChat ? history : []) + [ChatMessage(.user, prompt)],
            limit: limit)
        defer { keep(prompt, written.withLock { $0 }) }
        return try await client.ask(question) { [story] line in
            guard case .part(let part) = line else { return story.tell(line) }
            if case .text(let text) = part { written.withLock { $0 += text } }
            onPart(part)
        }
    }

    private func keep(_ prompt: String, _ answer: String) {
        if !answer.isEmpty { history += [ChatMessage(.user, prompt), ChatMessage(.assistant, answer)] }
    }

    func takeBack() {
        guard let question = history.lastIndex(where: { $0.role == .user }) else { return }
        history.removeSubrange(question...)
    }

    func forget() { history = [] }

    func memory() async -> (resident: ByteCount, anonymous: ByteCount)? {
        // Figures for a person's eyes: without them the answer is as good.
        guard let now = try? await client.loaded().first(where: { $0.key == report.key }), let resident = now.resident,
            let anonymous = now.anonymous
        else { return nil }
        return (resident, anonymous)
    }
}
