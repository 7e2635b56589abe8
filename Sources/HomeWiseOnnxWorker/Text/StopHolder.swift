// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Holds text back as long as it may be the beginning of a stop string, which is never given out.
struct StopHolder: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    private(set) var isStopped = false

    init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

    /// - Returns: the text that is certainly part of the answer. After a stop string there is none.
    mutating func consume(_ text: String) -> String {
        guard !isStopped else { return "" }
        held += text.utf8
        if let place = stops.compactMap({ firstPlace(of: $0) }).min() {
            isStopped = true
            return release(place)
        }
        return release(held.count - longestBeginning)
    }

    /// The text that was held back when the answer ended by itself.
    mutating func finish() -> String { isStopped ? "" : release(held.count) }

    private mutating func release(_ count: Int) -> String {
        defer { held.removeFirst(count) }
        return String(decoding: held[..<count], as: UTF8.self)
    }

    private func firstPlace(of stop: [UInt8]) -> Int? {
        guard held.count >= stop.count else { return nil }
        return (0...held.count - stop.count).first { held[$0...].starts(with: stop) }
    }

    /// How much of the end is the beginning of a stop string. It begins where a character does, since the stop string does.
    private var longestBeginning: Int {
        stops.map { stop in
            stride(from: min(stop.count - 1, held.count), to: 0, by: -1).first { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
        }.max() ?? 0
    }
}
