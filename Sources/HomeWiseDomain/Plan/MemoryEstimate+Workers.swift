// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What models take that another library than llama.cpp runs. These copy their weights into memory of their own: nothing of it can be
/// dropped and read again.
extension MemoryEstimate {
    /// Bytes of a worker with its libraries, before anything of a model is there. Seen with onnxruntime-genai 0.18 (some 150 MB) and with
    /// torch 2.13 under transformers 5 (0.96 GB for SmolLM2, whose weights are 0.54 GB).
    private static let onnxProcess = 150e6
    private static let torchProcess = 430e6

    /// - Parameter file: bytes of the model's weights as they lie on the disk.
    public init(_ facts: ModelFacts, _ format: ModelFormat, file: ByteCount, _ options: ContextOptions, cpu: SystemCapabilities.CPU) {
        // Keys and values are kept as 32-bit numbers, for the whole context from the start (onnxruntime-genai) or as it fills (torch).
        var wide = options
        (wide.keyType, wide.valueType) = (.f32, .f32)
        let footprint = EngineFootprint(facts, wide)
        let cache = facts.capabilities == [.embedding] ? 0 : footprint.cache
        let compute = footprint.compute(outputs: options.parallel)
        switch format {
        case .gguf: self.init(facts, file: file, options, cpu: cpu)
        case .onnx:
            self.init(
                mapped: ByteCount(0), repacked: file, cache: ByteCount(saturating: cache), compute: ByteCount(saturating: compute),
                overhead: ByteCount(saturating: Self.onnxProcess), basis: .analytic)
        case .pytorch:
            self.init(
                mapped: ByteCount(0), repacked: ByteCount(saturating: Double(file.bytes) * facts.growthInTorch(on: cpu)),
                cache: ByteCount(saturating: cache), compute: ByteCount(saturating: compute),
                overhead: ByteCount(saturating: Self.torchProcess), basis: .analytic)
        }
    }
}

extension ModelFacts {
    /// How much larger weights are in memory than in the file: a processor without arithmetic for 16 bits gets 32.
    func growthInTorch(on cpu: SystemCapabilities.CPU) -> Double {
        guard Set(cpu.features).isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"]), let weights, weights.totalBytes > 0 else { return 1 }
        let narrow = weights.bytesByType.filter { ["F16", "BF16", "FP16"].contains($0.key.uppercased()) }.values.reduce(0, +)
        return 1 + Double(min(narrow, weights.totalBytes)) / Double(weights.totalBytes)
    }
}

extension SpeedEstimate {
    /// What a library reaches of the rate that the same bytes would give under llama.cpp. Seen with SmolLM2 on two AVX2 cores, llama.cpp
    /// 110 tokens/s: onnxruntime-genai 106 (int4), torch 10 to 14 with 5.5 times the bytes.
    func reached(by format: ModelFormat, growth: Double) -> SpeedEstimate {
        let share =
            switch format {
            case .gguf: 1.0
            case .onnx: 0.9
            case .pytorch: 0.6 / growth
            }
        return SpeedEstimate(
            tokensPerSecond: tokensPerSecond * share, promptTokensPerSecond: promptTokensPerSecond.map { $0 * share }, basis: basis)
    }
}
