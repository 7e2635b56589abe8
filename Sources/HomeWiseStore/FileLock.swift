// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

private func systemFlock(_ descriptor: Int32, _ operation: Int32) -> Int32 { flock(descriptor, operation) }

/// What the system is asked for locks, so that a test can be a disk that has none.
package struct LockCalls: Sendable {
    /// As flock(2): 0, or -1 with `errno`.
    package var flock: @Sendable (Int32, Int32) -> Int32

    package init(flock: @escaping @Sendable (Int32, Int32) -> Int32) { self.flock = flock }

    package static let system = LockCalls { systemFlock($0, $1) }

    enum Answer { case taken, held, unsupported(Int32) }

    func lock(_ descriptor: Int32, shared: Bool) -> Answer {
        while flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return .held
            case let number: return .unsupported(number)
            }
        }
        return .taken
    }

    /// Whether a lock on a file keeps others away: some network disks say yes to everybody.
    ///
    /// - Parameter descriptor: of a file that was just locked, and not shared.
    func holds(_ descriptor: Int32, path: String) -> Bool {
        let second = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard second >= 0 else { return true }
        defer { close(second) }
        if case .held = lock(second, shared: false) { return true }
        return false
    }

    /// What a person should know of a disk whose locks do nothing.
    package func warning(in folder: String) -> String? {
        let path = "\(folder)/locks.probe"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        switch lock(descriptor, shared: false) {
        case .taken where holds(descriptor, path: path): return nil
        // Somebody else looks at the same moment, and that is the proof.
        case .held: return nil
        default:
            return "The disk of \(folder) has no working locks (some network disks have none). HomeWise goes by process numbers instead: "
                + "use this store from one machine at a time."
        }
    }
}

/// A lock that the kernel lets go when its holder ends, however it ends (`flock(2)`).
///
/// Where the disk has no locks or only pretends to, a file that one process alone can make takes their place; who made it
/// is written in it, so that the next one takes it over when that process is gone.
package final class FileLock: Sendable {
    private let descriptor: Int32
    /// The file that stands for the lock on disks without any.
    private let token: String?

    private init(descriptor: Int32, token: String?) {
        self.descriptor = descriptor
        self.token = token
    }

    deinit {
        if let token { unlink(token) }
        close(descriptor)
    }

    /// - Returns: `nil` when somebody else holds it.
    /// - Throws: `Failure.storeUnusable` when the lock's file cannot be opened.
    package static func attempt(_ path: String, calls: LockCalls = .system) throws -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        do {
            switch calls.lock(descriptor, shared: false) {
            // Whoever cleaned up meanwhile removed the very file that was locked: the next one would lock another.
            case .taken where !isNamed(descriptor, path):
                close(descriptor)
                return try attempt(path, calls: calls)
            case .taken where calls.holds(descriptor, path: path): return FileLock(descriptor: descriptor, token: nil)
            case .taken, .unsupported:
                if try takeToken(path + ".owner") { return FileLock(descriptor: descriptor, token: path + ".owner") }
            case .held: break
            }
        } catch {
            close(descriptor)
            throw error
        }
        close(descriptor)
        return nil
    }

    /// Whether somebody holds it now. Nothing is made: whoever only looks leaves no file behind.
    ///
    /// - Throws: `Failure.storeUnusable` when the lock's file cannot be opened.
    package static func isHeld(_ path: String, calls: LockCalls = .system) throws -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return false }
            throw Failure.unreadable(path: path, reason: .errno)
        }
        defer { close(descriptor) }
        switch calls.lock(descriptor, shared: false) {
        case .held: return true
        case .taken where calls.holds(descriptor, path: path): return false
        // Locks do nothing here: the file that stands for one decides.
        case .taken, .unsupported: return try access(path + ".owner", F_OK) == 0 && !isStale(path + ".owner")
        }
    }

    // The file is held open, which keeps its number as it is, also on disks that make numbers up.
    private static func isNamed(_ descriptor: Int32, _ path: String) -> Bool {
        var (mine, named) = (stat(), stat())
        return fstat(descriptor, &mine) == 0 && lstat(path, &named) == 0 && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
    }

    /// - Returns: whether the token is ours now.
    private static func takeToken(_ token: String) throws -> Bool {
        for _ in 0..<3 {
            let fresh = "\(token).\(getpid()).\(UInt32.random(in: .min ... .max))"
            let folder = try StoreFolder.home((token as NSString).deletingLastPathComponent)
            try folder.write(JSONEncoder().encode(ProcessIdentity.own), as: (fresh as NSString).lastPathComponent)
            defer { unlink(fresh) }
            // A second name can be made by one alone, also on disks without locks; with its content it appears at once.
            if link(fresh, token) == 0 { return true }
            guard errno == EEXIST else {
                // Without second names either: an exclusive rename does not exist everywhere, making a file does.
                return try makeToken(token)
            }
            guard try isStale(token) else { return false }
            // Whoever renames it away has it; another's fresh one has other content and is put back.
            let away = fresh + ".stale"
            guard rename(token, away) == 0 else { continue }
            if try !isStale(away) { _ = link(away, token) }
            unlink(away)
        }
        return false
    }

    private static func makeToken(_ token: String) throws -> Bool {
        let file = open(token, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            guard errno == EEXIST else { throw Failure.cannotWrite(path: token, errno: errno) }
            guard try isStale(token) else { return false }
            unlink(token)
            return try makeToken(token)
        }
        defer { close(file) }
        let data = try JSONEncoder().encode(ProcessIdentity.own)
        _ = data.withUnsafeBytes { write(file, $0.baseAddress!, $0.count) }
        return true
    }

    /// Whether its maker is gone. What cannot be read was just made by somebody who has not written yet.
    private static func isStale(_ token: String) throws -> Bool {
        guard let data = FileManager.default.contents(atPath: token),
            let owner = try? JSONDecoder().decode(ProcessIdentity.self, from: data)
        else { return false }
        return owner.isAlive == false
    }

    /// Waits for the lock; `waiting` is called once when there is somebody to wait for.
    ///
    /// - Throws: `CancellationError`, or as `attempt` does.
    package static func hold(_ path: String, waiting: () async -> Void) async throws -> FileLock {
        if let lock = try attempt(path) { return lock }
        await waiting()
        while true {
            try await Task.sleep(for: .milliseconds(200))
            if let lock = try attempt(path) { return lock }
        }
    }
}
