// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What somebody insists on of how a model is started; what is `nil` is left to whoever plans, and to whatever runs already.
///
/// Only what changes answers or what they take is here: threads follow the machine while an engine runs, and nobody has to load
/// anything anew for them.
public struct LaunchDemand: Sendable, Codable, Equatable {
    /// Tokens at least.
    public var context: Int?
    /// Conversations at a time, at least.
    public var parallel: Int?
    public var batch: Int?
    public var keyType: ContextOptions.CacheType?
    public var valueType: ContextOptions.CacheType?
    /// 0 is none.
    public var gpuLayers: Int?
    public var isMapped: Bool?
    public var isRepacking: Bool?
    public var hasFlashAttention: Bool?
    /// Pictures are among what it is asked.
    public var hasPictures: Bool?

    public init(
        context: Int? = nil, parallel: Int? = nil, batch: Int? = nil, keyType: ContextOptions.CacheType? = nil,
        valueType: ContextOptions.CacheType? = nil, gpuLayers: Int? = nil, isMapped: Bool? = nil, isRepacking: Bool? = nil,
        hasFlashAttention: Bool? = nil, hasPictures: Bool? = nil
    ) {
        self.context = context
        self.parallel = parallel
        self.batch = batch
        self.keyType = keyType
        self.valueType = valueType
        self.gpuLayers = gpuLayers
        self.isMapped = isMapped
        self.isRepacking = isRepacking
        self.hasFlashAttention = hasFlashAttention
        self.hasPictures = hasPictures
    }
}

extension LaunchPlan {
    /// Whether an engine that was asked for by this plan gives what is demanded, so that nothing needs to be loaded anew.
    public func meets(_ demand: LaunchDemand) -> Bool { reasonsToReload(for: demand).isEmpty }

    /// What of a demand this plan does not give, a clause each. More context or places than asked for do no harm.
    public func reasonsToReload(for demand: LaunchDemand) -> [String] {
        let layers = placement.gpu == nil ? 0 : placement.gpuLayers
        return [
            Self.tooFew("context", options.context, demand.context),
            Self.tooFew("conversations at a time", options.parallel, demand.parallel),
            Self.other("batch", options.batch, demand.batch) { "\($0)" },
            Self.other("keys in", options.keyType, demand.keyType, \.rawValue),
            Self.other("values in", options.valueType, demand.valueType, \.rawValue),
            Self.other("layers on the graphics card", layers, demand.gpuLayers) { "\($0)" },
            Self.other("mapping", isMapped, demand.isMapped, Self.word),
            Self.other("repacking", isRepacking, demand.isRepacking, Self.word),
            Self.other("flash attention", hasFlashAttention, demand.hasFlashAttention, Self.word),
            // One that sees serves who shows it nothing, too.
            demand.hasPictures == true && projector == nil ? "it sees pictures" : nil,
        ].compactMap(\.self)
    }

    private static func word(_ isOn: Bool) -> String { isOn ? "on" : "off" }

    private static func tooFew(_ name: String, _ now: Int, _ then: Int?) -> String? {
        then.flatMap { $0 > now ? "\(name) \($0) instead of \(now)" : nil }
    }

    private static func other<Value: Equatable>(_ name: String, _ now: Value, _ then: Value?, _ say: (Value) -> String) -> String? {
        then.flatMap { $0 != now ? "\(name) \(say($0)) instead of \(say(now))" : nil }
    }
}
