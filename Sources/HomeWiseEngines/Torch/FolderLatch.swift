// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Whoever makes something in a folder of the cache holds this; the kernel lets go when they end.
struct FolderLatch: ~Copyable {
    private let descriptor: Int32

    /// Waits until nobody else has it.
    ///
    /// - Throws: `Failure` where the file cannot be made, `CancellationError`.
    static func hold(_ path: String, onWait: () -> Void) async throws -> FolderLatch {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        let latch = FolderLatch(descriptor: descriptor)
        var hasWaited = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw Failure.cannotWrite(path: path, errno: errno) }
            if !hasWaited { onWait() }
            hasWaited = true
            try await Task.sleep(for: .milliseconds(100))
        }
        return latch
    }

    deinit { close(descriptor) }
}
