// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelFormat {
    /// The engine that runs it, as `homewise engine` names it.
    public var engine: String {
        switch self {
        case .gguf: "llama.cpp"
        case .onnx, .pytorch: rawValue
        }
    }

    /// - Returns: `nil` for a name that is no engine's.
    public static func run(by engine: String) -> ModelFormat? { allCases.first { $0.engine == engine } }
}

extension Fit {
    public var format: ModelFormat { variant.format ?? model.type }
}
