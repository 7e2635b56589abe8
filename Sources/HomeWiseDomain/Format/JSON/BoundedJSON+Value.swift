// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension BoundedJSON {
    /// One value of a document. What it is not is `nil`: a string has no `integer`.
    public struct Value: Sendable {
        let document: BoundedJSON
        let index: Int

        private var node: Node { document.tape[index] }

        public var isNull: Bool { node.kind == .null }
        public var isObject: Bool { node.kind == .object }
        public var isArray: Bool { node.kind == .array }

        public var bool: Bool? {
            switch node.kind {
            case .yes: true
            case .no: false
            default: nil
            }
        }

        /// The text of a string, escapes resolved.
        public var string: String? { node.kind == .string ? JSONEscape.text(of: node, in: document.bytes) : nil }

        /// A number written without fraction and exponent, exactly.
        public var integer: Int64? { node.kind == .integer ? Int64(spelled) : nil }
        public var unsigned: UInt64? { node.kind == .integer ? UInt64(spelled) : nil }

        /// Any number, rounded to what a `Double` holds.
        public var double: Double? { node.kind == .integer || node.kind == .real ? Double(spelled) : nil }

        /// The values of an array, in order; none where it is something else.
        public var elements: [Value] {
            guard isArray else { return [] }
            var values: [Value] = []
            var next = index + 1
            while next < Int(node.limit) {
                values.append(Value(document: document, index: next))
                next = JSONKey.next(after: next, in: document.tape)
            }
            return values
        }

        /// The members of an object, in the order of the text; none where it is something else.
        public var members: [Member] {
            var members: [Member] = []
            visitMembers { members.append(Member(name: JSONEscape.text(of: $0, in: document.bytes), value: $1)) }
            return members
        }

        /// The value of a key, compared byte by byte; `nil` also where this is no object.
        public subscript(name: String) -> Value? {
            var found: Value?
            visitMembers { key, value in
                if found == nil, matches(key, name) { found = value }
            }
            return found
        }

        private var spelled: String { String(decoding: document.bytes[Int(node.start)..<Int(node.limit)], as: UTF8.self) }

        private func visitMembers(_ body: (Node, Value) -> Void) {
            guard isObject else { return }
            var next = index + 1
            while next < Int(node.limit) {
                body(document.tape[next], Value(document: document, index: next + 1))
                next = JSONKey.next(after: next + 1, in: document.tape)
            }
        }

        private func matches(_ key: Node, _ name: String) -> Bool {
            let spelled = document.bytes[Int(key.start)..<Int(key.limit)]
            return key.isEscaped ? JSONEscape.decode(spelled).elementsEqual(name.utf8) : spelled.elementsEqual(name.utf8)
        }
    }

    public struct Member: Sendable {
        public let name: String
        public let value: Value
    }
}
