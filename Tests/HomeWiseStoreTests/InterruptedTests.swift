// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseStore

/// What stands beside the inventory when a run ends between the two.
@Suite(.temporaryFolder) struct InterruptedTests {
    private var home: String { TemporaryFolder.path + "/home" }

    /// Lets no change be written down, like a disk that is full at the last moment.
    private final class Refusal: TransactionObserver {
        /// How many are refused.
        var rest: Int
        init(_ count: Int) { rest = count }
        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseWillCommit() throws {
            rest -= 1
            if rest >= 0 { throw DatabaseError(resultCode: .SQLITE_FULL) }
        }
        func databaseDidCommit(_ database: Database) {}
        func databaseDidRollback(_ database: Database) {}
    }

    private static let files = [("w-1", "one"), ("w-2", "two"), ("c.json", "{}")]

    @Test(
        "I2 I8 what cannot be written down is not shown either, and what it was to replace is",
        arguments: [(false, 1), (false, 9), (true, 1), (true, 9)])
    func failedCommit(_ isNewer: Bool, _ refused: Int) throws {
        do {
            let shop = try Shop()
            if isNewer { try shop.publish("a", [("w-1", "old"), ("x", "older")], at: 1) }
            let refusal = Refusal(refused)
            shop.store.inventory.database.add(transactionObserver: refusal, extent: .observerLifetime)
            #expect { try shop.publish("a", Self.files, at: 2) } throws: { ($0 as? Failure)?.code == .diskFull }
            withExtendedLifetime(refusal) {}
        }
        // Where it could not be put right at once, it is when the store is opened next.
        if refused > 1 { _ = try ModelStore(home: home) }
        try expectOld(isNewer)
    }

    private func expectOld(_ isThere: Bool) throws {
        let shop = try Shop()
        if isThere {
            #expect(shop.text("models/a/q4/w-1") == "old" && !shop.exists("models/a/q4/w-2"))
            #expect(shop.text("manifests/a/q4.json")?.contains("\"x\"") == true)
        } else {
            #expect(!shop.exists("manifests/a") && !shop.exists("models/a"))
        }
        #expect(try shop.store.models().map(\.key) == (isThere ? ["a:q4"] : []))
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
        #expect(try ModelStore(home: home).everything().models.map { $0.files.map(\.path) } == (isThere ? [["w-1", "x"]] : []))
    }

    @Test("DL-51 I2 a run that ends between the names and the inventory: its model is not there, its bytes serve the next fetch")
    func killedBeforeCommit() throws {
        var digests: Set<Digest> = []
        do {
            let shop = try Shop()
            try shop.publish("b", [("w", "other")])
            digests = Set(try shop.publish("a", Self.files).files.map(\.digest))
        }
        try vandalise(home, "DELETE FROM model_file WHERE name = 'a'; DELETE FROM model WHERE name = 'a'; DELETE FROM blob WHERE size < 5")
        let store = try ModelStore(home: home)
        #expect(store.findings.contains { $0.hasPrefix("a:q4 was not taken in") })
        #expect(
            !FileManager.default.fileExists(atPath: home + "/manifests/a") && !FileManager.default.fileExists(atPath: home + "/models/a"))
        // Their names are gone, so that the figure is what is free without them.
        let orphans = try store.leftovers().filter { $0.kind == .orphan }
        #expect(orphans.count == 3 && orphans.allSatisfy { $0.bytes > 0 })
        for digest in digests { #expect(try store.orphan(digest, for: "a:q4", purpose: "fetching") != nil) }
        #expect(try ModelStore(home: home).findings.isEmpty && store.models().map(\.key) == ["b:q4"])
    }

    @Test("DL-51 I7 a run that ends in mid-removal: the model is whole and shown") func killedInRemoval() throws {
        let complete = try ["a:q4": Shop().publish("a", Self.files).files.map(\.digest)]
        try FileManager.default.removeItem(atPath: home + "/manifests/a")
        try FileManager.default.removeItem(atPath: home + "/models/a")
        #expect(try StoreInvariants(home: home, complete: complete).violations() == [])
        #expect(FileManager.default.fileExists(atPath: home + "/models/a/q4/w-2"))
        #expect(FileManager.default.fileExists(atPath: home + "/manifests/a/q4.json"))
    }

    @Test("I4 what a person put beside the models is not ours to remove") func strangers() throws {
        let shop = try Shop()
        try shop.publish("a", Self.files)
        try FileManager.default.createDirectory(atPath: home + "/models/mine/own", withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(filePath: home + "/models/mine/own/file"))
        try vandalise(home, "UPDATE model SET name = '..'")
        _ = try ModelStore(home: home)
        #expect(shop.text("models/mine/own/file") == "mine")
        #expect(shop.exists("manifests/a/q4.json"), "a row whose name cannot be read may be its own")
    }

    @Test("DL-63 I2 a manifest whose bytes are gone makes no model") func gone() throws {
        let (a, b) = try (Shop().publish("a", Self.files), Shop().publish("b", [("w", "other")]))
        for file in a.files { try FileManager.default.removeItem(atPath: file.place) }
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
        let store = try ModelStore(home: home)
        #expect(try store.everything().models.map(\.key) == [b.key])
        #expect(store.findings.contains { $0.contains("The bytes of a:q4 are gone") })
    }

    @Test("DL-63 what a person called a model outlives a lost inventory") func names() throws {
        do {
            let shop = try Shop()
            try shop.store.inventory.note(["model": "a"], .selection, key: "hf:org/a", at: Date())
            try shop.publish("a", [("w", "weights")])
            // After the model, as an import has it: written when the store is opened next.
            try shop.store.inventory.note(["model": "b"], .selection, key: "hf:org/b", at: Date())
        }
        _ = try ModelStore(home: home)
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
        let again = try ModelStore(home: home)
        let known = try again.inventory.notes(.selection, as: [String: String].self)
        #expect(known == ["hf:org/a": ["model": "a"], "hf:org/b": ["model": "b"]])
    }

    @Test("DL-63 names that cannot be read are told of, and keep nothing else", arguments: ["", "{", #"{"schema":9,"names":{}}"#])
    func badNames(_ text: String) throws {
        try Shop().publish("a", [("w", "weights")])
        try Data(text.utf8).write(to: URL(filePath: home + "/manifests/names.json"))
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
        let store = try ModelStore(home: home)
        #expect(try store.models().count == 1 && store.findings.contains { $0.contains("names.json cannot be read") })
    }

    @Test("DL-63 an inventory that somebody has open is not put aside under them") func damagedInUse() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "weights")])
        try vandalise(home, "PRAGMA wal_checkpoint(TRUNCATE)")
        let sound = try Data(contentsOf: URL(filePath: home + "/inventory.sqlite"))
        try Data(noise(65_536, seed: 3)).write(to: URL(filePath: home + "/inventory.sqlite"))
        #expect { try ModelStore(home: home) } throws: {
            ($0 as? Failure)?.code == .storeUnusable && ($0 as? Failure)?.message.contains("another HomeWise has it open") == true
        }
        #expect(try !FileManager.default.contentsOfDirectory(atPath: home).contains { $0.contains("damaged-") })
        try sound.write(to: URL(filePath: home + "/inventory.sqlite"))
        withExtendedLifetime(shop) {}
    }
}

/// What the database is asked for.
@Suite(.temporaryFolder) struct DurabilityTests {
    @Test("DL-53 a commit waits for the disk, before and after one that need not") func synchronous() throws {
        let shop = try Shop()
        func level() throws -> Int? {
            try shop.store.inventory.database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        }
        #expect(try level() == 2)
        var relaxed: Int?
        try shop.store.inventory.writeRelaxed { relaxed = try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(relaxed == 1)
        #expect(try level() == 2)
    }
}
