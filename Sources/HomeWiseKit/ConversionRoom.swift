// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore

/// A folder of its own in the cache for what a conversion makes. Whoever works in it holds its lock; a killed one has let go, and what
/// it left is swept by the next conversion and by `prune`.
struct ConversionRoom: Sendable {
    let folder: String
    private let lock: FileLock

    private static func base(_ cache: String) -> String { cache + "/converted" }
    private static func lockPath(_ folder: String) -> String { folder + ".lock" }

    /// - Throws: `Failure` where the cache cannot be written.
    static func make(in cache: String) throws -> ConversionRoom {
        for folder in try abandoned(in: cache) { _ = try remove(folder) }
        let folder = "\(base(cache))/\(UInt32.random(in: .min ... .max))"
        do { try FileManager.default.createDirectory(atPath: base(cache), withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: base(cache), error: error)
        }
        // The lock before the folder, so that no sweep finds one that is in use and unlocked.
        guard let lock = try FileLock.attempt(lockPath(folder)) else { throw Failure.cannotWrite(path: folder, errno: EBUSY) }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false) } catch {
            throw Failure.cannotWrite(path: folder, error: error)
        }
        return ConversionRoom(folder: folder, lock: lock)
    }

    /// It is empty now. What still lies in it stays for the sweep.
    func leave() { if rmdir(folder) == 0 { unlink(Self.lockPath(folder)) } }

    /// Folders that nobody works in.
    static func abandoned(in cache: String) throws -> [String] {
        let base = base(cache)
        guard FileManager.default.fileExists(atPath: base) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: base).filter { UInt32($0) != nil }.map { "\(base)/\($0)" }
                .filter { try !FileLock.isHeld(lockPath($0)) }
        } catch let failure as Failure { throw failure } catch { throw Failure.unreadable(path: base, reason: error.localizedDescription) }
    }

    /// - Returns: whether it went; somebody may work in it by now.
    static func remove(_ folder: String) throws -> Bool {
        guard let lock = try FileLock.attempt(lockPath(folder)) else { return false }
        defer { withExtendedLifetime(lock) {} }
        do { try FileManager.default.removeItem(atPath: folder) } catch { throw Failure.cannotWrite(path: folder, error: error) }
        unlink(lockPath(folder))
        return true
    }
}
