// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A metadata value. Arrays are not read into memory: a vocabulary has hundreds of thousands of entries that hardly anybody
/// asks for.
public enum GGUFValue: Sendable, Equatable {
    case unsigned(UInt64)
    case signed(Int64)
    case real(Double)
    case flag(Bool)
    case text(String)
    case array(GGUFArray)

    /// A count or size, where it is one; negative and fractional numbers are none.
    public var count: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): value < 0 ? nil : Int(exactly: value)
        default: nil
        }
    }

    public var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// Where an array lies in the file.
public struct GGUFArray: Sendable, Equatable {
    public let type: GGUFType
    public let count: Int
    /// First byte of the first element, from the start of the file.
    public let offset: Int
    /// First byte behind the last element.
    public let end: Int
}

/// Types of metadata values (ggml/docs/gguf.md).
public enum GGUFType: UInt32, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes of one value; `nil` for those without a fixed size.
    var size: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// One tensor of the table.
public struct GGUFTensor: Sendable, Equatable {
    public let name: String
    /// Elements in each dimension, the row first; ones behind the last.
    public let shape: SIMD4<Int64>
    public let dimensions: Int
    public let type: GGMLType
    /// Bytes from the start of the tensor data.
    public let offset: Int64
    public let elements: Int64
    public let bytes: Int64
}
