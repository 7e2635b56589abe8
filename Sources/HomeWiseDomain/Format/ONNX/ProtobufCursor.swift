// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Walks over the fields of one protobuf message in a file, without reading what it is not asked for.
///
/// Wire format: https://protobuf.dev/programming-guides/encoding. Groups, which ONNX has none of, are refused.
struct ProtobufCursor<Source: ByteSource> {
    enum Value {
        case varint(UInt64)
        case fixed(UInt64)
        /// A text, bytes, a message or packed numbers: where they lie in the file.
        case bytes(Range<Int64>)
    }

    struct Field {
        let number: Int
        let value: Value
    }

    private let source: Source
    private var offset: Int64
    private let end: Int64

    init(_ source: Source, _ range: Range<Int64>) {
        self.source = source
        offset = range.lowerBound
        end = range.upperBound
    }

    /// - Returns: the next field; `nil` at the end of the message.
    /// - Throws: `FormatFault` where no field can be, or it leads out of its message.
    mutating func next() throws -> Field? {
        guard offset < end else { return nil }
        let head = try Self.head(source, offset..<min(end, offset + 20))
        let start = offset + Int64(head.length)
        offset = start
        switch head.kind {
        case 0: return Field(number: head.number, value: .varint(head.payload))
        case 1, 5: return Field(number: head.number, value: .fixed(head.payload))
        default:
            guard let count = Int64(exactly: head.payload), count <= end - start else {
                throw FormatFault.truncated("protobuf", "field \(head.number) at \(start) reaches beyond its message")
            }
            offset = start + count
            return Field(number: head.number, value: .bytes(start..<offset))
        }
    }

    /// All numbers of a repeated integer field's value, packed or single.
    ///
    /// - Parameter most: how many are sensible.
    static func integers(_ value: Value, _ source: Source, most: Int, _ name: String) throws -> [Int64] {
        guard case .bytes(let range) = value else { return [try value.integer(name)] }
        guard range.count <= most * 10 else { throw FormatFault.tooLarge(name, "\(range.count) bytes of numbers") }
        return try source.withBytes(range) { bytes in
            var numbers: [Int64] = []
            var offset = 0
            while offset < bytes.count {
                let (number, length) = try varint(bytes, offset)
                numbers.append(Int64(bitPattern: number))
                offset += length
            }
            guard numbers.count <= most else { throw FormatFault.tooLarge(name, "\(numbers.count) numbers") }
            return numbers
        }
    }

    private struct Head {
        let number: Int
        let kind: UInt64
        /// The number itself, or the length of what follows.
        let payload: UInt64
        /// Bytes of tag and payload.
        let length: Int
    }

    private static func head(_ source: Source, _ range: Range<Int64>) throws -> Head {
        try source.withBytes(range) { bytes in
            let (tag, tagLength) = try varint(bytes, 0)
            guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw FormatFault.badValue("protobuf", "no field begins at \(range.lowerBound)") }
            let (payload, length): (UInt64?, Int) =
                switch tag & 7 {
                case 0, 2: try varint(bytes, tagLength)
                case 1: (bytes.littleEndian(UInt64.self, at: tagLength), 8)
                case 5: (bytes.littleEndian(UInt32.self, at: tagLength).map(UInt64.init), 4)
                default: throw FormatFault(.unsupported, "protobuf", "wire type \(tag & 7) at \(range.lowerBound)")
                }
            guard let payload else { throw FormatFault.truncated("protobuf", "the number at \(range.lowerBound) does not end") }
            return Head(number: Int(tag >> 3), kind: tag & 7, payload: payload, length: tagLength + length)
        }
    }

    /// Seven bits a byte, the lowest first; ten bytes at most.
    private static func varint(_ bytes: UnsafeRawBufferPointer, _ start: Int) throws -> (value: UInt64, length: Int) {
        var value: UInt64 = 0
        for index in 0..<10 {
            guard start + index < bytes.count else { throw FormatFault.truncated("protobuf", "a number does not end") }
            let byte = bytes[start + index]
            guard index < 9 || byte <= 1 else { throw FormatFault.tooLarge("protobuf", "a number does not fit 64 bits") }
            value |= UInt64(byte & 0x7F) << (7 * UInt64(index))
            if byte < 0x80 { return (value, index + 1) }
        }
        throw FormatFault.tooLarge("protobuf", "a number has more than ten bytes")
    }
}

extension ProtobufCursor.Value {
    /// A field's value as what the format says that it is; protobuf itself would skip it, and another reader might not.
    func integer(_ name: String) throws(FormatFault) -> Int64 {
        guard case .varint(let value) = self else { throw .badValue(name, "it is no number") }
        return Int64(bitPattern: value)
    }

    func range(_ name: String) throws(FormatFault) -> Range<Int64> {
        guard case .bytes(let range) = self else { throw .badValue(name, "it is no text or message") }
        return range
    }
}
