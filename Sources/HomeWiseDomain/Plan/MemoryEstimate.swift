// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a loaded model takes of the machine's memory, in two figures that behave differently: private memory must be
/// there, mapped file pages should be (the system may drop and re-read them, which is slow).
public struct MemoryEstimate: Sendable, Codable, Equatable {
    /// Weights, as pages of the file.
    public var mapped: ByteCount
    /// Weights that the engine rewrites for its kernels into memory of its own.
    public var repacked: ByteCount
    /// Attention cache for the planned context.
    public var cache: ByteCount
    /// Compute buffers and the process itself.
    public var overhead: ByteCount

    public var privateTotal: ByteCount { ByteCount(repacked.bytes + cache.bytes + overhead.bytes) }

    /// What should be free: the pages of repacked weights are read once and then reclaimed without harm, so they do
    /// not count twice.
    public var working: ByteCount { ByteCount(max(mapped.bytes, repacked.bytes) + cache.bytes + overhead.bytes) }
}

extension MemoryEstimate {
    /// The process and its compute buffers: 90 to 112 MiB were measured with llama.cpp and models of 0.1 to 0.3B
    /// (anonymous pages of `smaps_rollup`), and they grow slowly with the width of the model.
    static let fixedOverhead: Int64 = 150_000_000

    /// An analytic estimate from what the registry tells; the engine's own figure outranks it where there is one.
    ///
    /// - Parameter context: tokens.
    public init(model: ModelInfo, variant: ModelVariant, context: Int, cpu: SystemCapabilities.CPU) {
        let shape = model.architecture
        mapped = variant.size
        repacked = ByteCount(Self.isRepacked(variant.quantization, on: cpu) ? variant.size.bytes : 0)
        cache = ByteCount(Self.cacheBytes(shape, context: context) ?? variant.size.bytes / 8)
        // A registry is written by people: no width in it may come near an overflow.
        overhead = ByteCount(Self.fixedOverhead + Int64(min(max(shape?.embedding ?? 2048, 0), 1 << 20)) * 16_384)
    }

    /// Keys and values of every caching layer at 16 bits an element: 2 · layers · heads · head size · context · 2.
    private static func cacheBytes(_ shape: ModelInfo.Architecture?, context: Int) -> Int64? {
        guard let layers = shape?.layers, let heads = shape?.kvHeads, let size = shape?.headSize else { return nil }
        return [layers, heads, size, context].reduce(Int64(4)) { product, factor in
            let (value, overflow) = product.multipliedReportingOverflow(by: Int64(factor))
            return overflow ? .max / 4 : value
        }
    }

    /// llama.cpp rewrites Q4_0 and Q4_K weights where the processor has wide integer kernels (FEASIBILITY: measured).
    private static func isRepacked(_ quantization: String, on cpu: SystemCapabilities.CPU) -> Bool {
        let hasKernels = !Set(cpu.features).isDisjoint(with: ["avx2", "avx512f", "dotprod", "i8mm"])
        return hasKernels && (quantization.hasPrefix("Q4_0") || quantization.hasPrefix("Q4_K") || quantization.hasPrefix("IQ4_NL"))
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
