// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure.Code {
    public static let conversionFailed = Self(rawValue: "conversion_failed")
}

extension Failure {
    /// - Parameter folder: the model's.
    public static func nothingToConvert(_ folder: String, _ reason: String) -> Failure {
        Failure(
            .badInput, "\(folder) cannot be converted: \(reason).",
            remedy: "Give a folder with config.json, *.safetensors and the tokenizer’s files.")
    }

    public static func conversionStopped(_ complaint: ConversionPlan.Complaint, path: String) -> Failure {
        switch complaint {
        case .unsupported(let what):
            Failure(
                .conversionFailed, "llama.cpp’s converter does not know this kind of model: \(what).",
                remedy: "Run it with the PyTorch engine, or look for a GGUF of it: homewise search",
                detail: [causeDetail: ExitCause.Kind.unsupportedModel.rawValue])
        case .needsCode:
            Failure(
                .conversionFailed, "This model needs code of its own to be read, which is never run.",
                remedy: "Look for a GGUF of it: homewise search", detail: [causeDetail: ExitCause.Kind.unsupportedModel.rawValue])
        case .diskFull: diskFilled(path: path)
        case .damaged(let what):
            Failure(
                .conversionFailed, "The model’s files are not whole: \(what).",
                remedy: "Check the files and repair them: homewise verify --repair",
                detail: [causeDetail: ExitCause.Kind.badModel.rawValue])
        }
    }

    public static func conversionFailed(step: String, status: String, tail: [String], log: String) -> Failure {
        Failure(
            .conversionFailed,
            "Converting the model failed in step “\(step)” (\(status)).\n\(tail.map { "  | \($0)" }.joined(separator: "\n"))",
            remedy: "The whole log is in \(log). Nothing was left behind.", detail: ["log": log])
    }
}
