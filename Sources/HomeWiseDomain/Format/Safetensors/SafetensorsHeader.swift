// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The header of a safetensors file: which tensors lie where. Read and proven from the first bytes alone.
///
/// The format is as safe as its reader: everything is checked that the reference implementation checks, so that every byte
/// of the file belongs to the header or to exactly one tensor. Beyond that, duplicate names are refused and a tensor is
/// described by an object only (the reference takes an array too), because readers differ there.
public struct SafetensorsHeader: Sendable, Equatable {
    /// Bytes that the reference implementation lets a header have.
    public static let longestHeader: Int64 = 100_000_000

    public struct Tensor: Sendable, Equatable {
        public let name: String
        public let type: SafetensorsType
        public let shape: [Int64]
        /// Bytes from the start of the file.
        public let range: Range<Int64>
        /// The product of the shape.
        public let elements: Int64

        public var byteCount: Int64 { range.upperBound - range.lowerBound }
    }

    /// In the order of their bytes.
    public let tensors: [Tensor]
    /// What the file says of itself: `format` → `pt`.
    public let metadata: [String: String]
    /// Bytes before the first tensor.
    public let dataStart: Int64

    /// - Throws: `FormatFault` for what the format forbids, and what the source throws; `MoreBytesNeeded` says how long the header is.
    public init(source: some ByteSource) throws {
        guard source.length >= 8 else { throw FormatFault.truncated("file", "\(source.length) bytes hold no header") }
        let announced = try source.withBytes(0..<8) { $0.littleEndian(UInt64.self, at: 0) } ?? 0
        guard let count = Int64(exactly: announced), count <= Self.longestHeader else {
            throw FormatFault.tooLarge("header length", "\(announced) bytes, and \(Self.longestHeader) are the limit")
        }
        guard count > 0 else { throw FormatFault.badValue("header length", "it is zero") }
        guard count <= source.length - 8 else {
            throw FormatFault.truncated("header length", "\(count) bytes are announced and the file has \(source.length)")
        }
        try self.init(json: source.copyBytes(at: 8, count: count), fileLength: source.length)
    }

    /// - Parameter fileLength: bytes of the whole file, in front of the JSON text its length.
    init(json: [UInt8], fileLength: Int64) throws(FormatFault) {
        guard json.first == UInt8(ascii: "{") else { throw FormatFault(.notThisFormat, "header", "it does not begin with a brace") }
        let limits = BoundedJSON.Limits(bytes: Int(Self.longestHeader))
        let root = try BoundedJSON(json, field: "header", limits: limits).root
        guard root.isObject else { throw FormatFault.badValue("header", "it is no object") }
        dataStart = 8 + Int64(json.count)
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        for member in root.members {
            if member.name == "__metadata__" {
                metadata = try Self.texts(of: member.value)
            } else {
                try entries.append(Entry(member))
            }
        }
        self.metadata = metadata
        tensors = try Self.place(entries, dataStart: dataStart, fileLength: fileLength)
    }

    private static func texts(of value: BoundedJSON.Value) throws(FormatFault) -> [String: String] {
        // The reference implementation reads null as “none”.
        if value.isNull { return [:] }
        guard value.isObject else { throw .badValue("__metadata__", "it is no object") }
        var texts: [String: String] = [:]
        for member in value.members {
            guard let text = member.value.string else { throw .badValue("__metadata__ \(member.name)", "it is no text") }
            texts[member.name] = text
        }
        return texts
    }
}
