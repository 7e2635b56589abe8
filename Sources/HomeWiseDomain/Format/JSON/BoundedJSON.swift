// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// JSON from a stranger's file: read whole or refused, within limits that its author does not set.
///
/// Duplicate keys are refused however they are spelled, since two readers could take different ones. The document is kept
/// as its bytes and a flat list of 12-byte nodes, so memory is a small multiple of the input, and no depth of nesting
/// reaches the call stack. Time is linear in the size.
public struct BoundedJSON: Sendable {
    /// What is refused before it costs anything.
    public struct Limits: Sendable {
        /// Bytes of the text.
        public var bytes: Int
        /// Containers inside one another.
        public var depth: Int
        /// Values and keys together.
        public var values: Int

        public init(bytes: Int = 16 << 20, depth: Int = 64, values: Int = 4_000_000) {
            // Offsets are kept in 32 bits.
            self.bytes = min(bytes, Int(Int32.max))
            self.depth = depth
            self.values = min(values, Int(Int32.max))
        }
    }

    let bytes: [UInt8]
    let tape: [Node]

    /// - Parameter field: what faults are about: the file's name.
    /// - Throws: `FormatFault` for anything but one JSON value (RFC 8259) in valid UTF-8, and for what exceeds the limits.
    public init(_ bytes: [UInt8], field: String = "JSON", limits: Limits = Limits()) throws(FormatFault) {
        guard bytes.count <= limits.bytes else { throw .tooLarge(field, "\(bytes.count) bytes, and \(limits.bytes) are the limit") }
        if let offset = UTF8Check.firstFault(in: bytes) { throw .badValue(field, "byte \(offset) is not valid UTF-8") }
        var parser = JSONParser(bytes, field: field, limits: limits)
        tape = try parser.parse()
        self.bytes = bytes
    }

    /// The value that the document is.
    public var root: Value { Value(document: self, index: 0) }

    /// One value or key of the document, in the order of the text.
    struct Node: Sendable {
        enum Kind: UInt8, Sendable { case null, yes, no, integer, real, string, array, object }

        let kind: Kind
        /// Whether a string has escapes, so that its text is not its bytes.
        var isEscaped = false
        /// The byte that the value's text begins at, without the quotation mark.
        let start: UInt32
        /// The byte after it; of a container, the node after its last descendant.
        var limit: UInt32
    }
}
