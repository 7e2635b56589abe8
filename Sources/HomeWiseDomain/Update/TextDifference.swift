// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What changed between two texts, line by line, with unchanged lines left out.
public struct TextDifference: Sendable, Equatable, Encodable {
    /// Each with “- ” or “+ ” before it, in the order of the texts.
    public let lines: [String]

    /// Lines of a text that are compared: more of them belong to no chat template, and comparing takes time.
    private static let longest = 5000

    /// - Returns: `nil` where both are the same.
    public init?(from old: String, to new: String) {
        guard old != new else { return nil }
        let (before, after) = (Self.split(old), Self.split(new))
        guard before.count <= Self.longest, after.count <= Self.longest else {
            lines = ["- \(before.count) lines", "+ \(after.count) other lines"]
            return
        }
        let difference = after.difference(from: before)
        var lines: [String] = []
        var (removed, inserted) = (Dictionary(Self.pairs(difference.removals)) { $1 }, Dictionary(Self.pairs(difference.insertions)) { $1 })
        var (from, to) = (0, 0)
        while from < before.count || to < after.count {
            if let line = removed.removeValue(forKey: from) {
                lines.append("- " + line)
                from += 1
            } else if let line = inserted.removeValue(forKey: to) {
                lines.append("+ " + line)
                to += 1
            } else {
                (from, to) = (from + 1, to + 1)
            }
        }
        self.lines = lines
    }

    private static func pairs(_ changes: [CollectionDifference<String>.Change]) -> [(Int, String)] {
        changes.map { change in
            switch change {
            case .insert(let offset, let line, _), .remove(let offset, let line, _): (offset, line)
            }
        }
    }

    private static func split(_ text: String) -> [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}
