// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One model on its way, or waiting for its turn.
public struct DownloadJob: Sendable, Equatable, Identifiable, Encodable {
    public enum State: Sendable, Equatable {
        case queued
        case running(DownloadPhase)
        /// What was fetched is kept.
        case paused
        case done
        case failed(Failure)
        case cancelled

        /// Nothing more comes of it.
        public var isFinal: Bool {
            switch self {
            case .queued, .running, .paused: false
            case .done, .failed, .cancelled: true
            }
        }

        public var isRunning: Bool { if case .running = self { true } else { false } }
    }

    public let id: Int
    /// As the house names it.
    public let model: String
    /// The higher one goes first; among equals the one that was asked for first.
    public var priority: Int
    public var state: State

    enum CodingKeys: CodingKey { case id, model, priority, state, phase, failure }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(model, forKey: .model)
        try container.encode(priority, forKey: .priority)
        try container.encode(state.word, forKey: .state)
        if case .running(let phase) = state { try container.encode(phase, forKey: .phase) }
        if case .failed(let failure) = state { try container.encode(failure, forKey: .failure) }
    }
}

extension DownloadJob.State {
    public var word: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .paused: "paused"
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }
}
