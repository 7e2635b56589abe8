// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A class of failures against which the same measures help.
public enum Trouble: String, Sendable, Codable, CaseIterable {
    /// Memory ran out, the machine's or the graphics card's.
    case memory
    /// A device cannot be initialised, or was lost.
    case device
    /// The engine crashed or hung, while loading or while answering.
    case crash
    /// It runs, and slower than was measured here before.
    case slowness
    /// The model's file is damaged.
    case damage
    /// The engine is missing, broken, or too old for the model.
    case engine

    /// - Parameter plan: the plan that failed. Engines complain of devices also where they do without them.
    public init(_ cause: ExitCause.Kind, _ plan: LaunchPlan) {
        self =
            switch cause {
            case .outOfMemory, .outOfDeviceMemory: .memory
            case .deviceLost: plan.placement.gpu == nil ? .crash : .device
            case .killed, .crashed, .failed, .hung, .addressInUse: .crash
            case .badModel: .damage
            case .wrongProcessor, .missingLibrary, .unsupportedModel: .engine
            }
    }

    /// What happened, as the beginning of a sentence.
    public var words: String {
        switch self {
        case .memory: "memory ran out"
        case .device: "the device failed"
        case .crash: "the engine failed"
        case .slowness: "it is slower than it should be"
        case .damage: "the file seems damaged"
        case .engine: "the engine does not suit"
        }
    }
}
