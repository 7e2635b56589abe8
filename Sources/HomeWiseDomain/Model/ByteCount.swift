// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// A number of bytes that reads and prints as people write sizes.
///
/// “GB” is 10⁹ and “GiB” is 2³⁰ bytes, as the units say; printed sizes use powers of ten, like disks and downloads do.
public struct ByteCount: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    public var bytes: Int64

    public init(_ bytes: Int64) { self.bytes = bytes }

    /// - Parameter text: digits with an optional fraction and unit: “512”, “4GB”, “1.5 GiB”.
    /// - Throws: `Failure.badInput` for anything else, negative numbers and overflow included.
    public init(parsing text: some StringProtocol) throws {
        let trimmed = String(text.filter { !$0.isWhitespace })
        let number = trimmed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = trimmed.dropFirst(number.count).lowercased()
        guard let value = Double(number), let factor = Self.units[unit], let bytes = Int64(exactly: (value * factor).rounded())
        else {
            throw Failure.badInput("“\(text.prefix(40))” is not a size.", remedy: "Write a size such as 512MB, 4GB or 1.5GiB.")
        }
        self.bytes = bytes
    }

    private static let units: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self.init(number)
        } else {
            try self.init(parsing: container.decode(String.self))
        }
        // What is read from files is added up: nothing may come near an overflow.
        guard (0...(1 << 50)).contains(bytes) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(bytes) bytes are no size")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }

    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    public var description: String {
        switch abs(Double(bytes)) {
        case 999.5e6...: format(1e9, "GB")
        case 999.5e3...: format(1e6, "MB")
        case 999.5...: format(1e3, "kB")
        default: "\(bytes) B"
        }
    }

    private func format(_ unit: Double, _ name: String) -> String {
        let value = Double(bytes) / unit
        return String(format: value < 99.95 ? "%.1f %@" : "%.0f %@", value, name)
    }
}
