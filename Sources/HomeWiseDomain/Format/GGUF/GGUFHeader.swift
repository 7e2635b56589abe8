// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Everything of a GGUF file before its weights: metadata and the table of tensors, checked (THREATS §1H).
public struct GGUFHeader: Sendable, Equatable {
    public let version: UInt32
    public private(set) var metadata: [String: GGUFValue]
    /// Bytes of each key and its value, from the start of the file.
    private(set) var fields: [String: Range<Int>]
    public private(set) var tensors: [GGUFTensor]
    /// First byte of the weights.
    public private(set) var dataOffset: Int64
    /// Bytes that the file must have.
    public private(set) var end: Int64

    /// Limits beyond any real model, far below what would hurt.
    public enum Limit {
        public static let pairs: UInt64 = 65_536
        /// Real models have up to some thousands.
        public static let tensors: UInt64 = 65_536
        /// Bytes of a key.
        public static let key = 1 << 12
        /// Bytes of a text; the chat template has its own.
        public static let text = 1 << 20
        public static let template = 256 << 10
        /// Bytes of one entry of an array of texts, such as a token.
        public static let element = 1 << 14
        /// Bytes of all texts together.
        public static let texts = 8 << 20
        /// Bytes of a tensor's name, the closing zero included (ggml's GGML_MAX_NAME).
        public static let name = 63
    }

    /// - Throws: `FormatFault` with the field, or `MoreBytesNeeded` where the header is not here as a whole.
    public init(_ source: some ByteSource) throws {
        self = try source.withBytes(0..<min(source.available, source.length)) { bytes in
            var cursor = GGUFCursor(bytes, length: source.length)
            return try GGUFHeader(&cursor)
        }
    }

    private init(_ cursor: inout GGUFCursor) throws {
        version = try Self.version(&cursor)
        let tensorCount = try cursor.take(UInt64.self, "tensor count")
        let pairCount = try cursor.take(UInt64.self, "metadata count")
        (metadata, fields, tensors, dataOffset, end) = ([:], [:], [], 0, 0)
        try Self.check(pairCount, "metadata count", limit: Limit.pairs, smallest: 13, cursor)
        try Self.check(tensorCount, "tensor count", limit: Limit.tensors, smallest: 33, cursor)
        try readMetadata(count: pairCount, &cursor)
        try readTensors(count: tensorCount, alignment: alignment(), &cursor)
        try GGUFScreen(self, cursor.bytes).check()
    }

    private static func version(_ cursor: inout GGUFCursor) throws -> UInt32 {
        guard try cursor.take(UInt32.self, "magic") == 0x4655_4747 else {
            throw FormatFault(.notThisFormat, "magic", "it does not begin with GGUF")
        }
        let version = try cursor.take(UInt32.self, "version")
        guard version == 2 || version == 3 else {
            let isSwapped = (1...3).contains(version.byteSwapped)
            throw FormatFault(
                .unsupported, "version", isSwapped ? "it was made for big-endian machines" : "version \(version) is not known here")
        }
        return version
    }

    /// A count must be below its limit, and what it counts must have room in the file.
    private static func check(_ count: UInt64, _ field: String, limit: UInt64, smallest: Int64, _ cursor: GGUFCursor) throws {
        guard count <= limit else { throw FormatFault.tooLarge(field, "\(count); \(limit) is the limit") }
        guard Int64(count) * smallest <= cursor.remaining else {
            throw FormatFault.truncated(field, "\(count) of them cannot lie in the \(cursor.remaining) bytes that are left")
        }
    }

    private func alignment() throws -> Int64 {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.count, (8...65_536).contains(alignment), alignment & (alignment - 1) == 0 else {
            throw FormatFault.badValue("general.alignment", "it must be a power of two from 8 to 65536")
        }
        return Int64(alignment)
    }

    // MARK: Metadata

    private mutating func readMetadata(count: UInt64, _ cursor: inout GGUFCursor) throws {
        var texts = 0
        for index in 0..<count {
            let first = cursor.position
            let key = try cursor.takeText(limit: Limit.key, "key \(index)")
            guard !key.isEmpty else { throw FormatFault.badValue("key \(index)", "it is empty") }
            let start = cursor.position
            let value = try Self.value(&cursor, key)
            guard metadata.updateValue(value, forKey: key) == nil else { throw FormatFault(.duplicate, key, "it is there twice") }
            fields[key] = first..<cursor.position
            if case .text = value { texts += cursor.position - start }
            guard texts <= Limit.texts else { throw FormatFault.tooLarge(key, "all texts together exceed \(Limit.texts) bytes") }
        }
    }

    private static func value(_ cursor: inout GGUFCursor, _ key: String) throws -> GGUFValue {
        let number = try cursor.take(UInt32.self, key)
        guard let type = GGUFType(rawValue: number) else { throw FormatFault(.unsupported, key, "type \(number) is not known") }
        switch type {
        case .uint8: return try .unsigned(UInt64(cursor.take(UInt8.self, key)))
        case .uint16: return try .unsigned(UInt64(cursor.take(UInt16.self, key)))
        case .uint32: return try .unsigned(UInt64(cursor.take(UInt32.self, key)))
        case .uint64: return try .unsigned(cursor.take(UInt64.self, key))
        case .int8: return try .signed(Int64(cursor.take(Int8.self, key)))
        case .int16: return try .signed(Int64(cursor.take(Int16.self, key)))
        case .int32: return try .signed(Int64(cursor.take(Int32.self, key)))
        case .int64: return try .signed(cursor.take(Int64.self, key))
        case .float32: return try .real(Double(Float(bitPattern: cursor.take(UInt32.self, key))))
        case .float64: return try .real(Double(bitPattern: cursor.take(UInt64.self, key)))
        case .bool: return try flag(&cursor, key)
        case .string: return try .text(cursor.takeText(limit: key.hasPrefix(GGUFScreen.template) ? Limit.template : Limit.text, key))
        case .array: return try .array(array(&cursor, key))
        }
    }

    private static func flag(_ cursor: inout GGUFCursor, _ key: String) throws -> GGUFValue {
        let byte = try cursor.take(UInt8.self, key)
        guard byte <= 1 else { throw FormatFault.badValue(key, "\(byte) is neither true nor false") }
        return .flag(byte == 1)
    }

    private static func array(_ cursor: inout GGUFCursor, _ key: String) throws -> GGUFArray {
        let number = try cursor.take(UInt32.self, key)
        guard let type = GGUFType(rawValue: number), type != .array else {
            throw FormatFault(.unsupported, key, "an array of type \(number) is not known")
        }
        let count = try cursor.take(UInt64.self, key)
        // Every text needs eight bytes for its length alone.
        let smallest = UInt64(type.size ?? 8)
        guard count <= UInt64(max(0, cursor.remaining)) / smallest else {
            throw FormatFault.truncated(key, "\(count) elements cannot lie in the \(cursor.remaining) bytes that are left")
        }
        let start = cursor.position
        if let size = type.size {
            try cursor.skip(Int(count) * size, key)
        } else {
            for _ in 0..<count { try cursor.skip(cursor.takeLength(limit: Limit.element, key), key) }
        }
        return GGUFArray(type: type, count: Int(count), offset: start, end: cursor.position)
    }

    // MARK: Tensors

    private mutating func readTensors(count: UInt64, alignment: Int64, _ cursor: inout GGUFCursor) throws {
        var names = Set<String>()
        var expected: Int64 = 0
        for index in 0..<count {
            let tensor = try Self.tensor(&cursor, index)
            let field = "tensor \(tensor.name)"
            guard names.insert(tensor.name).inserted else { throw FormatFault(.duplicate, field, "it is there twice") }
            guard tensor.offset == expected else {
                throw FormatFault.badValue(field, "it lies at \(tensor.offset) where \(expected) is expected")
            }
            expected = try Self.padded(Self.sum(expected, tensor.bytes, field), to: alignment, field)
            tensors.append(tensor)
        }
        dataOffset = try Self.padded(Int64(cursor.position), to: alignment, "tensor data")
        end = tensors.isEmpty ? Int64(cursor.position) : dataOffset
        if let last = tensors.last { end = try Self.sum(dataOffset, Self.sum(last.offset, last.bytes, "tensor data"), "tensor data") }
        guard end <= cursor.length else {
            throw FormatFault.truncated("tensor data", "it ends at \(end), and the file has \(cursor.length) bytes")
        }
    }

    private static func tensor(_ cursor: inout GGUFCursor, _ index: UInt64) throws -> GGUFTensor {
        let name = try cursor.takeText(limit: Limit.name, "name of tensor \(index)")
        let field = "tensor \(name)"
        let dimensions = try cursor.take(UInt32.self, field)
        guard (1...4).contains(dimensions) else { throw FormatFault.badValue(field, "it has \(dimensions) dimensions") }
        var shape = SIMD4<Int64>(1, 1, 1, 1)
        var elements: Int64 = 1
        for dimension in 0..<Int(dimensions) {
            let size = try cursor.take(UInt64.self, field)
            guard let size = Int64(exactly: size), size > 0 else { throw FormatFault.badValue(field, "a dimension of \(size)") }
            let (product, overflow) = elements.multipliedReportingOverflow(by: size)
            guard !overflow else { throw FormatFault.tooLarge(field, "its elements cannot be counted") }
            (shape[dimension], elements) = (size, product)
        }
        let number = try cursor.take(UInt32.self, field)
        guard let type = GGMLType.numbered(number) else { throw FormatFault(.unsupported, field, "type \(number) is not known") }
        guard shape[0] % type.blockElements == 0, let bytes = type.bytes(row: elements) else {
            throw FormatFault.badValue(field, "rows of \(shape[0]) elements do not divide into blocks of \(type.name)")
        }
        let offset = try cursor.take(UInt64.self, field)
        guard let offset = Int64(exactly: offset) else { throw FormatFault.badValue(field, "it lies at \(offset)") }
        return GGUFTensor(
            name: name, shape: shape, dimensions: Int(dimensions), type: type, offset: offset, elements: elements, bytes: bytes)
    }

    private static func sum(_ left: Int64, _ right: Int64, _ field: String) throws -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw FormatFault.tooLarge(field, "its place cannot be counted") }
        return sum
    }

    private static func padded(_ value: Int64, to alignment: Int64, _ field: String) throws -> Int64 {
        try sum(value, alignment - 1, field) / alignment * alignment
    }
}
