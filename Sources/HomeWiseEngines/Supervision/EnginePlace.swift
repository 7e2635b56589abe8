// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// What belongs to one running engine: a folder that it alone uses, with its socket, and beside it, out of its reach, the record by
/// which a later run can end it.
///
/// The record is locked as long as we live: whoever gets the lock knows that nobody looks after that engine any more.
final class EnginePlace: Sendable {
    /// Environment variable that marks the engine and all that it starts.
    static let variable = "HOMEWISE_ENGINE"
    static let recordSuffix = ".engine"

    let folder: String
    let socket: String
    let mark: String
    private let record: String
    private let descriptor: Int32
    /// A folder that was made for this engine alone, where the run folder has too long a path.
    private let parent: String?

    /// - Parameters:
    ///   - folder: where sockets are.
    ///   - records: where it is written down which engines run.
    /// - Throws: `Failure.cannotWrite`.
    init(in folder: SocketFolder, records: String) throws {
        socket = folder.freshSocket()
        self.folder = (socket as NSString).deletingLastPathComponent
        parent = folder.path == records ? nil : folder.path
        mark = (self.folder as NSString).lastPathComponent
        record = "\(records)/\(mark)\(Self.recordSuffix)"
        descriptor = try Self.claim(record)
        // The record is there first: what it names is swept with it.
        guard mkdir(self.folder, 0o700) == 0, mkdir(temporary, 0o700) == 0 else {
            let reason = errno
            remove()
            throw Failure.cannotWrite(path: self.folder, errno: reason)
        }
        write(EngineRecord(boot: Processes.boot() ?? "", mark: mark, manager: getpid(), managerStarted: Processes.started(getpid()) ?? 0))
    }

    /// Makes the record and locks it. A sweeper may get between the two, and removes it: then another one is made.
    private static func claim(_ record: String) throws -> Int32 {
        for attempt in 0..<50 {
            let descriptor = open(record, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failure.cannotWrite(path: record, errno: errno) }
            // Where a disk knows no locks nobody gets one, and nobody sweeps.
            let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
            var status = stat()
            if !isTaken, fstat(descriptor, &status) == 0, status.st_nlink > 0 { return descriptor }
            close(descriptor)
            if attempt > 0 { usleep(10_000) }
        }
        throw Failure.cannotWrite(path: record, errno: EWOULDBLOCK)
    }

    /// Where its threads are set: beside the record, since whoever can cut a page short that we look at ends us.
    var board: String { String(record.dropLast(Self.recordSuffix.count)) + ".board" }

    /// For what the engine wants to keep for a moment.
    var temporary: String { folder + "/tmp" }

    /// Added to the engine's environment.
    var environment: [String: String] { [Self.variable: mark, "TMPDIR": temporary] }

    /// Writes down which process it is. Where that cannot be done the guard alone ends it, as it does anyway.
    func note(_ pid: Int32) {
        guard let sight = Processes.sight(of: pid), let boot = Processes.boot() else { return }
        write(
            EngineRecord(
                pid: pid, started: sight.started, boot: boot, program: sight.program ?? "", mark: mark, manager: getpid(),
                managerStarted: Processes.started(getpid()) ?? 0))
    }

    /// Ends all that bears the engine's mark: nobody else does where its guard was killed.
    func endStrays() {
        for sight in Processes.all().compactMap(Processes.sight) where sight.mark == mark {
            _ = Leftovers.end(sight.pid, started: sight.started)
        }
    }

    private func write(_ engine: EngineRecord) {
        guard let text = try? JSONEncoder().encode(engine) else { return }
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        ftruncate(descriptor, off_t(text.count))
    }

    /// The engine is gone: so is all that was its own.
    func remove() {
        // What cannot be removed now is swept by the next run.
        try? FileManager.default.removeItem(atPath: folder)
        unlink(board)
        unlink(record)
        if let parent { rmdir(parent) }
    }

    deinit { close(descriptor) }
}
