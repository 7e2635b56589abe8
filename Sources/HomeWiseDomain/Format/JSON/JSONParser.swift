// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Turns text into nodes. Open containers are kept in a list of its own instead of the call stack.
struct JSONParser {
    typealias Node = BoundedJSON.Node

    let bytes: [UInt8]
    let field: String
    let limits: BoundedJSON.Limits
    var offset = 0
    private(set) var tape: [Node] = []
    /// Nodes of the containers that are not closed yet, outermost first.
    private var open: [Int] = []

    init(_ bytes: [UInt8], field: String, limits: BoundedJSON.Limits) {
        self.bytes = bytes
        self.field = field
        self.limits = limits
    }

    mutating func parse() throws(FormatFault) -> [Node] {
        try readValue()
        while let container = open.last { try readNext(in: container) }
        skipSpace()
        guard offset == bytes.count else { throw fault("something follows the end of the document") }
        return tape
    }

    // MARK: Structure

    private mutating func readNext(in container: Int) throws(FormatFault) {
        let isObject = tape[container].kind == .object
        skipSpace()
        if peek == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            offset += 1
            return try close(container)
        }
        if tape.count > container + 1 { try expect(UInt8(ascii: ","), "a comma or the end of the container") }
        if isObject { try readKey() }
        try readValue()
    }

    private mutating func readKey() throws(FormatFault) {
        skipSpace()
        try expect(UInt8(ascii: "\""), "a key in quotation marks")
        try append(readString())
        skipSpace()
        try expect(UInt8(ascii: ":"), "a colon")
    }

    private mutating func close(_ container: Int) throws(FormatFault) {
        tape[container].limit = UInt32(tape.count)
        open.removeLast()
        if tape[container].kind == .object { try refuseDuplicates(of: container) }
    }

    private mutating func openContainer(_ kind: Node.Kind) throws(FormatFault) {
        guard open.count < limits.depth else {
            throw .tooLarge(field, "byte \(offset): nested deeper than \(limits.depth)")
        }
        open.append(tape.count)
        try append(Node(kind: kind, start: UInt32(offset), limit: 0))
        offset += 1
    }

    private mutating func append(_ node: Node) throws(FormatFault) {
        guard tape.count < limits.values else { throw .tooLarge(field, "more than \(limits.values) values") }
        tape.append(node)
    }

    // MARK: Values

    private mutating func readValue() throws(FormatFault) {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): try openContainer(.object)
        case UInt8(ascii: "["): try openContainer(.array)
        case UInt8(ascii: "\""):
            offset += 1
            try append(readString())
        case UInt8(ascii: "t"): try readLiteral("true", .yes)
        case UInt8(ascii: "f"): try readLiteral("false", .no)
        case UInt8(ascii: "n"): try readLiteral("null", .null)
        default: try append(readNumber())
        }
    }

    private mutating func readLiteral(_ word: StaticString, _ kind: Node.Kind) throws(FormatFault) {
        let start = offset
        for index in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[index], "\(word)") }
        try append(Node(kind: kind, start: UInt32(start), limit: UInt32(offset)))
    }

    // MARK: Bytes

    /// The byte at the cursor; `nil` at the end.
    var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(FormatFault) {
        guard peek == byte else { throw fault("\(what()) is missing") }
        offset += 1
    }

    func fault(_ reason: String) -> FormatFault { .badValue(field, "byte \(offset): \(reason)") }
}
