// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The four steps from a file to a model that answers, in their order (SPECIFICATION: initialiser).
public enum LoadPhase: Int, Sendable, Codable, CaseIterable, Comparable {
    /// What the model's file says, what a person saved for it, and what the machine can give.
    case configuration = 1
    /// How the weights get into memory.
    case mapping
    case engineStart
    /// One real token: only then are pages, caches and kernels warm.
    case warmUp

    public var words: String {
        switch self {
        case .configuration: "load configuration"
        case .mapping: "map memory"
        case .engineStart: "start engine"
        case .warmUp: "warm up"
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How far a load has come.
public struct LoadStep: Sendable, Codable, Equatable {
    public var phase: LoadPhase
    /// What it took; `nil` while it goes on.
    public var seconds: Double?
    /// From 0 to 1, where the engine tells.
    public var share: Double?
    /// What was found or decided, for a person.
    public var words: String?

    public init(_ phase: LoadPhase, seconds: Double? = nil, share: Double? = nil, words: String? = nil) {
        self.phase = phase
        self.seconds = seconds
        self.share = share
        self.words = words
    }

    /// What a model's own files and a person's wishes say.
    public static func configured(_ fit: Fit, saved: Int = 0, after time: Duration) -> LoadStep {
        var parts = [fit.facts.architecture ?? fit.format.rawValue, "context \(fit.context) tokens"]
        if fit.model.task == .chat { parts.append(fit.facts.chatTemplate == nil ? "the engine's template" : "a template of its own") }
        if saved > 0 { parts.append("\(saved) option\(saved == 1 ? "" : "s") of yours") }
        return LoadStep(.configuration, seconds: time / .seconds(1), words: parts.joined(separator: ", "))
    }
}
