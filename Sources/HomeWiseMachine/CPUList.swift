// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Numbers of logical cores as Linux writes them: “0-3,8” are five.
struct CPUList: Equatable {
    private let ranges: [ClosedRange<Int>]

    /// - Returns: `nil` for text that is no such list, and for an empty one.
    init?(_ text: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.trimmed.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), first >= 0,
                last >= first, last < 65_536
            else { return nil }
            ranges.append(first...last)
        }
        self.ranges = ranges
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    func contains(_ number: Int) -> Bool { ranges.contains { $0.contains(number) } }
}
