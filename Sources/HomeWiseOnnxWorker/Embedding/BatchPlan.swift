// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which texts are computed together: those of like length, so that little of the work is padding.
enum BatchPlan {
    /// - Parameters:
    ///   - lengths: tokens of each text.
    ///   - tokens: what a batch may hold, padding included; a single longer text is a batch of its own. Memory grows with it (and with
    ///     the square of the length), speed on a processor hardly does.
    /// - Returns: places of the texts, batch by batch.
    static func batches(_ lengths: [Int], texts: Int = 16, tokens: Int = 2048) -> [[Int]] {
        var batches: [[Int]] = []
        for place in lengths.indices.sorted(by: { (lengths[$0], $0) < (lengths[$1], $1) }) {
            // The longest of a batch is the last one.
            if let last = batches.last, last.count < texts, (last.count + 1) * lengths[place] <= tokens {
                batches[batches.count - 1].append(place)
            } else {
                batches.append([place])
            }
        }
        return batches
    }
}
