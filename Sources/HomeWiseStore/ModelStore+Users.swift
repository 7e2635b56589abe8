// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// The right to remove one blob: nobody uses it, and nobody can begin to while this lives.
final class SoleHold: Sendable {
    private let descriptor: Int32?
    fileprivate init(_ descriptor: Int32?) { self.descriptor = descriptor }
    deinit { if let descriptor { close(descriptor) } }
}

extension ModelStore {
    /// - Returns: the hold, or who uses the blob.
    /// - Parameter database: of a transaction that writes, so that nobody begins a lease meanwhile.
    func soleHold(on digest: Digest, in database: Database, calls: LockCalls = .system) throws -> Result<SoleHold, Users> {
        let users = try Inventory.leases(in: database).filter { $0.digest == digest && $0.owner.isAlive != false }
        let descriptor = open(layout.blob(digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        // Bytes that lie elsewhere are not ours to remove, but what runs from them is still told of.
        guard descriptor >= 0 else { return users.isEmpty ? .success(SoleHold(nil)) : .failure(Users(users)) }
        switch calls.lock(descriptor, shared: false) {
        case .taken where calls.holds(descriptor, path: layout.blob(digest)): return .success(SoleHold(descriptor))
        case .held:
            close(descriptor)
            return .failure(Users(users))
        default:
            // Locks do nothing here: what is written down decides.
            guard !users.isEmpty else { return .success(SoleHold(descriptor)) }
            close(descriptor)
            return .failure(Users(users))
        }
    }

    /// Who keeps a blob from being removed.
    struct Users: Error {
        var rows: [LeaseRow]
        init(_ rows: [LeaseRow]) { self.rows = rows }

        /// “process 12 (running)”.
        var sentence: String {
            guard !rows.isEmpty else { return "another program" }
            return rows.map { row in
                let place = row.owner.isAlive != nil ? "" : " on \(row.owner.host)"
                return row.owner == .own ? "this process (\(row.purpose))" : "process \(row.owner.pid)\(place) (\(row.purpose))"
            }.joined(separator: ", ")
        }
    }
}
