// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An ONNX model as far as planning and safety need it: what goes in and out, what it brings along, where its data lies.
/// Weights are skipped by arithmetic and never read.
///
/// All tensors are looked at, also those in attributes, subgraphs and functions, because a path in any of them is opened.
/// Field numbers are those of onnx.proto3 (IR version 13).
public struct ONNXModel: Sendable, Equatable {
    /// What is refused before it costs anything.
    public struct Limits: Sendable {
        /// Fields that are visited.
        public var fields = 8_000_000
        /// Graphs inside graphs.
        public var depth = 32
        /// Tensors, and inputs and outputs together.
        public var entries = 262_144
        /// Bytes of a name.
        public var name: Int64 = 4096
        /// Bytes of all texts that are kept.
        public var texts: Int64 = 32 << 20

        public init() {}
    }

    public internal(set) var irVersion: Int64?
    public internal(set) var producer: String?
    public internal(set) var producerVersion: String?
    /// Versions by domain; the standard one is the empty text.
    public internal(set) var operatorSets: [String: Int64] = [:]
    public internal(set) var metadata: [String: String] = [:]
    /// Of the main graph. Older files list initialisers among the inputs; they are left out here.
    public internal(set) var inputs: [ONNXPort] = []
    public internal(set) var outputs: [ONNXPort] = []
    /// Initialisers of all graphs and tensors of attributes.
    public internal(set) var tensors: [ONNXTensor] = []
    /// How often an operator appears, by name; `domain::name` outside the standard.
    public internal(set) var operators: [String: Int] = [:]
    /// Weights that are packed several to a byte (`MatMulNBits`).
    var packed = PackedWeights()

    /// - Throws: `FormatFault` for what is malformed or exceeds the limits, for unsafe places of external data, and what the
    ///   source throws.
    public init(source: some ByteSource, limits: Limits = Limits()) throws {
        var walk = ONNXWalk(source: source, limits: limits)
        try walk.readModel(0..<source.length)
        self = walk.model
        guard walk.sawGraph else { throw FormatFault(.notThisFormat, "graph", "there is none") }
        try checkOverlaps()
        let own = Set(tensors.map(\.name))
        inputs.removeAll { own.contains($0.name) }
    }

    init() {}

    /// The files that the data lies in beside this one.
    public var externalFiles: Set<SafePath> { Set(tensors.compactMap(\.external?.location)) }

    /// Operators that no engine has of its own: their domain is neither the standard's nor onnxruntime's.
    public var foreignDomains: [String] {
        let own: Set<String> = [
            "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc",
            "com.ms.internal.nhwc", "com.microsoft.experimental",
        ]
        return operatorSets.keys.filter { !own.contains($0) }.sorted()
    }

    // MARK: External data

    /// Ranges of one file may not share bytes: no writer makes that, and a reader that writes would damage another tensor.
    private func checkOverlaps() throws(FormatFault) {
        let parts = tensors.filter { ($0.external?.length ?? 0) > 0 }.sorted { left, right in
            guard let left = left.external, let right = right.external else { return false }
            return (left.location.value, left.offset) < (right.location.value, right.offset)
        }
        for (tensor, next) in zip(parts, parts.dropFirst()) {
            guard let first = tensor.external, let second = next.external, first.location == second.location else { continue }
            guard first.offset + first.length <= second.offset else {
                throw .badValue("tensor \(next.name)", "its external data overlaps that of \(UntrustedName.printable(tensor.name))")
            }
        }
    }

    /// Holds the external data against the files that are there.
    ///
    /// - Parameter lengths: bytes by path; all of the model's files.
    /// - Throws: `FormatFault` for a file that is missing or too short.
    public func checkExternalData(lengths: [SafePath: Int64]) throws(FormatFault) {
        for tensor in tensors {
            guard let external = tensor.external else { continue }
            let field = "tensor \(tensor.name)"
            guard let length = lengths[external.location] else {
                throw .truncated(field, "\(external.location) is not among the model's files")
            }
            guard external.offset + external.length <= length else {
                throw .truncated(field, "its data ends at \(external.offset + external.length) and \(external.location) at \(length)")
            }
        }
    }
}
