// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
package import HomeWiseDomain

/// While one is held, nobody removes the bytes that it is for.
///
/// It is a shared lock of the kernel on the bytes themselves, which ends with its holder and needs no room on a full disk,
/// and a row that tells who that is, which decides where the disk's locks cannot be trusted.
package final class Lease: Sendable {
    private let descriptors: [Int32]
    private let inventory: Inventory
    private let id: String?

    fileprivate init(descriptors: [Int32], inventory: Inventory, id: String?) {
        self.descriptors = descriptors
        self.inventory = inventory
        self.id = id
    }

    deinit {
        // A row that stays behind, say on a full disk, counts for nothing once the lock is gone and its process too.
        if let id { do { try inventory.endLease(id) } catch {} }
        descriptors.forEach { close($0) }
    }
}

extension ModelStore {
    /// Holds all bytes of a model for as long as the result lives.
    ///
    /// - Parameter purpose: what a person reads: “run by process 12”.
    /// - Returns: `nil` where the model is not here any more, or no longer whole.
    package func lease(_ model: InstalledModel, purpose: String) throws -> Lease? {
        try lease(model.files.map { ($0.digest, $0.place) }, for: model.key, purpose: purpose)
    }

    /// Holds one blob, for what needs it without being a model yet.
    package func lease(_ digest: Digest, for label: String, purpose: String) throws -> Lease? {
        guard let place = try place(of: digest) else { return nil }
        return try lease([(digest, place)], for: label, purpose: purpose)
    }

    /// A blob that lies in its place without anything pointing to it: a run ended between the two. It is proven anew, and
    /// held until it is written down: a removal of what nobody needs leaves it.
    ///
    /// - Returns: `nil` too where the disk cannot give its bytes back, or where it is being removed: another file is to take its
    ///   place.
    package func orphan(_ digest: Digest, for label: String, purpose: String) throws -> (path: String, lease: Lease)? {
        let path = layout.blob(digest)
        guard FilePrint(path: path, followingLinks: false) != nil,
            let lease = try lease([(digest, path)], for: label, purpose: purpose, isWritten: false), try orphan(digest) != nil
        else { return nil }
        return (path, lease)
    }

    /// - Parameter isWritten: whether the blobs must stand in the inventory.
    private func lease(_ files: [(digest: Digest, place: String)], for label: String, purpose: String, isWritten: Bool = true) throws
        -> Lease?
    {
        var descriptors: [Int32] = []
        for file in files {
            guard let descriptor = Self.hold(file.place) else {
                descriptors.forEach { close($0) }
                return nil
            }
            descriptors.append(descriptor)
        }
        var (id, wasFull) = (String?.none, false)
        do {
            // Its transaction waits for one that removes: what is still written down afterwards stays.
            id = try inventory.beginLease(files.map(\.digest), label: label, purpose: purpose, isWritten: isWritten)
        } catch let failure as Failure where failure.code == .diskFull { wasFull = true }
        let lease = Lease(descriptors: descriptors, inventory: inventory, id: id)
        if id == nil, !wasFull { return nil }
        return files.allSatisfy { FilePrint(path: $0.place, followingLinks: true) != nil } ? lease : nil
    }

    /// - Returns: `nil` for what is gone or is being removed just now.
    private static func hold(_ place: String) -> Int32? {
        let descriptor = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        if case .held = LockCalls.system.lock(descriptor, shared: true) {
            close(descriptor)
            return nil
        }
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}

/// Who uses a blob, as far as it is written down.
struct LeaseRow: Equatable {
    var digest: Digest
    var label: String
    var purpose: String
    var owner: ProcessIdentity
}

extension Inventory {
    /// - Returns: `nil` when one of the blobs is not written down any more.
    func beginLease(_ digests: [Digest], label: String, purpose: String, isWritten: Bool = true) throws -> String? {
        let id = "\(getpid()).\(UInt64.random(in: .min ... .max))"
        let owner = try String(decoding: JSONEncoder().encode(ProcessIdentity.own), as: UTF8.self)
        return try write { database in
            if isWritten { for digest in digests where try Self.size(of: digest, in: database) == nil { return nil } }
            try Self.sweepLeases(in: database)
            for digest in Set(digests) {
                try database.execute(
                    sql: "INSERT INTO lease (id, digest, label, purpose, owner, since) VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [id, digest.hex, label, purpose, owner, Date().timeIntervalSince1970])
            }
            return id
        }
    }

    /// What processes that are gone had written down.
    private static func sweepLeases(in database: Database) throws {
        for row in try Row.fetchAll(database, sql: "SELECT DISTINCT id, owner FROM lease") {
            // What cannot be read names nobody, and is nobody's.
            if let owner = owner(row), owner.isAlive != false { continue }
            try database.execute(sql: "DELETE FROM lease WHERE id IS ?", arguments: [text(row, "id")])
        }
    }

    private static func owner(_ row: Row) -> ProcessIdentity? {
        // Whatever else it says, it names no process that could be asked.
        text(row, "owner").flatMap { try? JSONDecoder().decode(ProcessIdentity.self, from: Data($0.utf8)) }
    }

    func endLease(_ id: String) throws { try write { try $0.execute(sql: "DELETE FROM lease WHERE id = ?", arguments: [id]) } }

    static func leases(in database: Database) throws -> [LeaseRow] {
        try Row.fetchAll(database, sql: "SELECT * FROM lease ORDER BY since").compactMap { row in
            guard let digest = digest(row), let label = text(row, "label"), let purpose = text(row, "purpose"),
                let owner = owner(row)
            else { return nil }
            return LeaseRow(digest: digest, label: label, purpose: purpose, owner: owner)
        }
    }
}
