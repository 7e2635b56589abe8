// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a model is loaded for. An engine is started for one of them, and refuses the others.
public enum ModelTask: String, Sendable, Codable, CaseIterable {
    /// Answers in turns, by the model's own template.
    case chat
    /// Continues a text.
    case completion
    /// Turns texts into vectors.
    case embedding
    /// Judges how well documents answer a question.
    case rerank

    /// Whether tokens are written: then the cache of the context is filled word by word.
    public var isWriting: Bool { self == .chat || self == .completion }
}

extension ModelInfo {
    /// What it is made for; of several the one that people mean first.
    public var task: ModelTask {
        guard let capabilities else { return .chat }
        if writes { return isChat ? .chat : .completion }
        return capabilities.contains(.rerank) ? .rerank : .embedding
    }
}
