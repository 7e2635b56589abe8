// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A lock that the kernel lets go when its holder ends, however it ends (`flock(2)`).
package final class FileLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Returns: `nil` when somebody else holds it.
    /// - Throws: `Failure.storeUnusable` when the lock's file cannot be opened.
    package static func attempt(_ path: String) throws -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            if number == EINTR { continue }
            close(descriptor)
            // Some network disks have no locks: waiting would not end.
            guard number == EWOULDBLOCK else { throw Failure.cannotWrite(path: path, errno: number) }
            return nil
        }
        return FileLock(descriptor: descriptor)
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
