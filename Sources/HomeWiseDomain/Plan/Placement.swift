// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which part of a model lies on a GPU.
public struct Placement: Sendable, Codable, Equatable {
    public struct Device: Sendable, Codable, Equatable {
        public var name: String
        /// Bytes per second, as published.
        public var bandwidth: Double
        /// What the engine calls it; `nil` where another machine is planned for.
        public var engineName: String?
        /// It works in the machine's own memory.
        public var isShared = false
        /// Its bandwidth is not in the table.
        public var isAssumed = false

        public init(name: String, bandwidth: Double, engineName: String? = nil, isShared: Bool = false, isAssumed: Bool = false) {
            self.name = name
            self.bandwidth = bandwidth
            self.engineName = engineName
            self.isShared = isShared
            self.isAssumed = isAssumed
        }
    }

    /// `nil` for none.
    public var gpu: Device?
    /// Layers that lie there.
    public var gpuLayers: Int
    /// The experts of those layers stay with the processor: they are most of the weights and little of the work.
    public var hasExpertsOnCPU: Bool

    public init(gpu: Device? = nil, gpuLayers: Int = 0, hasExpertsOnCPU: Bool = false) {
        self.gpu = gpu
        self.gpuLayers = gpuLayers
        self.hasExpertsOnCPU = hasExpertsOnCPU
    }

    public static let cpu = Placement()

    /// The share of the model's blocks that lies on the GPU. The engine counts the scores as its last layer, and puts them
    /// there first (llama.cpp, llama-model.cpp: `i_gpu_start = n_layer + 1 - n_gpu_layers`).
    func blockShare(of facts: ModelFacts) -> Double {
        guard gpu != nil else { return 0 }
        return min(1, Double(max(0, gpuLayers - 1)) / Double(min(max(1, facts.layers ?? 32), 4096)))
    }

    /// The share of the work of one token that the GPU does.
    func share(of facts: ModelFacts) -> (gpu: Double, cpu: Double) {
        var gpu = blockShare(of: facts)
        if hasExpertsOnCPU, let weights = facts.weights, let experts = facts.experts {
            let active = Double(weights.expertBytes) * Double(experts.used) / Double(max(1, experts.count))
            let rest = Double(weights.totalBytes - weights.expertBytes)
            gpu *= rest / max(1, rest + active)
        }
        return (gpu, 1 - gpu)
    }

    /// As llama.cpp's programs take them.
    public var arguments: [String] {
        // Said also for none: the engine's own habit is to take every layer that it can.
        guard let gpu else { return ["--gpu-layers", "0"] }
        return ["--gpu-layers", "\(gpuLayers)"] + (hasExpertsOnCPU ? ["--cpu-moe"] : [])
            + (gpu.engineName.map { ["--device", $0] } ?? [])
    }
}

/// How much of a model a GPU can take, the most first.
struct GPUFit {
    let facts: ModelFacts
    let options: ContextOptions
    /// Bytes that may be used on the GPU.
    let budget: Double
    let device: Placement.Device

    /// What a driver's context and the scratch of its kernels take before any weight is there: 300 to 500 MB are seen on
    /// CUDA; the larger is planned.
    static let reserve = 500e6

    private var layers: Int { min(max(1, facts.layers ?? 32), 4096) }
    private var footprint: EngineFootprint { EngineFootprint(facts, options) }

    /// Bytes on the GPU for a placement.
    func bytes(_ placement: Placement) -> Double {
        guard placement.gpuLayers > 0, let weights = facts.weights else { return 0 }
        let share = placement.blockShare(of: facts)
        let layered = Double(weights.totalBytes - weights.embeddingBytes - weights.outputBytes)
        let experts = placement.hasExpertsOnCPU ? Double(weights.expertBytes) : 0
        // Where the table makes the scores, a copy of it.
        let scores = Double(weights.outputBytes == 0 ? weights.embeddingBytes : weights.outputBytes)
        return (layered - experts) * share + scores + footprint.cache * share + footprint.compute(outputs: options.parallel) + Self.reserve
    }

    /// All layers; else all but their experts; else as many layers as fit.
    func best() -> Placement? {
        let whole = Placement(gpu: device, gpuLayers: layers + 1)
        if bytes(whole) <= budget { return whole }
        if facts.experts != nil {
            let split = Placement(gpu: device, gpuLayers: layers + 1, hasExpertsOnCPU: true)
            if bytes(split) <= budget { return split }
        }
        for count in stride(from: layers, to: 1, by: -1) {
            let part = Placement(gpu: device, gpuLayers: count)
            if bytes(part) <= budget { return part }
        }
        return nil
    }
}

/// Published memory bandwidths of GPUs that cannot be measured from here.
public enum GPUBandwidth {
    /// The share of the published figure that writing tokens reaches: 0.6 to 0.75 are seen with llama.cpp on CUDA cards
    /// (discussion 4225 of its repository lists hundreds); the lower end is planned.
    static let efficiency = 0.6

    /// GB/s by the name that the driver gives, the longest match first. Source: the makers' data sheets.
    private static let table: [(name: String, gigabytes: Double)] = [
        ("RTX 5090", 1792), ("RTX 5080", 960), ("RTX 5070 Ti", 896), ("RTX 5070", 672), ("RTX 5060 Ti", 448), ("RTX 5060", 448),
        ("RTX 4090", 1008), ("RTX 4080", 717), ("RTX 4070 Ti SUPER", 672), ("RTX 4070 Ti", 504), ("RTX 4070", 504),
        ("RTX 4060 Ti", 288), ("RTX 4060", 272), ("RTX 3090", 936), ("RTX 3080 Ti", 912), ("RTX 3080", 760), ("RTX 3070", 448),
        ("RTX 3060 Ti", 448), ("RTX 3060", 360), ("RTX 3050", 224), ("RTX 2080 Ti", 616), ("RTX 2080", 448), ("RTX 2070", 448),
        ("RTX 2060", 336), ("GTX 1660", 192), ("GTX 1080 Ti", 484), ("GTX 1080", 320), ("GTX 1070", 256), ("GTX 1060", 192),
        ("GTX 1650", 128), ("A100", 1555), ("H100", 2039), ("L40S", 864), ("L4", 300), ("T4", 320), ("A10", 600), ("A6000", 768),
        ("RX 7900 XTX", 960), ("RX 7900 XT", 800), ("RX 7900 GRE", 576), ("RX 7800 XT", 624), ("RX 7700 XT", 432), ("RX 7600", 288),
        ("RX 9070 XT", 640), ("RX 9070", 640), ("RX 6900 XT", 512), ("RX 6800", 512), ("RX 6700 XT", 384), ("RX 6600", 224),
        ("Arc B580", 456), ("Arc A770", 560), ("Arc A750", 512), ("Arc A380", 186),
        ("M1 Ultra", 800), ("M1 Max", 400), ("M1 Pro", 200), ("M1", 68), ("M2 Ultra", 800), ("M2 Max", 400), ("M2 Pro", 200), ("M2", 100),
        ("M3 Ultra", 819), ("M3 Max", 400), ("M3 Pro", 150), ("M3", 100), ("M4 Max", 546), ("M4 Pro", 273), ("M4", 120), ("M5", 153),
    ]

    /// For a card that is not in the table: what slow cards of the last ten years have.
    public static let assumed = 150e9

    /// Bytes per second; `nil` for a card that is not in the table.
    public static func published(_ name: String?) -> Double? {
        guard let name = name?.lowercased() else { return nil }
        let words = Self.words(name)
        let found = table.filter { Self.words($0.name.lowercased()).isContiguousPart(of: words) }.max { $0.name.count < $1.name.count }
        guard let found, !found.name.hasPrefix("M") || name.contains("apple") || words.first?.hasPrefix("m") == true else { return nil }
        // Chips of laptops carry the desktop's name with a narrower bus: 0.57 (4090) to 0.75 (4060) of its bandwidth.
        return found.gigabytes * 1e9 * (words.contains("laptop") ? 0.57 : 1)
    }

    private static func words(_ name: String) -> [Substring] { name.split { !$0.isLetter && !$0.isNumber } }
}

extension [Substring] {
    fileprivate func isContiguousPart(of other: [Substring]) -> Bool {
        guard !isEmpty, count <= other.count else { return false }
        return (0...(other.count - count)).contains { Array(other[$0..<($0 + count)]) == self }
    }
}
