// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain

/// The file is no database, or one that lost pages.
private struct DamagedInventory: Error {
    var reason: String
}

/// How an inventory came to be open.
struct InventoryOpening {
    var inventory: Inventory
    /// Where a damaged one was put, and what was wrong with it.
    var aside: (path: String, reason: String)?
    /// Whether it was empty, so that it was filled from what else is there.
    var wasEmpty: Bool
}

extension Inventory {
    /// - Throws: `Failure.storeUnusable` when the file cannot be opened, is damaged or was written by a newer version.
    package init(path: String) throws {
        let lock = Self.turn(at: path + ".opening")
        defer { withExtendedLifetime(lock) {} }
        do { self = try Self.attempt(path) } catch let damage as DamagedInventory {
            throw Failure.unreadable(path: path, reason: damage.reason)
        }
        presence = Presence(beside: path)
    }

    /// Opens what is there; one that is damaged is put aside, and one that is new is filled by `fill` before anybody reads it.
    ///
    /// - Parameter fill: told whether the inventory is empty; one of an older version is not, and is asked about too, until it
    ///   returns that all is done.
    /// - Throws: `Failure.storeUnusable`, for a full disk too: only what is no database is ever put aside.
    static func open(path: String, fill: (Inventory, _ isEmpty: Bool) throws -> Bool) throws -> InventoryOpening {
        let lock = turn(at: path + ".opening")
        defer { withExtendedLifetime(lock) {} }
        do {
            var inventory = try attempt(path)
            inventory.presence = Presence(beside: path)
            return try InventoryOpening(inventory: inventory, aside: nil, wasEmpty: inventory.complete(fill))
        } catch let damage as DamagedInventory {
            // Whoever has it open would go on writing into what nobody reads any more.
            guard !Presence.isAnybodyElse(beside: path) else { throw Failure.damagedInventoryInUse(path, reason: damage.reason) }
            let aside = try putAside(path)
            var inventory: Inventory
            do { inventory = try attempt(path) } catch let second as DamagedInventory {
                throw Failure.unreadable(path: path, reason: second.reason)
            }
            inventory.presence = Presence(beside: path)
            _ = try inventory.complete(fill)
            return InventoryOpening(inventory: inventory, aside: (aside, damage.reason), wasEmpty: true)
        }
    }

    /// Fills an inventory once: only when that is done is it marked as filled.
    private func complete(_ fill: (Inventory, Bool) throws -> Bool) throws -> Bool {
        let (isMarked, isEmpty) = try read { database in
            try (
                Int.fetchOne(database, sql: "PRAGMA user_version") != 0, Int.fetchOne(database, sql: "SELECT count(*) FROM model") == 0
            )
        }
        guard !isMarked else { return false }
        guard try fill(self, isEmpty) else { return isEmpty }
        do { try write { try $0.execute(sql: "PRAGMA user_version = 1") } } catch let failure as Failure {
            // What was filled stands there; without the mark it is only asked about again.
            guard failure.code == .diskFull else { throw failure }
        }
        return isEmpty
    }

    /// On a disk without a free byte SQLite cannot even begin to read: the spare room is given up for it, and when that is
    /// gone too one connection does with what memory holds.
    private static func attempt(_ path: String) throws -> Inventory {
        let spare = SpareRoom(path: path + ".spare")
        do {
            let inventory = try attempt(path, isAlone: false)
            spare.keep()
            return inventory
        } catch let failure as Failure where failure.code == .diskFull {
            if spare.release() { do { return try attempt(path, isAlone: false) } catch is Failure {} }
            return try attempt(path, isAlone: true)
        }
    }

    /// - Parameter isAlone: with one connection, which keeps in memory what several would share in a file.
    private static func attempt(_ path: String, isAlone: Bool) throws -> Inventory {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // Before anything is read: the file of several connections is made by the first reader.
            if isAlone { try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
        }
        do {
            let database: any DatabaseWriter =
                try isAlone
                ? DatabaseQueue(path: path, configuration: configuration) : DatabasePool(path: path, configuration: configuration)
            // The rows point at gigabytes: a commit must survive the power cord. Only now, for a pool sets a weaker wish of its own
            // when it opens.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            let inventory = try Inventory(database)
            // A page that is gone shows when it is read: now, within a millisecond or two, and not in the middle of something.
            let verdict = try inventory.database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            if let verdict, verdict != "ok" { throw DamagedInventory(reason: verdict.replacingOccurrences(of: "\n", with: " ")) }
            return inventory
        } catch let error as DatabaseError {
            let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            if [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) { throw DamagedInventory(reason: reason) }
            throw isForWantOfRoom(error) ? Failure.diskFilled(path: path) : Failure.unreadable(path: path, reason: reason)
        }
    }

    /// What SQLite says when the files beside its own cannot grow (sqlite.org/rescode.html).
    private static func isForWantOfRoom(_ error: DatabaseError) -> Bool {
        error.resultCode == .SQLITE_FULL
            || [.SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_WRITE].contains(error.extendedResultCode)
    }

    /// Kept for whoever can still read something in it; nothing of it is deleted.
    private static func putAside(_ path: String) throws -> String {
        let aside = "\(path).damaged-\(UInt32(clamping: Int64(Date().timeIntervalSince1970)))-\(getpid())"
        for ending in ["", "-wal", "-shm"] where access(path + ending, F_OK) == 0 {
            guard rename(path + ending, aside + ending) == 0 else { throw Failure.cannotWrite(path: aside, errno: errno) }
        }
        return aside
    }

    /// Two that make the same new file at once meet in SQLite's change to its journal, where it does not wait.
    ///
    /// - Returns: `nil` after ten seconds, as long as SQLite itself waits, and on disks without locks: its own must do then.
    private static func turn(at path: String) -> FileLock? {
        for _ in 0..<1_000 {
            do { if let lock = try FileLock.attempt(path) { return lock } } catch { return nil }
            usleep(10_000)
        }
        return nil
    }
}

/// A lock that everybody shares who has the inventory open. Where the disk has no locks, nobody is known of.
package final class Presence: Sendable {
    private let descriptor: Int32

    /// - Returns: `nil` where nothing can be made beside the inventory: then nobody can put it aside either.
    init?(beside path: String) {
        guard let descriptor = Self.open(path) else { return nil }
        guard case .taken = LockCalls.system.lock(descriptor, shared: true) else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Asked in one's turn at the opening, so that nobody comes in meanwhile.
    static func isAnybodyElse(beside path: String) -> Bool {
        guard let descriptor = open(path) else { return false }
        defer { close(descriptor) }
        if case .held = LockCalls.system.lock(descriptor, shared: false) { return true }
        return false
    }

    private static func open(_ path: String) -> Int32? {
        let descriptor = Foundation.open(path + ".users", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        return descriptor >= 0 ? descriptor : nil
    }
}

/// A file that holds room on the disk for nothing, so that it can be given up when there is none: a person can then still
/// look at their models and remove some.
private struct SpareRoom {
    let path: String
    private static let size: Int64 = 1 << 20

    /// Makes it where it is missing and there is room; where there is none, it is tried again the next time.
    func keep() {
        if FilePrint(path: path, followingLinks: false)?.size == Self.size { return }
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        do { try Space.reserve(Self.size, on: file, path: path) } catch { unlink(path) }
    }

    /// - Returns: whether there was any.
    func release() -> Bool { unlink(path) == 0 }
}
