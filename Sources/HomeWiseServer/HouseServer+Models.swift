// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseKit

extension HouseServer {
    typealias Send = @Sendable (DaemonWire.Line) async throws -> Void

    /// Loads a model, and tells of each step.
    func load(_ wanted: DaemonWire.Load, _ send: @escaping Send) async throws {
        let report = try await telling(of: wanted.model, send) {
            try await residency.load(wanted.model, options: wanted.options, naming: wanted.naming)
        }
        guard let report else { throw Failure.unloaded(wanted.model) }
        try await send(.loaded(report))
    }

    /// One request to a model, which is loaded where it is not.
    func answer(_ question: DaemonWire.Ask, _ send: @escaping Send) async throws {
        let speaker = try await telling(of: question.model, send) {
            try await residency.withModel(
                question.model, options: question.options, naming: question.naming, client: "local", limit: question.limit
            ) { guest in
                let (parts, continuation) = AsyncStream<AnswerPart>.makeStream()
                return try await withThrowingTaskGroup(of: Speaker?.self) { group in
                    group.addTask {
                        defer { continuation.finish() }
                        return try await Speaker(guest.conversation.answer(question.messages) { part, _ in continuation.yield(part) })
                    }
                    group.addTask {
                        for await part in parts { try await send(.part(part)) }
                        return nil
                    }
                    var speaker: Speaker?
                    while let outcome = try await group.next() { speaker = outcome ?? speaker }
                    guard let speaker else { throw CancellationError() }
                    return speaker
                }
            }
        }
        try await send(.answered(speaker))
    }

    /// Runs work and passes on what is told of a model meanwhile.
    private func telling<Value: Sendable>(
        of model: String, _ send: @escaping Send, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (id, events) = feed.subscribe()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                // What was told by then is sent all the same.
                defer { feed.unsubscribe(id) }
                return try await work()
            }
            group.addTask {
                for await event in events { if let line = line(of: event, about: model) { try await send(line) } }
                return nil
            }
            var value: Value?
            while let outcome = try await group.next() { value = outcome ?? value }
            guard let value else { throw CancellationError() }
            return value
        }
    }

    private func line(of event: ResidencyEvent, about model: String) -> DaemonWire.Line? {
        guard case .model(let key, let event) = event, key == model || key.hasPrefix(model + ":") else { return nil }
        if case .loading(let step) = event { return .step(step) }
        return words(event).map { .told(label: $0.label, text: $0.text) }
    }
}
