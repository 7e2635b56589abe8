// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which files of a folder are meant: a path from its root, with `*` for any text within one name.
struct FilePattern: Sendable {
    private let parts: [[UInt8]]

    init(_ text: some StringProtocol) {
        parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
    }

    func matches(_ path: SafePath) -> Bool {
        let names = path.value.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        return names.count == parts.count && zip(parts, names).allSatisfy { Self.matches($0, $1) }
    }

    /// Goes back to the last star alone, so that no pattern takes more than pattern times name.
    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        var star: (p: Int, n: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = star {
                star = (last.p, last.n + 1)
                (p, n) = (last.p + 1, last.n + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
