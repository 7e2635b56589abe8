// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// The members of a request, each of the type that it must have. One that is `null` counts as not there.
struct RequestFields {
    let root: BoundedJSON.Value

    /// - Throws: `Failure.badRequest` for anything but one JSON object.
    init(_ bytes: [UInt8]) throws {
        do { root = try BoundedJSON(bytes, field: "the request", limits: .init(bytes: bytes.count)).root } catch {
            throw Failure.badRequest("\(error.field) is not sound JSON: \(error.reason)")
        }
        guard root.isObject else { throw Failure.badRequest("the request is not a JSON object") }
    }

    subscript(name: String) -> BoundedJSON.Value? { root[name].flatMap { $0.isNull ? nil : $0 } }

    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.double else { throw Failure.badRequest("“\(name)” is not a number") }
        guard range.contains(number) else {
            throw Failure.badRequest("“\(name)” is \(number), and must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer else { throw Failure.badRequest("“\(name)” is not a whole number, or a far too large one") }
        guard range.contains(number) else {
            throw Failure.badRequest("“\(name)” is \(number), and must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool {
        guard let value = self[name] else { return false }
        guard let flag = value.bool else { throw Failure.badRequest("“\(name)” is not true or false") }
        return flag
    }

    func text(_ name: String) throws -> String? {
        try self[name].map { try Self.text($0, name) }
    }

    /// A text, or a list of texts.
    func texts(_ name: String) throws -> [String]? {
        guard let value = self[name] else { return nil }
        return value.isArray ? try value.elements.map { try Self.text($0, name) } : [try Self.text(value, name)]
    }

    /// - Throws: also for a text with NUL, behind which the libraries would see nothing.
    static func text(_ value: BoundedJSON.Value, _ name: String) throws -> String {
        guard let text = value.string else { throw Failure.badRequest("“\(name)” is not a text") }
        guard !text.utf8.contains(0) else { throw Failure.badRequest("“\(name)” holds a NUL character") }
        return text
    }
}
