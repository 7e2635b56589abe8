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
    /// What the files' own headers say, by “model:quantization”; it outranks the registry.
    public var facts: [String: ModelFacts] = [:]
    /// What the engine said of a model with these options.
    public var layouts: [LayoutKey: MemoryEstimate] = [:]
    public var calibration: Calibration?
    /// Formats whose engine is here: a model of another is run only where a person names it, and its engine is installed on the way.
    public var engines: Set<ModelFormat> = [.gguf]
    /// Another machine is planned for: an engine that can use its GPU is taken for granted.
    public var isSimulated = false

    /// A model, by “model:quantization”, with the options it was laid out with.
    public struct LayoutKey: Hashable, Sendable {
        public var model: String
        public var options: ContextOptions
        public init(model: String, options: ContextOptions) {
            self.model = model
            self.options = options
        }
    }

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
        // What is here is taken before anything is fetched.
        let variants = variants(of: model, quantization: quantization)
        let here = variants.filter { installed.contains(Fit.key(model, $0)) }
        for variant in here + variants.filter({ !installed.contains(Fit.key(model, $0)) }) {
            let fit = plan(model, variant)
            guard let reason = obstacle(to: fit) else { return .success(fit) }
            last = Rejection(model: model, kind: reason.kind, reason: reason.text, fit: fit)
        }
        return .failure(last ?? Rejection(model: model, kind: .unsupported, reason: "the registry names no file for it"))
    }

    /// The files of a model in the wanted format, the largest first; all of them where there is none.
    public func variants(of model: ModelInfo, quantization: String?) -> [ModelVariant] {
        let named = (model.variants ?? []).filter { quantization == nil || $0.quantization.lowercased() == quantization }
        let wanted = named.filter { ($0.format ?? model.type) == wish.format }
        let order = { (variant: ModelVariant) in self.rank(variant.format ?? model.type) }
        return (wanted.isEmpty ? named : wanted).sorted { (order($0), $1.size) < (order($1), $0.size) }
    }

    /// The files of a model in other formats than one, those whose engine is here first, then the largest.
    public func variants(of model: ModelInfo, besides format: ModelFormat) -> [ModelVariant] {
        let order = { (variant: ModelVariant) in self.rank(variant.format ?? model.type) }
        return (model.variants ?? []).filter { ($0.format ?? model.type) != format }
            .sorted { (order($0), $1.size) < (order($1), $0.size) }
    }

    /// Formats whose engine is here come first, then those that take the least to have.
    private func rank(_ format: ModelFormat) -> Int {
        let order = [ModelFormat.gguf, .onnx, .pytorch]
        return (order.firstIndex(of: format) ?? order.count) + (engines.contains(format) ? 0 : order.count)
    }

    /// One variant as it would run, whether it fits or not.
    public func plan(_ model: ModelInfo, _ variant: ModelVariant) -> Fit {
        let key = Fit.key(model, variant)
        let facts = known(key, variant) ?? model.facts(variant)
        let format = variant.format ?? model.type
        let context = min(wish.context, facts.contextLength ?? model.contextLength ?? wish.context)
        // What does not write looks at a text as a whole.
        let options = ContextOptions(
            context: context, batch: model.task.isWriting ? 512 : context, keyType: wish.cacheType, valueType: wish.cacheType)
        let placement = format == .gguf ? placement(facts, options) : .cpu
        var memory =
            layouts[LayoutKey(model: key, options: options)]
            ?? MemoryEstimate(facts, format, file: variant.size, options, cpu: machine.cpu)
        if placement != .cpu { memory = memory.moving(placement, facts, options, budget: gpuBudget?.bytes ?? 0) }
        // Half of a conversation is what lies behind a word on average.
        let cacheBytes = EngineFootprint(facts, options).cache / 2
        let estimate = SpeedModel(machine: machine, calibration: calibration).estimate(facts, placement: placement, cacheBytes: cacheBytes)
            .reached(by: format, growth: facts.growthInTorch(on: machine.cpu))
        let speed = measured[Fit.measurementKey(key, placement)].map {
            SpeedEstimate(tokensPerSecond: $0, promptTokensPerSecond: estimate.promptTokensPerSecond, basis: .measured)
        }
        return Fit(
            model: model, variant: variant, facts: facts, options: options, placement: placement, memory: memory, speed: speed ?? estimate,
            isInstalled: installed.contains(key))
    }

    /// What a header said, unless the registry means a file of another size by now.
    private func known(_ key: String, _ variant: ModelVariant) -> ModelFacts? {
        guard let known = facts[key], let bytes = known.weights?.totalBytes else { return nil }
        let ratio = Double(bytes) / Double(max(1, variant.size.bytes))
        return (0.85...1.05).contains(ratio) ? known : nil
    }

    /// The GPU that a model could use, and how much of it: one that the engine names, with what is free of it.
    var gpuBudget: (device: Placement.Device, bytes: Double)? {
        guard wish.prefersGPU else { return nil }
        let usable = machine.gpus.compactMap { gpu -> (device: Placement.Device, bytes: Double)? in
            guard let total = gpu.memoryTotal ?? (gpu.kind == .metal ? machine.memory.total : nil) else { return nil }
            let engineName = engineName(of: gpu)
            guard isSimulated || engineName != nil else { return nil }
            let published = GPUBandwidth.published(gpu.name)
            let isShared = gpu.memoryIsShared == true || gpu.kind == .metal
            let free = min(gpu.memoryFree ?? total, isShared ? machine.memory.free ?? total : total)
            let device = Placement.Device(
                name: gpu.name ?? gpu.kind.rawValue, bandwidth: published ?? GPUBandwidth.assumed, engineName: engineName,
                isShared: isShared,
                isAssumed: published == nil)
            return (device, Double(min(wish.gpuMemory.bytes(of: total), free).bytes))
        }
        return usable.max { $0.bytes < $1.bytes }
    }

    /// “CUDA0” of “CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11000 MiB free)”.
    private func engineName(of gpu: SystemCapabilities.GPU) -> String? {
        guard let name = gpu.name else { return nil }
        let line = (machine.engineDevices ?? []).first { $0.lowercased().contains(name.lowercased()) }
        return line?.split(separator: ":").first.map(String.init)
    }

    private func placement(_ facts: ModelFacts, _ options: ContextOptions) -> Placement {
        if let layers = wish.gpuLayers, let gpu = gpuBudget {
            return layers == 0 ? .cpu : Placement(gpu: gpu.device, gpuLayers: min(layers, (facts.layers ?? 32) + 1))
        }
        guard let gpu = gpuBudget else { return .cpu }
        return GPUFit(facts: facts, options: options, budget: gpu.bytes, device: gpu.device).best() ?? .cpu
    }
}

extension MemoryEstimate {
    /// The same model with a part of it on a GPU: that part is not held in the machine's memory.
    func moving(_ placement: Placement, _ facts: ModelFacts, _ options: ContextOptions, budget: Double) -> MemoryEstimate {
        guard let device = placement.gpu, let weights = facts.weights, placement.gpuLayers > 0 else { return self }
        let fit = GPUFit(facts: facts, options: options, budget: budget, device: device)
        let onGPU = fit.bytes(placement)
        let share = placement.blockShare(of: facts)
        let experts = placement.hasExpertsOnCPU ? Double(weights.expertBytes) : 0
        let moved = Double(weights.totalBytes - weights.embeddingBytes) * share - experts * share
        var rest = self
        rest.gpu = ByteCount(saturating: onGPU)
        rest.mapped = ByteCount(saturating: Double(mapped.bytes) - moved)
        rest.repacked = ByteCount(saturating: Double(repacked.bytes) * (1 - share))
        rest.cache = ByteCount(saturating: Double(cache.bytes) * (1 - share))
        return rest
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
    /// How much of a GPU's memory a model may take.
    public var gpuMemory = MemoryShare.percent(90)
    public var prefersGPU = true
    /// Layers on the GPU, where a person says so.
    public var gpuLayers: Int?
    public var cacheType = ContextOptions.CacheType.f16
    /// The format to take where a model comes in several.
    public var format = ModelFormat.gguf
    /// The person named the model: speed, tier and ability are theirs to judge.
    public var isNamed = false

    public init() {}
}

/// A model that can run here, as it would run.
public struct Fit: Sendable, Equatable, Encodable {
    public var model: ModelInfo
    public var variant: ModelVariant
    public var facts: ModelFacts
    public var options: ContextOptions
    public var placement: Placement
    public var memory: MemoryEstimate
    public var speed: SpeedEstimate
    public var isInstalled: Bool

    public init(
        model: ModelInfo, variant: ModelVariant, facts: ModelFacts, options: ContextOptions, placement: Placement = .cpu,
        memory: MemoryEstimate, speed: SpeedEstimate, isInstalled: Bool
    ) {
        self.model = model
        self.variant = variant
        self.facts = facts
        self.options = options
        self.placement = placement
        self.memory = memory
        self.speed = speed
        self.isInstalled = isInstalled
    }

    public var context: Int { options.context }
    public var quality: Double { model.quality?.score ?? 0 }
    public var key: String { Self.key(model, variant) }
    /// What a measured rate holds for: a model, and whether a GPU helps.
    public var measurementKey: String { Self.measurementKey(key, placement) }
    static func measurementKey(_ key: String, _ placement: Placement) -> String {
        placement == .cpu ? key : "\(key) on \(placement.gpuLayers) GPU layers"
    }
    public static func key(_ model: ModelInfo, _ variant: ModelVariant) -> String { "\(model.id):\(variant.quantization.lowercased())" }
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
