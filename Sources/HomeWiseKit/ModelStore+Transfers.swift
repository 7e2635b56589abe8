// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseStore

/// Transfers that this run may not be the only one to want.
extension ModelStore {
    /// - Returns: `nil` when somebody is at work on it, this run included.
    func lock(ofTransfer key: Digest) throws -> FileLock? { try FileLock.attempt("\(layout.run)/\(key.hex).lock") }

    /// Removes what a transfer left, unless somebody is at work on it.
    func discardUnlessHeld(transfer key: Digest) throws {
        guard let lock = try lock(ofTransfer: key) else { return }
        try withExtendedLifetime(lock) { try discard(transfer: key) }
    }
}
