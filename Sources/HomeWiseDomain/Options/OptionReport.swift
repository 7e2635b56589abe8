// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One option of a model: what it is when nobody says otherwise, what is saved, what holds, and why.
public struct OptionReport: Sendable, Codable, Equatable {
    public var name: ModelOptions.Name
    /// What HomeWise takes by itself here; `nil` where it leaves it to the engine.
    public var `default`: String?
    public var saved: String?
    /// What the next start gets.
    public var effective: String?
    /// Why, as a clause.
    public var reason: String
    /// What it may be.
    public var range: String
}

extension OptionReport {
    /// Every option of a model.
    ///
    /// - Parameters:
    ///   - fit: how it would run by the plan alone.
    ///   - plan: the start that follows from it, with nothing set.
    ///   - wish: what is said for this run alone.
    ///   - keepAlive: what holds for all models.
    public static func all(
        fit: Fit, plan: LaunchPlan, wish: ModelOptions, saved: ModelOptions, keepAlive: KeepAlive = .standard
    ) -> [OptionReport] {
        let defaults = ModelOptions(fit: fit, plan: plan, keepAlive: keepAlive)
        let merged = wish.over(saved)
        return ModelOptions.Name.allCases.map { name in
            let effective = merged[name] ?? defaults[name]
            return OptionReport(
                name: name, default: defaults[name], saved: saved[name], effective: effective,
                reason: wish[name] != nil
                    ? "asked for now" : saved[name] != nil ? "saved for this model" : reason(name, fit, plan), range: name.range)
        }
    }

    private static func reason(_ name: ModelOptions.Name, _ fit: Fit, _ plan: LaunchPlan) -> String {
        switch name {
        case .context:
            fit.facts.contextLength == fit.context ? "all that the model was made for" : "what is taken where nobody says otherwise"
        case .threads: plan.reasons.first { $0.contains("thread") } ?? "the cores that are free"
        case .gpuLayers:
            plan.placement.gpu.map { "what fits on \($0.name)" } ?? "no graphics card is used"
        case .loadMode, .repacking: plan.reasons.first { $0.contains("weights") } ?? "what is fastest here"
        case .temperature, .topP, .topK: fit.model.sampling == nil ? "left to the engine" : "what its makers recommend"
        case .keyType, .valueType: "what loses nothing"
        case .batch: "as the engine does"
        case .parallel: "one conversation gets all of the context"
        case .flashAttention: "faster and smaller where the device has it"
        case .idleUnload: "what holds for all models"
        case .pin: "a model gives way to another one"
        case .systemPrompt: "the model's own words"
        }
    }
}

extension ModelOptions {
    /// What a plan gives by itself.
    init(fit: Fit, plan: LaunchPlan, keepAlive: KeepAlive) {
        self.init()
        (context, batch, parallel) = (plan.options.context, plan.options.batch, plan.options.parallel)
        (keyType, valueType) = (plan.options.keyType, plan.options.valueType)
        threads = plan.threads
        gpuLayers = plan.placement.gpu == nil ? 0 : plan.placement.gpuLayers
        loadMode = plan.isMapped ? .mapped : .copied
        (repacking, flashAttention) = (plan.isRepacking, plan.hasFlashAttention)
        (idleUnload, pin) = (keepAlive, false)
        (temperature, topP, topK) = (fit.model.sampling?.temperature, fit.model.sampling?.topP, fit.model.sampling?.topK)
    }
}
