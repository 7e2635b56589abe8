// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseStore

/// The lock that the house has for folders which several programs make.
@Sendable package func fileLock(_ path: String, _ onWait: @escaping @Sendable () -> Void) async throws -> any Sendable {
    try await FileLock.hold(path, waiting: onWait)
}
