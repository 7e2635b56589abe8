// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Rung {
    /// A plan after a measure, and what it gave up.
    public struct Change: Sendable, Equatable {
        public var plan: LaunchPlan
        /// As a clause: “context 4096 instead of 8192 tokens”.
        public var words: String
    }

    /// Tokens: fewer make prompts crawl and free no memory to speak of.
    private static let smallestBatch = 64
    /// Tokens: a conversation shorter than this is of little use.
    private static let smallestContext = 1024
    /// Tokens that safe mode holds and reads at once.
    private static let safe = (context: 512, batch: 32)

    /// - Returns: `nil` where this measure has nothing left to give.
    public func change(_ plan: LaunchPlan) -> Change? {
        switch self {
        case .sameAgain: Change(plan: plan, words: "the same once more")
        case .smallerBatch: smallerBatch(plan)
        case .quantizedCache: quantizedCache(plan)
        case .smallerContext: smallerContext(plan)
        case .fewerGPULayers: fewerLayers(plan)
        case .fewerFeatures: fewerFeatures(plan)
        case .processorOnly: processorOnly(plan)
        case .plainKernels: plainKernels(plan)
        case .fewerThreads: fewerThreads(plan)
        case .safeMode: safeMode(plan)
        default: nil
        }
    }

    private func smallerBatch(_ plan: LaunchPlan) -> Change? {
        let batch = max(Self.smallestBatch, plan.options.batch / 4)
        guard batch < plan.options.batch else { return nil }
        return edit(plan, "prompts read \(batch) instead of \(plan.options.batch) tokens at a time") { $0.options.batch = batch }
    }

    private func quantizedCache(_ plan: LaunchPlan) -> Change? {
        // The engine keeps values in blocks only with flash attention.
        guard plan.hasFlashAttention, plan.hasBlockCache, let types = Self.smaller(plan.options) else { return nil }
        return edit(plan, "keys and values kept in \(ContextOptions.CacheType.q8.rawValue) instead of \(plan.options.keyType.rawValue)") {
            ($0.options.keyType, $0.options.valueType) = types
        }
    }

    private static func smaller(_ options: ContextOptions) -> (ContextOptions.CacheType, ContextOptions.CacheType)? {
        func cut(_ type: ContextOptions.CacheType) -> ContextOptions.CacheType {
            type.bytesOf32 > ContextOptions.CacheType.q8.bytesOf32 ? .q8 : type
        }
        let types = (cut(options.keyType), cut(options.valueType))
        return types == (options.keyType, options.valueType) ? nil : types
    }

    private func smallerContext(_ plan: LaunchPlan) -> Change? {
        let context = max(Self.smallestContext, plan.options.context / 2)
        guard context < plan.options.context else { return nil }
        return edit(plan, "context \(context) instead of \(plan.options.context) tokens") { $0.options.context = context }
    }

    private func fewerLayers(_ plan: LaunchPlan) -> Change? {
        guard plan.placement.gpu != nil, plan.placement.gpuLayers > 1 else { return nil }
        let layers = plan.placement.gpuLayers / 2
        return edit(plan, "\(layers) instead of \(plan.placement.gpuLayers) layers on the graphics card") {
            $0.placement.gpuLayers = layers
        }
    }

    private func fewerFeatures(_ plan: LaunchPlan) -> Change? {
        guard plan.options.parallel > 1 else { return nil }
        return edit(plan, "one conversation at a time instead of \(plan.options.parallel)") { $0.options.parallel = 1 }
    }

    private func processorOnly(_ plan: LaunchPlan) -> Change? {
        guard plan.placement.gpu != nil else { return nil }
        return edit(plan, "the processor alone instead of \(plan.device)") { $0.placement = .cpu }
    }

    private func plainKernels(_ plan: LaunchPlan) -> Change? {
        guard plan.hasFlashAttention || plan.isMapped else { return nil }
        // Blocks of values need flash attention.
        let isBlocked = ![.f32, .f16, .bf16].contains(plan.options.valueType)
        let values = isBlocked ? ", values kept in f16 instead of \(plan.options.valueType.rawValue)" : ""
        return edit(plan, "without flash attention and without mapping the file\(values)") { plan in
            plan.hasFlashAttention = false
            plan.isMapped = false
            if isBlocked { plan.options.valueType = .f16 }
        }
    }

    private func fewerThreads(_ plan: LaunchPlan) -> Change? {
        guard plan.threads > 1 else { return nil }
        let threads = plan.threads / 2
        return edit(plan, "\(threads) thread\(threads == 1 ? "" : "s") instead of \(plan.threads)") {
            ($0.threads, $0.mostThreads, $0.pool) = (threads, threads, nil)
        }
    }

    private func safeMode(_ plan: LaunchPlan) -> Change? {
        var safe = plan
        safe.placement = .cpu
        (safe.threads, safe.mostThreads, safe.pool) = (1, 1, nil)
        safe.options = ContextOptions(
            context: min(plan.options.context, Self.safe.context), batch: min(plan.options.batch, Self.safe.batch))
        (safe.isMapped, safe.hasFlashAttention, safe.isRepacking) = (false, false, false)
        guard safe != plan else { return nil }
        return Change(
            plan: safe, words: "safe mode: the processor alone, one thread, context \(safe.options.context) tokens, nothing extra")
    }

    private func edit(_ plan: LaunchPlan, _ words: String, _ body: (inout LaunchPlan) -> Void) -> Change {
        var plan = plan
        body(&plan)
        return Change(plan: plan, words: words)
    }
}
