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
    }

    /// Opens what is there; one that is damaged is put aside, and one that is new is filled by `fill` before anybody reads it.
    ///
    /// - Throws: `Failure.storeUnusable`, for a full disk too: only what is no database is ever put aside.
    static func open(path: String, fill: (Inventory) throws -> Void) throws -> InventoryOpening {
        let lock = turn(at: path + ".opening")
        defer { withExtendedLifetime(lock) {} }
        do {
            let inventory = try attempt(path)
            return try InventoryOpening(inventory: inventory, aside: nil, wasEmpty: inventory.complete(fill))
        } catch let damage as DamagedInventory {
            let aside = try putAside(path)
            let inventory: Inventory
            do { inventory = try attempt(path) } catch let second as DamagedInventory {
                throw Failure.unreadable(path: path, reason: second.reason)
            }
            _ = try inventory.complete(fill)
            return InventoryOpening(inventory: inventory, aside: (aside, damage.reason), wasEmpty: true)
        }
    }

    /// Fills an inventory once: the mark that it is filled stands in the same transaction as what fills it.
    private func complete(_ fill: (Inventory) throws -> Void) throws -> Bool {
        let isNew = try read { database in
            try Int.fetchOne(database, sql: "PRAGMA user_version") == 0 && Int.fetchOne(database, sql: "SELECT count(*) FROM model") == 0
        }
        if isNew { try fill(self) }
        if try read({ try Int.fetchOne($0, sql: "PRAGMA user_version") }) == 0 {
            try write { try $0.execute(sql: "PRAGMA user_version = 1") }
        }
        return isNew
    }

    private static func attempt(_ path: String) throws -> Inventory {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        // The rows point at gigabytes: a commit must survive the power cord.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        do {
            let inventory = try Inventory(DatabasePool(path: path, configuration: configuration))
            // A page that is gone shows when it is read: now, within a millisecond or two, and not in the middle of something.
            let verdict = try inventory.database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            if let verdict, verdict != "ok" { throw DamagedInventory(reason: verdict.replacingOccurrences(of: "\n", with: " ")) }
            return inventory
        } catch let error as DatabaseError {
            let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            if [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) { throw DamagedInventory(reason: reason) }
            throw error.resultCode == .SQLITE_FULL ? Failure.diskFilled(path: path) : Failure.unreadable(path: path, reason: reason)
        }
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
