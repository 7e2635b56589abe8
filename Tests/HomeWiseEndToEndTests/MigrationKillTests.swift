// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseStore

/// `kill -9` at every change of the disk while an inventory of an older version becomes one of today.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(60))) struct MigrationKillTests {
    /// As earlier versions had them, in order.
    private static let steps: [(String, @Sendable (Database) throws -> Void)] = [
        ("1: blobs, models, transfers, engines", Inventory.first), ("2: notes", Inventory.second),
        ("3: models of several files", Inventory.third), ("4: chains of pieces", Inventory.chains),
        ("5: places that go bad", Inventory.placesThatGoBad),
    ]

    private static func migrate(_ path: String, steps count: Int) throws -> DatabaseQueue {
        let queue = try DatabaseQueue(path: path)
        var migrator = DatabaseMigrator()
        for (name, change) in steps[..<count] { migrator.registerMigration(name, migrate: change) }
        try migrator.migrate(queue)
        return queue
    }

    /// All that makes up a schema, and which version it says that it is.
    private static func schema(_ database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations ORDER BY identifier")
            + String.fetchAll(database, sql: "SELECT coalesce(sql, name) FROM sqlite_master ORDER BY type, name")
    }

    /// A store of the second version with three models.
    private func furnish(_ home: String) throws -> [String: [Digest]] {
        try Layout(home: home).create()
        let queue = try Self.migrate(home + "/inventory.sqlite", steps: 2)
        var complete: [String: [Digest]] = [:]
        for name in ["a", "b", "c"] {
            let digest = FileHash.digest(ofText: name)
            let blob = Layout(home: home).blob(digest)
            try FileManager.default.createDirectory(
                atPath: (blob as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(name.utf8).write(to: URL(filePath: blob))
            try queue.write { database in
                try database.execute(sql: "INSERT INTO blob VALUES (?, 1, 1)", arguments: [digest.hex])
                try database.execute(
                    sql: "INSERT INTO model VALUES (?, 'q4', ?, 'm.gguf', 'index:a==1#b', 5)", arguments: [name, digest.hex])
                try database.execute(
                    sql: "INSERT INTO transfer VALUES (?, 'm', 'm:q4', 100, 10)",
                    arguments: [FileHash.digest(ofText: "t" + name).hex])
                try database.execute(
                    sql: "INSERT INTO piece VALUES (?, 1, ?)",
                    arguments: [FileHash.digest(ofText: "t" + name).hex, digest.hex])
            }
            complete["\(name):q4"] = [digest]
        }
        try queue.close()
        return complete
    }

    @Test("DL-55 I1 I2 I7 killed before each change of the disk that a migration makes: the old schema or the new, never between")
    func everyChange() async throws {
        let shim = try await FaultyDisk.built()
        let template = TemporaryFolder.path + "/template"
        let complete = try furnish(template)
        let legal = try (2...Self.steps.count).map { count in
            try Self.migrate(TemporaryFolder.path + "/schema-\(count)", steps: count).read { try Self.schema($0) }
        }
        let levels = Mutex([Int: Int]())
        let struck = Mutex(0)
        let isOver = Mutex(false)
        try await byTwos(Array(1..<5_000)) { lane, turn in
            guard !isOver.withLock({ $0 }) else { return }
            let home = TemporaryFolder.path + "/home-\(lane)"
            if FileManager.default.fileExists(atPath: home) { try FileManager.default.removeItem(atPath: home) }
            try FileManager.default.copyItem(atPath: template, toPath: home)
            let disk = FaultyDisk(
                below: home + "/inventory.sqlite", calls: FaultyDisk.changes, deed: .kill, turns: UInt64(turn)...UInt64(turn),
                tally: home + ".tally")
            let killed = try await Program(home: home, disk.environment(shim)).run("list")
            guard try disk.counted().faults > 0 else {
                #expect(killed.code == 0, "\(killed.story)")
                return isOver.withLock { $0 = true }
            }
            struck.withLock { $0 += 1 }
            let now = try await DatabaseQueue(path: home + "/inventory.sqlite").read { try Self.schema($0) }
            let level = legal.firstIndex(of: now)
            #expect(level != nil, "change \(turn): \(now)")
            levels.withLock { $0[level ?? -1, default: 0] += 1 }
            #expect(try StoreInvariants(home: home, complete: complete).violations() == [], "change \(turn)")
            let listed = try await Program(home: home).run("list")
            #expect(listed.code == 0 && ["a", "b", "c"].allSatisfy { listed.output.contains($0) }, "change \(turn): \(listed.story)")
            let store = try ModelStore(home: home)
            #expect(try store.models().count == 3 && store.inventory.transfers().count == 3, "change \(turn)")
            #expect(try store.inventory.read { try Self.schema($0) } == legal.last)
        }
        print(
            "DL-55: \(struck.withLock { $0 }) kills of a migration, found at versions \(levels.withLock { $0.sorted { $0.key < $1.key } })")
        #expect(struck.withLock { $0 } > 20)
        // Both before and after each step was met.
        #expect(levels.withLock { $0.keys.filter { $0 >= 0 }.count } >= 2)
    }
}
