// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One measure against a failure. The names are stable: they are noted, and programs read them.
public enum Rung: String, Sendable, Codable, CaseIterable {
    case evictIdle = "evict_idle"
    case smallerBatch = "smaller_batch"
    case quantizedCache = "quantized_cache"
    case smallerContext = "smaller_context"
    case fewerGPULayers = "fewer_gpu_layers"
    case fewerFeatures = "fewer_features"
    case lowerQuantization = "lower_quantization"
    case processorOnly = "processor_only"
    case lowerTier = "lower_tier"
    case probeAgain = "probe_again"
    case otherBackend = "other_backend"
    case sameAgain = "same_again"
    case plainKernels = "plain_kernels"
    case fewerThreads = "fewer_threads"
    case safeMode = "safe_mode"
    case report
    case verifyFile = "verify_file"
    case repairFile = "repair_file"
    case pullAgain = "pull_again"
    case installEngine = "install_engine"
    case otherFormat = "other_format"

    /// What helps against what, mildest first.
    public static func ladder(for trouble: Trouble) -> [Rung] {
        switch trouble {
        case .memory:
            [
                .evictIdle, .smallerBatch, .quantizedCache, .smallerContext, .fewerGPULayers, .fewerFeatures, .lowerQuantization,
                .processorOnly, .lowerTier,
            ]
        case .device: [.probeAgain, .otherBackend, .processorOnly]
        case .crash: [.sameAgain, .plainKernels, .fewerThreads, .processorOnly, .safeMode]
        case .slowness: [.fewerThreads, .smallerBatch, .report]
        case .damage: [.verifyFile, .repairFile, .pullAgain]
        case .engine: [.installEngine, .otherFormat, .lowerTier]
        }
    }

    /// Whether a changed plan is all that it takes; the others need hands.
    public var isPlanned: Bool {
        switch self {
        case .smallerBatch, .quantizedCache, .smallerContext, .fewerGPULayers, .fewerFeatures, .processorOnly, .sameAgain,
            .plainKernels, .fewerThreads, .safeMode:
            true
        case .evictIdle, .lowerQuantization, .lowerTier, .probeAgain, .otherBackend, .report, .verifyFile, .repairFile, .pullAgain,
            .installEngine, .otherFormat:
            false
        }
    }

    /// Whether it is worth beginning with it the next time: a second try of the same gives nothing up.
    public var isLasting: Bool { isPlanned && self != .sameAgain }

    /// What is done about it, for one that needs hands.
    public var words: String {
        switch self {
        case .evictIdle: "idle models are unloaded"
        case .lowerQuantization: "a smaller quantisation of the same model is taken"
        case .lowerTier: "a smaller model is taken"
        case .probeAgain: "the device is asked again"
        case .otherBackend: "another way to the graphics card is taken"
        case .report: "it is reported"
        case .verifyFile: "the file is checked"
        case .repairFile: "the damaged pieces are fetched again"
        case .pullAgain: "the model is fetched again"
        case .installEngine: "the engine is installed anew"
        case .otherFormat: "the model is taken in another format"
        case .smallerBatch, .quantizedCache, .smallerContext, .fewerGPULayers, .fewerFeatures, .processorOnly, .sameAgain, .plainKernels,
            .fewerThreads, .safeMode:
            rawValue.replacing("_", with: " ")
        }
    }
}
