// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How a model of safetensors becomes a GGUF file: which steps, and what disk they take.
public struct ConversionPlan: Sendable, Equatable {
    /// As llama-quantize names it.
    public var quantization: String
    /// What the converter is asked for.
    public var firstType: String
    /// The converter's file is written in this type at once; otherwise it is quantised afterwards.
    public var isOneStep: Bool { firstType == quantization.lowercased() }
    /// Estimates, both a little too large rather than too small.
    public var intermediate: ByteCount
    public var result: ByteCount

    /// What has to be free on the disk of the result.
    public var space: ByteCount { ByteCount(isOneStep ? result.bytes : intermediate.bytes + result.bytes) }

    /// Types that are offered, with bits for each weight (llama-quantize's own figures, with what the large tensors cost).
    private static let bits: [String: Double] = [
        "F32": 32, "BF16": 16, "F16": 16, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q5_K_S": 5.6, "Q5_1": 6, "Q5_0": 5.6, "Q4_K_M": 4.9,
        "Q4_K_S": 4.7, "Q4_1": 5.1, "Q4_0": 4.7, "IQ4_NL": 4.7, "IQ4_XS": 4.5, "Q3_K_L": 4.3, "Q3_K_M": 4, "Q3_K_S": 3.7, "Q2_K": 3.4,
    ]

    /// What the converter writes by itself, and exactly.
    private static let direct: Set = ["F32", "BF16", "F16", "Q8_0"]

    /// Names of the types, the largest first.
    public static let quantizations = bits.sorted { ($0.value, $0.key) > ($1.value, $1.key) }.map(\.key)

    /// - Parameters:
    ///   - quantization: in any case of letters.
    ///   - weights: size of the safetensors files together.
    ///   - dtype: how they are stored, as config.json says (`float32`); a size that is not known counts as the smallest.
    /// - Throws: `Failure.badInput` for a type that is not offered.
    public init(quantization: String, weights: ByteCount, dtype: String?) throws {
        let name = quantization.uppercased()
        guard let bits = Self.bits[name] else {
            throw Failure.badInput(
                "“\(quantization.prefix(40))” is no type that a model can be converted to.",
                remedy: "Types are: \(Self.quantizations.joined(separator: ", ")).")
        }
        self.quantization = name
        firstType = Self.direct.contains(name) ? name.lowercased() : "auto"
        let bytes: Double =
            switch dtype {
            case "float32", "float64": 4;
            case "float16", "bfloat16": 2;
            case let other: other == nil ? 2 : 1
            }
        let parameters = Double(weights.bytes) / bytes
        // The vocabulary, and tensors that stay as they are.
        let margin = 32e6
        intermediate = ByteCount(Int64(parameters * 2.05 + margin))
        result = ByteCount(Int64(parameters * bits / 8 * 1.1 + margin))
    }

    /// Why the converter gave up, where its words tell.
    public enum Complaint: Sendable, Equatable {
        case unsupported(String)
        case needsCode
        case diskFull
        case damaged(String)
    }

    public static func complaint(in lines: [String]) -> Complaint? {
        for line in lines {
            if let name = line.between("Model ", " is not supported") { return .unsupported(UntrustedName.printable(String(name))) }
            if line.contains("needs code of its own") || line.contains("contains custom code which must be executed") { return .needsCode }
            if line.contains("No space left on device") || line.contains("Errno 28") { return .diskFull }
            if line.contains("BPE pre-tokenizer was not recognized") { return .unsupported("its tokenizer") }
            if line.contains("SafetensorError") || line.contains("Missing tensors") || line.contains("Can not map tensor") {
                return .damaged(UntrustedName.printable(line))
            }
        }
        return nil
    }
}

extension String {
    /// What stands between two texts, the first time.
    fileprivate func between(_ start: String, _ end: String) -> Substring? {
        guard let from = firstRange(of: start)?.upperBound, let to = self[from...].firstRange(of: end)?.lowerBound else { return nil }
        return self[from..<to]
    }
}
