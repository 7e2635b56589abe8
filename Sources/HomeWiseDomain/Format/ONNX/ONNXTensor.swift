// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Element types of ONNX tensors (onnx.proto3, `TensorProto.DataType`, IR version 13).
public struct ONNXType: Sendable, Hashable, Codable {
    public let code: Int
    public init(code: Int) { self.code = code }

    private static let names: [(name: String, bits: Int64?)] = [
        ("UNDEFINED", nil), ("FLOAT", 32), ("UINT8", 8), ("INT8", 8), ("UINT16", 16), ("INT16", 16), ("INT32", 32), ("INT64", 64),
        ("STRING", nil), ("BOOL", 8), ("FLOAT16", 16), ("DOUBLE", 64), ("UINT32", 32), ("UINT64", 64), ("COMPLEX64", 64),
        ("COMPLEX128", 128), ("BFLOAT16", 16), ("FLOAT8E4M3FN", 8), ("FLOAT8E4M3FNUZ", 8), ("FLOAT8E5M2", 8), ("FLOAT8E5M2FNUZ", 8),
        ("UINT4", 4), ("INT4", 4), ("FLOAT4E2M1", 4), ("FLOAT8E8M0", 8), ("UINT2", 2), ("INT2", 2),
    ]

    /// As the format spells it; a number where this version does not know it.
    public var name: String { Self.names.indices.contains(code) ? Self.names[code].name : "TYPE\(code)" }

    /// Bits of one element; `nil` for texts and unknown types.
    public var bits: Int64? { Self.names.indices.contains(code) ? Self.names[code].bits : nil }

    /// Whether a model's weights come in it: indices and shapes are 64-bit integers, masks are booleans.
    var isWeight: Bool { ![0, 6, 7, 8, 9, 12, 13, 24].contains(code) && bits != nil }
}

/// A tensor that a model brings along: its weights and constants.
public struct ONNXTensor: Sendable, Equatable {
    public var name = ""
    public var type = ONNXType(code: 0)
    public var shape: [Int64] = []
    /// Bytes of its data, in this file or in another.
    public var byteCount: Int64 = 0
    /// Where its data lies, if not in this file.
    public var external: ONNXExternalData?
    /// The product of the shape.
    public var elements: Int64 = 1
}

/// A range of another file that holds a tensor's data.
public struct ONNXExternalData: Sendable, Equatable {
    /// Below the folder of the model; only its text was checked.
    public let location: SafePath
    /// Bytes from the start of that file.
    public let offset: Int64
    /// Bytes.
    public let length: Int64
}

/// An input or output of the graph.
public struct ONNXPort: Sendable, Equatable {
    public enum Size: Sendable, Equatable {
        case fixed(Int64)
        /// A size with a name, or none: given by whoever runs the model.
        case free(String)
    }

    public var name = ""
    public var type = ONNXType(code: 0)
    /// `nil` where the file does not say, and for values that are no tensors.
    public var shape: [Size]?
}
