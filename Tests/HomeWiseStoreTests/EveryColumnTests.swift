// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// One value of one row of the inventory is another.
@Suite(.temporaryFolder, .timeLimit(.minutes(10))) struct EveryColumnTests {
    private var home: String { TemporaryFolder.path + "/home" }
    private var template: String { TemporaryFolder.path + "/template" }

    /// A store with a row in every table. - Returns: its models with their files.
    private func furnish() throws -> [String: [Digest]] {
        let shop = try Shop(home: template)
        let store = shop.store
        try shop.publish("a", [("w", "older"), ("c.json", "{}")], at: 1)
        var models = try [
            shop.publish("a", [("w", "one"), ("c.json", "{}")], at: 2), shop.publish("b", [("w", "two"), ("x", "three")], at: 3),
        ]
        let adopted = try ForeignFile(path: SafePath(untrusted: "file"), place: Shop.canary("elsewhere") + "/file")
        try models.append(store.adopt(files: [adopted], how: .reference, as: shop.label("c"), at: Date(timeIntervalSince1970: 4)))
        let key = FileHash.digest(ofText: "transfer")
        let partial = try PartialFile(
            key: key, name: "m", model: "d:q4", size: 20_000_000, layout: store.layout, inventory: store.inventory)
        try partial.arrived(piece: 0)
        try partial.proved(piece: 0, chain: key)
        try store.inventory.record(chain: [0: key], of: models[0].digest)
        try store.inventory.avoid(host: "h", until: .distantFuture, reason: "r")
        try store.inventory.accept(terms: "t", at: Date())
        try store.inventory.record(model: "a:q4", tokensPerSecond: 5, at: Date())
        try store.inventory.use(engine: "e", version: "1")
        try store.inventory.note(["x": 1], .facts, key: models[0].digest.hex, at: Date())
        try store.inventory.note(["x": "y"], .selection, key: "hf:a/b", at: Date())
        try store.inventory.touch(name: "a", tag: "q4", at: Date())
        try vandalise(template, "INSERT INTO lease VALUES ('1', '\(models[0].digest.hex)', 'a:q4', 'p', '{}', 1)")
        try vandalise(template, "PRAGMA wal_checkpoint(TRUNCATE)")
        return Dictionary(uniqueKeysWithValues: models.map { ($0.key, $0.files.map(\.digest)) })
    }

    private static let harms: [(type: String, values: [String])] = [
        ("TEXT", ["''", "'../../../etc/passwd'", "'x' || char(0) || 'y'", "CAST(x'ff80fe' AS TEXT)", "NULL"]),
        ("INTEGER", ["-1", "9223372036854775807", "NULL"]),
        ("REAL", ["-1e308", "9e999"]),
    ]

    /// Where the first row is not the first model's.
    private static let first = ["blob": "digest = (SELECT digest FROM model WHERE name = 'a')", "chain": "number = 0"]

    /// Every question that the program asks of its store.
    private func askAll(_ store: ModelStore) throws {
        let (models, _) = try store.everything()
        _ = try (store.usage(), store.unfinished(), store.leftovers(), store.proofs(), store.bytesReserved())
        _ = try (store.inventory.avoidedHosts(at: Date()), store.inventory.acceptedTerms(), store.inventory.measurements())
        _ = try (store.inventory.currentEngine("e"), store.inventory.notes(.selection, as: [String: String].self))
        for model in models {
            _ = try store.olderVersions(name: model.name, tag: model.tag)
            for file in model.files {
                _ = try (store.place(of: file.digest), store.inventory.chain(of: file.digest), store.verify(file.digest, at: Date()))
            }
            if let lease = try store.lease(model, purpose: "running") { withExtendedLifetime(lease) {} }
        }
        for row in try store.inventory.transfers() { _ = try store.inventory.bytesHere(of: row) }
        _ = try PartialFile(
            key: FileHash.digest(ofText: "transfer"), name: "m", model: "d:q4", size: 20_000_000, layout: store.layout,
            inventory: store.inventory
        ).bytesHere
    }

    @Test("DL-62 I6 I9 every column of every table in turn: one model at most is harmed, and everything else goes on") func everyColumn()
        throws
    {
        let complete = try furnish()
        let columns = try DatabaseQueue(path: template + "/inventory.sqlite").read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT m.name AS name, c.name AS column, c.type AS type FROM sqlite_master m JOIN pragma_table_info(m.name) c
                        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'grdb_%'
                    """
            ).map { row -> (String, String, String) in (row["name"], row["column"], row["type"]) }
        }
        var (harmed, refused, affected) = (0, 0, 0)
        for (table, column, type) in columns {
            for value in try #require(Self.harms.first { $0.type == type }).values {
                if FileManager.default.fileExists(atPath: home) { try FileManager.default.removeItem(atPath: home) }
                try FileManager.default.copyItem(atPath: template, toPath: home)
                let what = "\(table).\(column) = \(value)"
                // The first row of each is the first model's.
                do {
                    try vandalise(
                        home,
                        "UPDATE \(table) SET \(column) = \(value) WHERE \(Self.first[table] ?? "rowid = (SELECT min(rowid) FROM \(table))")"
                    )
                } catch is DatabaseError {
                    refused += 1
                    continue
                }
                harmed += 1
                do {
                    let store = try ModelStore(home: home)
                    try askAll(store)
                    let sound = try store.models().filter { complete[$0.key] == $0.files.map(\.digest) }.count
                    // Where a name or a tag is another, all that have it are.
                    let isName = ["name", "tag"].contains(column) && ["model", "model_file"].contains(table)
                    let isShared = ["format", "source", "revision", "role", "position", "path", "mount"].contains(column)
                    #expect(sound >= 2 || isName || isShared, "\(what): \(sound) of 3 models")
                    if sound < 3 { affected += 1 }
                    try Shop(home: home).publish("d", [("w", "a new one")])
                    #expect(try store.models().contains { $0.name == "d" }, "\(what)")
                } catch { Issue.record("\(what): \(error)") }
            }
        }
        print("DL-62: \(harmed) rows harmed, \(refused) refused by the database itself; \(affected) harmed a model")
        #expect(harmed > 120 && affected > 5)
    }
}
