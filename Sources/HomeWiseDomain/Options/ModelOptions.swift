// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How one model is to be run, as far as somebody says so; what is `nil` is left to the plan.
public struct ModelOptions: Sendable, Codable, Hashable {
    /// Tokens that all conversations together may hold.
    public var context: Int?
    public var keyType: ContextOptions.CacheType?
    public var valueType: ContextOptions.CacheType?
    /// Tokens of a prompt that are worked on at once.
    public var batch: Int?
    /// Conversations at a time.
    public var parallel: Int?
    public var threads: Int?
    /// Layers on the graphics card; 0 leaves it alone.
    public var gpuLayers: Int?
    public var loadMode: LoadMode?
    public var repacking: Bool?
    public var flashAttention: Bool?
    public var idleUnload: KeepAlive?
    /// It is never unloaded for others, nor for being idle.
    public var pin: Bool?
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    /// Said to the model before every conversation that brings no such words of its own.
    public var systemPrompt: String?

    public init() {}

    /// How the file comes into memory.
    public enum LoadMode: String, Sendable, Codable, CaseIterable {
        /// Its pages can be dropped and read again.
        case mapped
        case copied
    }

    public var isEmpty: Bool { self == ModelOptions() }

    /// How many of them say something.
    public var count: Int { Name.allCases.count { self[$0] != nil } }

    /// These options, and those of another where these say nothing.
    public func over(_ other: ModelOptions) -> ModelOptions {
        var merged = other
        for name in Name.allCases { name.copy(from: self, to: &merged) }
        return merged
    }

    /// What an engine that runs already must have been started with.
    public var demand: LaunchDemand {
        LaunchDemand(
            context: context, parallel: parallel, batch: batch, keyType: keyType, valueType: valueType, gpuLayers: gpuLayers,
            isMapped: loadMode.map { $0 == .mapped }, isRepacking: repacking, hasFlashAttention: flashAttention)
    }

    /// What of them decides on whether a model fits.
    public func applied(to wish: Wish) -> Wish {
        var wish = wish
        if let context { wish.context = context }
        if let keyType { wish.cacheType = keyType }
        if let gpuLayers { (wish.gpuLayers, wish.prefersGPU) = (gpuLayers, gpuLayers > 0) }
        return wish
    }

    /// A plan with these options, each with its reason.
    public func applied(to plan: LaunchPlan) -> LaunchPlan {
        var plan = plan
        func edit<Value: Equatable>(_ value: Value?, _ path: WritableKeyPath<LaunchPlan, Value>, _ words: String) {
            guard let value, plan[keyPath: path] != value else { return }
            plan[keyPath: path] = value
            plan.reasons.append("\(words), because it is set so")
        }
        edit(batch, \.options.batch, "prompts read \(batch ?? 0) tokens at a time")
        edit(parallel, \.options.parallel, "\(parallel ?? 0) conversations at a time")
        edit(keyType, \.options.keyType, "keys kept in \(keyType?.rawValue ?? "")")
        edit(valueType ?? keyType, \.options.valueType, "values kept in \((valueType ?? keyType)?.rawValue ?? "")")
        edit(loadMode.map { $0 == .mapped }, \.isMapped, loadMode == .mapped ? "the file mapped" : "the file copied into memory")
        edit(repacking, \.isRepacking, repacking == true ? "weights rewritten for the processor" : "weights as they are in the file")
        edit(flashAttention, \.hasFlashAttention, flashAttention == true ? "with flash attention" : "without flash attention")
        if let threads {
            (plan.threads, plan.mostThreads) = (threads, threads)
            plan.reasons.append("\(threads) thread\(threads == 1 ? "" : "s"), because it is set so")
        }
        return plan
    }

    /// A model's own sampling with what is said here.
    public func applied(to sampling: ModelInfo.Sampling?) -> ModelInfo.Sampling? {
        guard temperature != nil || topP != nil || topK != nil else { return sampling }
        var sampling = sampling ?? ModelInfo.Sampling()
        sampling.temperature = temperature ?? sampling.temperature
        sampling.topP = topP ?? sampling.topP
        sampling.topK = topK ?? sampling.topK
        return sampling
    }

    /// - Throws: `Failure.badInput` for what is out of its range or cannot go together. Options also come as JSON, which knows no ranges.
    public func check() throws {
        var typed = ModelOptions()
        for name in Name.allCases { if let text = self[name] { try typed.set(name, to: text) } }
        guard let values = valueType ?? keyType, ![.f32, .f16, .bf16].contains(values), flashAttention == false else { return }
        throw Failure.badInput(
            "Values kept in \(values.rawValue) need flash attention.", remedy: "Set flash_attention to on, or value_type to f16.")
    }
}
