// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Weights of onnxruntime's `MatMulNBits`, which lie as bytes of several weights each. Sizes are in the node's attributes.
struct PackedWeights: Sendable, Equatable {
    struct Node {
        var operation = ""
        var attributes: [String: Int64] = [:]
        private(set) var inputs: [String] = []

        /// The first input is what comes in, the next four are weights, scales, zero points and their order.
        mutating func addInput(_ name: () throws -> String) throws {
            if inputs.count < 5 { try inputs.append(name()) }
        }
    }

    private(set) var parameters: Int64 = 0
    /// Bits of a weight, by how many weights have them.
    private(set) var bits: [Int64: Int64] = [:]
    /// Tensors that hold them.
    private(set) var tensors: Set<String> = []

    mutating func add(_ node: Node) {
        guard node.operation == "MatMulNBits", let rows = node.attributes["N"], let columns = node.attributes["K"], rows > 0, columns > 0
        else {
            return
        }
        let count = rows.multipliedClamped(by: columns)
        parameters = parameters.addingClamped(count)
        let width = node.attributes["bits"] ?? 4
        if (1...8).contains(width) { bits[width] = (bits[width] ?? 0).addingClamped(count) }
        tensors.formUnion(node.inputs.dropFirst())
    }
}

extension ONNXModel {
    /// What the model says of itself.
    ///
    /// - Parameter genai: `genai_config.json` beside it, where it writes text.
    public func facts(genai: GenAIConfig? = nil) -> ModelFacts {
        var facts = genai?.facts ?? ModelFacts(container: .onnx)
        facts.name = facts.name ?? metadata["model_name"]
        var weights = ModelFacts.Weights(totalBytes: 0)
        var count = packed.parameters
        for tensor in tensors {
            weights.totalBytes = weights.totalBytes.addingClamped(tensor.byteCount)
            weights.bytesByType[tensor.type.name] = (weights.bytesByType[tensor.type.name] ?? 0).addingClamped(tensor.byteCount)
            if tensor.type.isWeight, !packed.tensors.contains(tensor.name) { count = count.addingClamped(tensor.elements) }
        }
        facts.weights = weights
        if count > 0 { facts.parameters = count }
        facts.quantization = quantization(weights)
        if genai == nil, outputs.contains(where: { $0.name.contains("embedding") || $0.name.contains("hidden_state") }) {
            facts.capabilities = [.embedding]
        }
        return facts
    }

    /// `int4` where weights are packed, otherwise the type that most bytes have.
    private func quantization(_ weights: ModelFacts.Weights) -> String? {
        if let width = packed.bits.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key { return "int\(width)" }
        let names = [
            "FLOAT": "F32", "FLOAT16": "F16", "BFLOAT16": "BF16", "INT8": "int8", "UINT8": "int8", "INT4": "int4", "UINT4": "int4",
        ]
        return weights.bytesByType.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { names[$0.key] ?? $0.key }
    }
}
