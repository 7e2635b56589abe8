// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Tokens per second, with what the figures rest on. A measurement outranks every estimate.
public struct SpeedEstimate: Sendable, Codable, Equatable {
    public enum Basis: Sendable, Codable, Equatable {
        /// The model ran here before.
        case measured
        /// The engine's kernels were measured here; the figure is put together from them.
        case calibrated(spread: Double)
        /// A GPU's published memory bandwidth.
        case published(device: String)
        /// Memory bandwidth was measured here; the engine's efficiency is assumed.
        case bandwidth(gigabytesPerSecond: Double)
        /// Nothing was measured.
        case assumed
    }

    /// While it writes.
    public var tokensPerSecond: Double
    /// While it reads the prompt; `nil` where nothing tells.
    public var promptTokensPerSecond: Double?
    public var basis: Basis

    public init(tokensPerSecond: Double, promptTokensPerSecond: Double? = nil, basis: Basis) {
        self.tokensPerSecond = tokensPerSecond
        self.promptTokensPerSecond = promptTokensPerSecond
        self.basis = basis
    }

    /// The band that the true figure is expected in.
    public var range: ClosedRange<Double> {
        switch basis {
        case .measured: tokensPerSecond * 0.8...tokensPerSecond * 1.2
        case .calibrated(let spread): tokensPerSecond * max(0.5, 0.85 - spread)...tokensPerSecond * min(1.5, 1.15 + spread)
        case .published, .bandwidth: tokensPerSecond * 0.6...tokensPerSecond * 1.5
        case .assumed: tokensPerSecond * 0.4...tokensPerSecond * 2
        }
    }
}

/// Puts a model's speed together from what is known of the machine.
///
/// Writing a token reads every active weight once; each row and each layer costs a little of its own, and the cache of what
/// was said so far is read too.
public struct SpeedModel: Sendable {
    public var machine: SystemCapabilities
    public var calibration: Calibration?
    /// Threads that the model will get.
    public var threads: Int

    public init(machine: SystemCapabilities, calibration: Calibration? = nil, threads: Int? = nil) {
        self.machine = machine
        self.calibration = calibration
        self.threads = threads ?? max(1, Int(machine.cpu.usableCores))
    }

    /// - Parameter cacheBytes: keys and values that are read for each token, at the depth that the estimate is for.
    public func estimate(_ facts: ModelFacts, placement: Placement = .cpu, cacheBytes: Double = 0) -> SpeedEstimate {
        let work = TokenWork(facts)
        let share = placement.share(of: facts)
        guard share.gpu > 0, let gpu = placement.gpu else {
            return onCPU(work, share: 1, cacheBytes: cacheBytes, layers: facts.layers ?? 32)
        }
        let bandwidth = gpu.bandwidth
        let gpuSeconds = (work.bytes * share.gpu + cacheBytes) / (bandwidth * GPUBandwidth.efficiency)
        let basis: SpeedEstimate.Basis = gpu.isAssumed ? .assumed : .published(device: gpu.name)
        guard share.gpu < 1 else { return SpeedEstimate(tokensPerSecond: 1 / max(gpuSeconds, 1e-9), basis: basis) }
        let rest = onCPU(work, share: 1 - share.gpu, cacheBytes: 0, layers: (facts.layers ?? 32) - placement.gpuLayers)
        return SpeedEstimate(tokensPerSecond: 1 / (gpuSeconds + 1 / max(rest.tokensPerSecond, 1e-9)), basis: basis)
    }

    private func onCPU(_ work: TokenWork, share: Double, cacheBytes: Double, layers: Int) -> SpeedEstimate {
        if let calibration, let seconds = work.seconds(calibration, threads: threads) {
            let cache = cacheBytes / (calibration.kernel("F16", threads: threads)?.bytesPerSecond ?? 10e9)
            let total = seconds * share + Double(max(0, layers)) * calibration.secondsPerLayer(threads: threads) + cache
            return SpeedEstimate(
                tokensPerSecond: 1 / max(total, 1e-9), promptTokensPerSecond: work.promptRate(calibration, threads: threads),
                basis: .calibrated(spread: calibration.spread))
        }
        let kernels = Double(threads) * Self.kernelRate(of: machine.cpu)
        let rate = min(machine.memory.bandwidth ?? .infinity, kernels)
        return SpeedEstimate(
            tokensPerSecond: rate / max(work.bytes * share + cacheBytes, 1),
            basis: machine.memory.bandwidth.map { .bandwidth(gigabytesPerSecond: $0 / 1e9) } ?? .assumed)
    }

    /// Bytes of weights that one core's kernels work through in a second when memory is no limit. Assumed from 110 tokens/s
    /// of a 98 MB model on two AVX2 cores (5.4 GB/s each) and from 15 GB/s and more seen on AVX-512; calibration replaces it.
    static func kernelRate(of cpu: SystemCapabilities.CPU) -> Double {
        if cpu.features.contains("avx512f") { return 10e9 }
        return Set(cpu.features).isDisjoint(with: ["avx2", "avx512f", "dotprod"]) ? 1.5e9 : 5.4e9
    }
}

/// What one token passes through: bytes and rows of each type of block.
struct TokenWork {
    private(set) var bytesByType: [String: Double] = [:]
    private(set) var rowsByType: [String: Double] = [:]
    var bytes: Double { bytesByType.values.reduce(0, +) }

    init(_ facts: ModelFacts) {
        guard let weights = facts.weights else { return }
        for (type, bytes) in weights.bytesByType { bytesByType[type] = Double(bytes) }
        let known = bytesByType.values.reduce(0, +)
        // A quantisation without a known mixture counts as one of its size.
        if known == 0 { bytesByType[facts.quantization ?? "Q4_K"] = Double(weights.totalBytes) }
        for (type, rows) in weights.rowsByType { rowsByType[type] = Double(rows) }
        if rowsByType.isEmpty { guessRows(facts) }
        // The table is looked up, not worked through, unless it makes the scores too.
        if weights.outputBytes > 0, let type = weights.embeddingType { remove(Double(weights.embeddingBytes), from: type) }
        if let experts = facts.experts, experts.count > 0, weights.expertBytes > 0 {
            let resting = Double(weights.expertBytes) * (1 - Double(experts.used) / Double(experts.count))
            if let type = bytesByType.max(by: { $0.value < $1.value })?.key { remove(resting, from: type) }
        }
    }

    private mutating func remove(_ bytes: Double, from type: String) {
        guard let all = bytesByType[type], all > 0 else { return }
        let left = max(0, all - bytes)
        bytesByType[type] = left
        rowsByType[type]? *= left / all
    }

    /// Most matrices have rows as long as the model is wide.
    private mutating func guessRows(_ facts: ModelFacts) {
        let width = Double(max(64, facts.embedding ?? 2048))
        for (type, bytes) in bytesByType {
            let bits = GGMLType.named(type)?.bitsPerElement ?? 4.5
            rowsByType[type] = bytes * 8 / bits / width * 0.85
        }
    }

    func seconds(_ calibration: Calibration, threads: Int) -> Double? {
        var sum = 0.0
        for (type, bytes) in bytesByType where bytes > 0 {
            guard let kernel = calibration.kernel(type, threads: threads), kernel.bytesPerSecond > 0 else { return nil }
            sum += bytes / kernel.bytesPerSecond + (rowsByType[type] ?? 0) * kernel.rowSeconds
        }
        return sum
    }

    func promptRate(_ calibration: Calibration, threads: Int) -> Double? {
        var seconds = 0.0
        for (type, bytes) in bytesByType where bytes > 0 {
            guard let kernel = calibration.kernel(type, threads: threads), kernel.promptRate > 0, let ggml = GGMLType.named(type) else {
                return nil
            }
            seconds += bytes * 8 / ggml.bitsPerElement / kernel.promptRate
        }
        return seconds > 0 ? 1 / seconds : nil
    }
}
