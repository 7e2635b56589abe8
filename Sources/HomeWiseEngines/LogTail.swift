// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Synchronization

/// What a child says: its last lines in memory, all of it (up to a bound) in a file. However much it says, neither grows
/// beyond its bound and the child never waits for a reader.
package final class LogTail: Sendable {
    package static let ordinaryLines = 200
    static let longestLine = 2_000
    static let largestFile = 4 << 20

    private struct State {
        var lines: [String] = []
        var rest: [UInt8] = []
        var written = 0
        var lastHeard = ContinuousClock.now
        var isWhole = false
    }

    private let state = Mutex(State())
    private let file: Int32
    private let mostLines: Int
    private let onLine: @Sendable (String) -> Void

    /// - Parameters:
    ///   - path: file that is written anew; where it cannot be, only the last lines are kept.
    ///   - lines: how many of the last lines are kept.
    ///   - onLine: called for each complete line.
    package init(path: String?, keeping lines: Int = ordinaryLines, onLine: @escaping @Sendable (String) -> Void = { _ in }) {
        file = path.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) } ?? -1
        mostLines = lines
        self.onLine = onLine
    }

    deinit { if file >= 0 { close(file) } }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        let complete = state.withLock { state -> [String] in
            state.lastHeard = .now
            keep(bytes, &state)
            return take(bytes, &state)
        }
        for line in complete { onLine(line) }
    }

    /// The last lines, the unfinished one included.
    package func last(_ count: Int) -> [String] {
        state.withLock { state in
            let unfinished = state.rest.isEmpty ? [] : [String(decoding: state.rest, as: UTF8.self)]
            return Array((state.lines + unfinished).suffix(count))
        }
    }

    /// Nothing more comes.
    func end() { state.withLock { $0.isWhole = true } }

    /// Waits until a child that has ended has been heard to its last word: the news of its end may come before it.
    package func untilWhole() async {
        for _ in 0..<30 where !state.withLock({ $0.isWhole }) {
            // Cancelled: who is to be told does not wait any more.
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return }
        }
    }

    /// How long the child has been silent.
    package var silence: Duration { state.withLock { $0.lastHeard.duration(to: .now) } }

    private func keep(_ bytes: UnsafeRawBufferPointer, _ state: inout State) {
        let room = Self.largestFile - state.written
        guard file >= 0, room > 0, let base = bytes.baseAddress else { return }
        // A log that cannot be written must not stop the engine; the last lines are in memory all the same.
        state.written += max(0, write(file, base, min(room, bytes.count)))
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ state: inout State) -> [String] {
        var complete: [String] = []
        var rest = bytes[...]
        // Found by the system: a flood of a gigabyte is a second's work and not a minute's.
        while let base = rest.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: rest).baseAddress {
            let length = memchr(base, 0x0a, rest.count).map { UnsafeRawPointer($0) - base }
            let piece = rest.prefix(length ?? rest.count)
            state.rest.append(contentsOf: piece.prefix(max(0, Self.longestLine - state.rest.count)))
            guard let length else { break }
            complete.append(String(decoding: state.rest, as: UTF8.self))
            state.rest.removeAll(keepingCapacity: true)
            rest = rest.dropFirst(length + 1)
        }
        state.lines.append(contentsOf: complete.suffix(mostLines))
        if state.lines.count > mostLines { state.lines.removeFirst(state.lines.count - mostLines) }
        return complete
    }
}
