// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Synchronization

@testable import HomeWiseStore

/// A store in the test's folder, and files to put into it.
struct Shop: Sendable {
    let store: ModelStore
    let home: String

    init(home: String = TemporaryFolder.path + "/home", state: String? = nil) throws {
        self.home = home
        store = try ModelStore(home: home, state: state)
    }

    /// A proven file with this content, as a transfer leaves it.
    func fresh(_ text: String, as path: String, role: ModelFileRole = .weights) throws -> ProvenFile {
        let place = "\(home)/partial/fresh-\(UInt32.random(in: .min ... .max))"
        try Data(text.utf8).write(to: URL(filePath: place))
        return try ProvenFile(path: SafePath(untrusted: path), role: role, digest: FileHash.digest(of: place), content: .fresh(place))
    }

    func label(_ name: String, _ tag: String = "q4") throws -> ModelLabel {
        try ModelLabel(
            name: SafePath(untrusted: name), tag: SafePath(untrusted: tag), source: "index:a==1#b", format: .gguf, revision: "r1")
    }

    @discardableResult func publish(_ name: String, _ files: [(String, String)], tag: String = "q4", at time: Double = 1) throws
        -> InstalledModel
    {
        try store.publish(
            files: files.map { try fresh($0.1, as: $0.0, role: $0.0.hasSuffix(".json") ? .support : .weights) }, as: label(name, tag),
            at: Date(timeIntervalSince1970: time))
    }

    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: "\(home)/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(home)/\(path)") }

    /// Puts other bytes of the same length where a blob is, as a disk that rots does: size and time stay.
    func rot(_ path: String) throws {
        var status = stat()
        stat(path, &status)
        chmod(path, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        let byte = try file.read(upToCount: 1)?.first ?? 0
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
        var times = [status.st_atim, status.st_mtim]
        utimensat(AT_FDCWD, path, &times, 0)
        chmod(path, 0o444)
    }

    /// Whether a blob could be removed now.
    func isFree(_ digest: Digest, _ calls: LockCalls) throws -> Bool {
        try store.inventory.write { database -> Bool in
            if case .success = try store.soleHold(on: digest, in: database, calls: calls) { return true }
            return false
        }
    }

    /// Something that must survive, beside the store.
    static func canary(_ name: String = "canary") throws -> String {
        let folder = "\(TemporaryFolder.path)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("alive".utf8).write(to: URL(filePath: folder + "/file"))
        return folder
    }

    static func isAlive(_ canary: String) -> Bool { FileManager.default.contents(atPath: canary + "/file") == Data("alive".utf8) }
}

/// Runs a statement that no code of ours would.
func vandalise(_ home: String, _ sql: String) throws {
    let database = try DatabaseQueue(path: home + "/inventory.sqlite")
    try database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        try $0.execute(sql: sql)
    }
    try database.close()
}

/// Lets the inventory grow no more, as on a full disk, and uses up what is left of its pages.
func fillUp(_ inventory: Inventory) throws {
    try inventory.database.writeWithoutTransaction { database in
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        do {
            for number in 0..<100_000 {
                try database.execute(
                    sql: "INSERT INTO note VALUES ('x', ?, ?, 1)", arguments: ["\(number)", String(repeating: "x", count: 900)])
            }
        } catch {}
    }
}

/// How many are at something now, and how often anybody was.
final class Counter: Sendable {
    private let state = Mutex((now: 0, total: 0))
    var total: Int { state.withLock { $0.total } }
    @discardableResult func enter() -> Int {
        state.withLock {
            $0.now += 1
            $0.total += 1
            return $0.now
        }
    }
    func leave() { state.withLock { $0.now -= 1 } }
}
