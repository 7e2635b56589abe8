// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Chooses: which models run well on this machine, best first, and for every other the one reason that ruled it out.
public struct Planner: Sendable {
    public var machine: SystemCapabilities
    public var wish: Wish
    /// Tokens per second that models reached here before, by “model:quantization”.
    public var measured: [String: Double]
    /// Models whose files are here already, by “model:quantization”: they need no more disk.
    public var installed: Set<String>
    /// Names of terms that the person accepted.
    public var accepted: Set<String>
    /// Bytes of disk that unfinished transfers of a model hold already, by “model:quantization”.
    public var reserved: [String: Int64]

    public init(
        machine: SystemCapabilities, wish: Wish = Wish(), measured: [String: Double] = [:], installed: Set<String> = [],
        accepted: Set<String> = [], reserved: [String: Int64] = [:]
    ) {
        self.machine = machine
        self.wish = wish
        self.measured = measured
        self.installed = installed
        self.accepted = accepted
        self.reserved = reserved
    }

    /// Every model of the registry is either a fit, best first, or a rejection with its reason.
    public func choose(from registry: ModelRegistry) -> Choice {
        var choice = Choice()
        for model in registry.models {
            switch assess(model) {
            case .success(let fit): choice.ranked.append(fit)
            case .failure(let rejection): choice.rejected.append(rejection)
            }
        }
        choice.ranked.sort { ($0.quality, $0.speed.tokensPerSecond) > ($1.quality, $1.speed.tokensPerSecond) }
        choice.rejected.sort { ($0.quality, $1.model.id) > ($1.quality, $0.model.id) }
        return choice
    }

    /// The best variant of one model, largest first, under all constraints.
    public func assess(_ model: ModelInfo, quantization: String? = nil) -> Result<Fit, Rejection> {
        if let reason = refusal(of: model) { return .failure(Rejection(model: model, kind: reason.kind, reason: reason.text)) }
        var last: Rejection?
        for variant in variants(of: model, quantization: quantization) {
            let fit = plan(model, variant)
            guard let reason = obstacle(to: fit) else { return .success(fit) }
            last = Rejection(model: model, kind: reason.kind, reason: reason.text, fit: fit)
        }
        return .failure(last ?? Rejection(model: model, kind: .unsupported, reason: "the registry names no file for it"))
    }

    private func variants(of model: ModelInfo, quantization: String?) -> [ModelVariant] {
        (model.variants ?? [])
            .filter { quantization == nil || $0.quantization.lowercased() == quantization }
            .sorted { $0.size > $1.size }
    }

    private func plan(_ model: ModelInfo, _ variant: ModelVariant) -> Fit {
        let context = min(wish.context, model.contextLength ?? wish.context)
        let key = Fit.key(model, variant)
        return Fit(
            model: model, variant: variant, context: context,
            memory: MemoryEstimate(model.facts(variant), file: variant.size, ContextOptions(context: context), cpu: machine.cpu),
            speed: measured[key].map { SpeedEstimate(tokensPerSecond: $0, basis: .measured) }
                ?? SpeedEstimate(model: model, variant: variant, machine: machine),
            isInstalled: installed.contains(key))
    }
}

/// What the person asks for.
public struct Wish: Sendable, Equatable {
    /// Tokens that a conversation may hold.
    public var context = 4096
    /// Below this a model is no pleasure to talk to; a named model is run all the same, with a warning.
    public var minTokensPerSecond = 8.0
    public var maxRAM = MemoryShare.percent(80)
    public var tier: ModelTier?
    public var capability = Capability.chat
    /// The person named the model: speed, tier and ability are theirs to judge.
    public var isNamed = false

    public init() {}
}

/// A model that can run here, as it would run.
public struct Fit: Sendable, Equatable {
    public var model: ModelInfo
    public var variant: ModelVariant
    public var context: Int
    public var memory: MemoryEstimate
    public var speed: SpeedEstimate
    public var isInstalled: Bool

    public var quality: Double { model.quality?.score ?? 0 }
    public var key: String { Self.key(model, variant) }
    static func key(_ model: ModelInfo, _ variant: ModelVariant) -> String { "\(model.id):\(variant.quantization.lowercased())" }
}

/// A model that was not chosen, and the one reason.
public struct Rejection: Error, Sendable, Equatable {
    public enum Kind: Sendable { case memory, disk, speed, terms, ability, tier, hardware, unsupported }
    public var model: ModelInfo
    public var kind: Kind
    public var reason: String
    public var fit: Fit?

    public init(model: ModelInfo, kind: Kind, reason: String, fit: Fit? = nil) {
        self.model = model
        self.kind = kind
        self.reason = reason
        self.fit = fit
    }

    public var quality: Double { model.quality?.score ?? 0 }
}

public struct Choice: Sendable, Equatable {
    public var ranked: [Fit] = []
    public var rejected: [Rejection] = []

    /// Fits, best first, and where none is fast enough, those that were ruled out by speed alone, fastest first: a slow
    /// answer beats none, but it must be said.
    public var candidates: [Fit] {
        guard ranked.isEmpty else { return ranked }
        return rejected.filter { $0.kind == .speed }.compactMap(\.fit)
            .sorted { $0.speed.tokensPerSecond > $1.speed.tokensPerSecond }
    }
}
