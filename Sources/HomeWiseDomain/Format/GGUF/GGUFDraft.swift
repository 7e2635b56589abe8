// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A GGUF header in the making: for models that we write ourselves, to prove an engine, to measure a machine and to ask
/// the engine what a model would take.
///
/// Layout: GGUF version 3 (ggml/docs/gguf.md).
public struct GGUFDraft: Sendable {
    public enum Value: Sendable {
        case unsigned(UInt32), long(UInt64), signed(Int32), float(Float), flag(Bool), text(String)
        case texts([String]), floats([Float]), integers([Int32]), flags([Bool])
    }

    public struct Tensor: Sendable {
        public var name: String
        /// Elements in each dimension, the row first.
        public var shape: [Int]
        public var type: GGMLType

        public init(_ name: String, _ shape: [Int], _ type: GGMLType) {
            self.name = name
            self.shape = shape
            self.type = type
        }

        public var elements: Int { shape.reduce(1, *) }
        /// Zero for rows that do not divide into the type's blocks.
        public var bytes: Int64 { type.bytes(row: Int64(elements)) ?? 0 }
    }

    public var metadata: [(key: String, value: Value)] = []
    /// Keys and values as they stood in another file, byte by byte.
    var copied: [[UInt8]] = []
    public var tensors: [Tensor] = []
    public var version: UInt32 = 3
    public static let alignment: Int64 = 32

    public init() {}

    /// The bytes up to the weights, and the length that the whole file has with them.
    public func header() -> (bytes: [UInt8], length: Int64) {
        var writer = GGUFWriter()
        writer.append(version)
        writer.append(UInt64(tensors.count))
        writer.append(UInt64(metadata.count + copied.count))
        for (key, value) in metadata { writer.pair(key, value) }
        for field in copied { writer.append(contentsOf: field) }
        var offset: Int64 = 0
        for tensor in tensors {
            writer.tensor(tensor, offset: UInt64(offset))
            offset = Self.padded(offset + tensor.bytes)
        }
        writer.pad(to: Int(Self.alignment))
        return (writer.bytes, Int64(writer.bytes.count) + offset)
    }

    /// Bytes from the start of the weights to each tensor.
    public var offsets: [Int64] {
        var next: Int64 = 0
        return tensors.map { tensor in
            defer { next = Self.padded(next + tensor.bytes) }
            return next
        }
    }

    private static func padded(_ value: Int64) -> Int64 { (value + alignment - 1) / alignment * alignment }
}

/// Writes the little-endian fields of a GGUF file.
struct GGUFWriter {
    private(set) var bytes = Array("GGUF".utf8)

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(contentsOf other: [UInt8]) { bytes += other }

    mutating func text(_ value: String) {
        append(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func pair(_ key: String, _ value: GGUFDraft.Value) {
        text(key)
        switch value {
        case .unsigned(let value): scalar(.uint32, value)
        case .long(let value): scalar(.uint64, value)
        case .signed(let value): scalar(.int32, value)
        case .float(let value): scalar(.float32, value.bitPattern)
        case .flag(let value): scalar(.bool, UInt8(value ? 1 : 0))
        case .text(let value):
            append(GGUFType.string.rawValue)
            text(value)
        case .texts(let values): array(of: .string, values) { $0.text($1) }
        case .floats(let values): array(of: .float32, values) { $0.append($1.bitPattern) }
        case .integers(let values): array(of: .int32, values) { $0.append($1) }
        case .flags(let values): array(of: .bool, values) { $0.append(UInt8($1 ? 1 : 0)) }
        }
    }

    private mutating func scalar(_ type: GGUFType, _ value: some FixedWidthInteger) {
        append(type.rawValue)
        append(value)
    }

    private mutating func array<Element>(of type: GGUFType, _ values: [Element], write: (inout Self, Element) -> Void) {
        append(GGUFType.array.rawValue)
        append(type.rawValue)
        append(UInt64(values.count))
        for value in values { write(&self, value) }
    }

    mutating func tensor(_ tensor: GGUFDraft.Tensor, offset: UInt64) {
        text(tensor.name)
        append(UInt32(tensor.shape.count))
        for size in tensor.shape { append(UInt64(size)) }
        append(tensor.type.number)
        append(offset)
    }

    mutating func pad(to alignment: Int) {
        bytes.append(contentsOf: repeatElement(0, count: (alignment - bytes.count % alignment) % alignment))
    }
}
