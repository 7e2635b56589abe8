// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a loaded model takes of a machine's memory, in two figures that behave differently: private memory must be there,
/// mapped file pages should be (the system may drop and re-read them, which is slow).
public struct MemoryEstimate: Sendable, Codable, Equatable {
    /// Where the figures come from, the best last.
    public enum Basis: String, Sendable, Codable {
        /// From the model's figures, by our own formulas.
        case analytic
        /// The engine laid the model out and told its buffers.
        case engine
        /// A running engine was looked at.
        case measured
    }

    /// Weights, as pages of the file.
    public var mapped: ByteCount
    /// Weights that the engine rewrites for its kernels into memory of its own.
    public var repacked: ByteCount
    /// Keys, values and states for the planned context.
    public var cache: ByteCount
    /// Buffers of a step of arithmetic.
    public var compute: ByteCount
    /// The process itself and its vocabulary.
    public var overhead: ByteCount
    /// Weights, cache and buffers that lie on the GPU instead.
    public var gpu: ByteCount
    public var basis: Basis

    public init(
        mapped: ByteCount, repacked: ByteCount, cache: ByteCount, compute: ByteCount, overhead: ByteCount, gpu: ByteCount = ByteCount(0),
        basis: Basis
    ) {
        self.mapped = mapped
        self.repacked = repacked
        self.cache = cache
        self.compute = compute
        self.overhead = overhead
        self.gpu = gpu
        self.basis = basis
    }

    public var privateTotal: ByteCount { ByteCount(repacked.bytes + cache.bytes + compute.bytes + overhead.bytes) }

    /// What should be free: the pages of repacked weights are read once and then reclaimed without harm, so they do not
    /// count twice.
    public var working: ByteCount {
        ByteCount(max(mapped.bytes, repacked.bytes) + cache.bytes + compute.bytes + overhead.bytes)
    }
}

extension MemoryEstimate {
    /// - Parameters:
    ///   - file: bytes of the model's file or files.
    ///   - cpu: whose kernels decide what is repacked.
    public init(_ facts: ModelFacts, file: ByteCount, _ options: ContextOptions, cpu: SystemCapabilities.CPU) {
        let footprint = EngineFootprint(facts, options)
        let repacked = min(Repacking(cpu).bytes(facts), Double(file.bytes))
        self.init(
            mapped: ByteCount(saturating: Double(facts.weights?.totalBytes ?? file.bytes)), repacked: ByteCount(saturating: repacked),
            cache: ByteCount(saturating: footprint.cache), compute: ByteCount(saturating: footprint.compute(outputs: options.parallel)),
            overhead: ByteCount(saturating: EngineFootprint.process(facts)), basis: .analytic)
    }
}

extension ByteCount {
    /// Figures of strangers may be absurd; a sum of a few of these still does not overflow.
    public init(saturating bytes: Double) { self.init(Int64(min(max(bytes.isNaN ? 0 : bytes, 0), 1e15))) }
}

/// Weights that llama.cpp rewrites for the processor's wide kernels into memory of its own.
///
/// Source: llama.cpp, `ggml_repack_get_optimal_repack_type` in ggml/src/ggml-cpu/repack.cpp, October 2026.
public struct Repacking: Sendable {
    let types: Set<String>

    public init(_ cpu: SystemCapabilities.CPU) {
        let features = Set(cpu.features)
        var types = Set<String>()
        if features.contains("avx2") { types.formUnion(["Q4_0", "Q4_K", "IQ4_NL", "MXFP4"]) }
        if features.contains("avx512f") { types.insert("Q2_K") }
        if !features.isDisjoint(with: ["dotprod", "i8mm"]) {
            types.formUnion(["Q4_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q8_0"])
        }
        self.types = types
    }

    /// The table of tokens is looked up, not multiplied, and stays as it is.
    func bytes(_ facts: ModelFacts) -> Double {
        guard let weights = facts.weights else { return 0 }
        let sum = weights.bytesByType.filter { types.contains($0.key) }.reduce(0.0) { $0 + Double($1.value) }
        let embeddingType = weights.embeddingType ?? weights.bytesByType.max { $0.value < $1.value }?.key
        let table = embeddingType.map(types.contains) ?? false ? Double(weights.embeddingBytes) : 0
        return max(0, sum - table)
    }
}

/// How much of the memory models may take: “80%” of the limit, or an absolute size.
public enum MemoryShare: Sendable, Equatable, Codable {
    case percent(Double)
    case absolute(ByteCount)

    /// - Throws: `Failure.badInput` unless the text is a percentage over 0 up to 100, or a size.
    public init(parsing text: String) throws {
        guard text.hasSuffix("%") else {
            self = try .absolute(ByteCount(parsing: text))
            return
        }
        guard let value = Double(text.dropLast()), value > 0, value <= 100 else {
            throw Failure.badInput("“\(text)” is not a share of memory.", remedy: "Write a percentage such as 80%, or a size such as 12GB.")
        }
        self = .percent(value)
    }

    public func bytes(of limit: ByteCount) -> ByteCount {
        switch self {
        case .percent(let value): ByteCount(Int64(Double(limit.bytes) * value / 100))
        case .absolute(let size): min(size, limit)
        }
    }
}
