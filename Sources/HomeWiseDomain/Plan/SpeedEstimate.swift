// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Tokens per second when a model writes, with what the figure rests on. A measurement outranks every estimate.
public struct SpeedEstimate: Sendable, Codable, Equatable {
    public enum Basis: Sendable, Codable, Equatable {
        /// The model ran here before.
        case measured
        /// Memory bandwidth was measured here; the engine's efficiency is assumed.
        case bandwidth(gigabytesPerSecond: Double)
        /// Nothing was measured.
        case assumed
    }

    public var tokensPerSecond: Double
    public var basis: Basis

    /// The band that the true figure is expected in.
    public var range: ClosedRange<Double> {
        switch basis {
        case .measured: tokensPerSecond * 0.8...tokensPerSecond * 1.2
        case .bandwidth: tokensPerSecond * 0.6...tokensPerSecond * 1.5
        case .assumed: tokensPerSecond * 0.4...tokensPerSecond * 2
        }
    }

    public init(tokensPerSecond: Double, basis: Basis) {
        self.tokensPerSecond = tokensPerSecond
        self.basis = basis
    }
}

extension SpeedEstimate {
    /// Bytes of weights that one core's kernels work through in a second when memory is no limit. Assumed from
    /// 110 tokens/s of a 98 MB model on two AVX2 cores (5.4 GB/s each); calibration will replace it.
    static func kernelRate(of cpu: SystemCapabilities.CPU) -> Double {
        Set(cpu.features).isDisjoint(with: ["avx2", "avx512f", "dotprod"]) ? 1.5e9 : 5.4e9
    }

    /// Writing one token reads every active weight once, so the slower of memory and kernels sets the pace.
    public init(model: ModelInfo, variant: ModelVariant, machine: SystemCapabilities) {
        let kernels = machine.cpu.usableCores * Self.kernelRate(of: machine.cpu)
        let bytes = Double(variant.size.bytes) * model.activeShare
        let rate = min(machine.memory.bandwidth ?? .infinity, kernels)
        tokensPerSecond = rate / max(bytes, 1)
        basis = machine.memory.bandwidth.map { .bandwidth(gigabytesPerSecond: $0 / 1e9) } ?? .assumed
    }
}

extension ModelInfo {
    /// The share of the weights that one token passes through: 1, or less for a mixture of experts.
    var activeShare: Double {
        guard let all = ParameterCount.parse(parameters), let active = ParameterCount.parse(activeParameters) else { return 1 }
        return min(1, Double(active) / Double(all))
    }
}
