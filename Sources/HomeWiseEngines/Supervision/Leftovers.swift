// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import CGuard
import Foundation
import HomeWiseDomain

/// Engines that nobody looks after any more: their manager and their guard were killed together, which leaves no one to end them.
package struct Leftovers: Sendable {
    /// Where the records are.
    package var folder: String

    package init(folder: String) { self.folder = folder }

    /// Ends them, and removes what was theirs. A stranger who was given the number of one is left alone.
    ///
    /// - Returns: the numbers of those that were ended.
    @discardableResult
    package func reap() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(EnginePlace.recordSuffix) }.flatMap { reap(record: "\(folder)/\($0)") }
    }

    private func reap(record path: String) -> [Int32] {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        // Somebody who lives has it.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return [] }
        let text = FileManager.default.contents(atPath: path)
        // One that says nothing names no process; it was written by another version, or hardly at all.
        let record = text.flatMap { try? JSONDecoder().decode(EngineRecord.self, from: $0) }
        if let record, isLookedAfter(record) { return [] }
        let ended = record.map(end) ?? []
        try? FileManager.default.removeItem(atPath: String(path.dropLast(EnginePlace.recordSuffix.count)))
        unlink(String(path.dropLast(EnginePlace.recordSuffix.count)) + ".board")
        unlink(path)
        return ended
    }

    /// On a disk whose locks do nothing the manager itself is looked at.
    private func isLookedAfter(_ record: EngineRecord) -> Bool {
        record.managerStarted != 0 && record.boot == Processes.boot() && Processes.started(record.manager) == record.managerStarted
    }

    /// - Returns: whether there was such a process; another one with its number is left alone.
    static func end(_ pid: Int32, started: UInt64) -> Bool { homewise_end_exactly(pid, started) == 0 }

    private func end(_ record: EngineRecord) -> [Int32] {
        guard let boot = Processes.boot() else { return [] }
        var ended: [Int32] = []
        // Twice: one that was just being started was in no list yet.
        for _ in 0..<2 {
            for sight in Processes.all().compactMap(Processes.sight) where record.isOurs(sight, boot: boot) {
                if Self.end(sight.pid, started: sight.started), !ended.contains(sight.pid) { ended.append(sight.pid) }
            }
        }
        return ended
    }
}
