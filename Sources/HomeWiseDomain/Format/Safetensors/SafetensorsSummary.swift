// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What the tensors of a model's files add up to.
public struct SafetensorsSummary: Sendable, Equatable {
    public private(set) var parameters: Int64 = 0
    /// Of `parameters`, those in experts of which a token takes some.
    public private(set) var expertParameters: Int64 = 0
    public private(set) var weights = ModelFacts.Weights(totalBytes: 0)

    /// - Parameters:
    ///   - headers: of all shards, whose index has been checked: a name in two of them is counted twice.
    ///   - packedBits: bits of a weight where several share an integer (`quantization_config.bits`).
    public init(_ headers: some Sequence<SafetensorsHeader>, packedBits: Int? = nil) {
        for header in headers {
            let packing = Packing(header, bits: packedBits)
            for tensor in header.tensors { add(tensor, parameters: packing.parameters(of: tensor)) }
        }
    }

    private mutating func add(_ tensor: SafetensorsHeader.Tensor, parameters count: Int64) {
        let size = tensor.byteCount
        // Every header fits its file, so sums of them only overflow where somebody makes files of exabytes up.
        parameters = parameters.addingClamped(count)
        weights.totalBytes = weights.totalBytes.addingClamped(size)
        weights.bytesByType[tensor.type.rawValue, default: 0] = (weights.bytesByType[tensor.type.rawValue] ?? 0).addingClamped(size)
        switch TensorRole(name: tensor.name) {
        case .embedding: weights.embeddingBytes = weights.embeddingBytes.addingClamped(size)
        case .output: weights.outputBytes = weights.outputBytes.addingClamped(size)
        case .expert:
            weights.expertBytes = weights.expertBytes.addingClamped(size)
            expertParameters = expertParameters.addingClamped(count)
        case .other: break
        }
    }

    /// The type that most bytes have: `BF16`. `nil` where there are none.
    public var dominantType: String? {
        weights.bytesByType.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}

/// Which part of a model a tensor of a Hugging Face checkpoint is, by the end of its name.
enum TensorRole {
    case embedding, output, expert, other

    private static let embeddings = [
        "embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight", "embed_in.weight", "embeddings.weight",
        "shared.weight", "model.embedding.weight", "transformer.embedding.weight",
    ]
    private static let outputs = ["lm_head.weight", "output.weight", "embed_out.weight"]

    init(name: String) {
        // “output.weight” is the head only at the top: deeper down it is a projection.
        if Self.outputs.contains(name) || name.hasSuffix(".lm_head.weight") {
            self = .output
        } else if Self.embeddings.contains(where: { name == $0 || name.hasSuffix("." + $0) }), !name.contains("vision"),
            !name.contains("position")
        {
            self = .embedding
        } else if name.contains(".experts.") {
            self = .expert
        } else {
            self = .other
        }
    }
}

extension Int64 {
    /// The sum, or the largest number where it does not fit.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }

    /// The product of two counts, or the largest number where it does not fit.
    func multipliedClamped(by other: Int64) -> Int64 {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? .max : product
    }
}
