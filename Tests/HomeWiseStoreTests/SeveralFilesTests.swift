// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct SeveralFilesTests {
    @Test("DL-70 a model of several files is there whole, under its real names") func severalFiles() throws {
        let shop = try Shop()
        let model = try shop.publish("m", [("a-00001.gguf", "one"), ("a-00002.gguf", "two"), ("tok/config.json", "{}")])
        #expect(model.files.map(\.path) == ["a-00001.gguf", "a-00002.gguf", "tok/config.json"])
        #expect(model.size == ByteCount(8) && model.state == .sound && model.files[2].role == .support)
        #expect(model.folder == shop.home + "/models/m/q4" && model.path == shop.home + "/models/m/q4/a-00001.gguf")
        #expect(shop.text("models/m/q4/tok/config.json") == "{}")
        #expect(model.revision == "r1" && model.format == .gguf)
        #expect(try ModelStore(home: shop.home).models() == [model])
    }

    @Test("DL-70 a file that is not there any more leaves no model, and what could be taken is not lost") func oneMissing() throws {
        let shop = try Shop()
        let files = try [shop.fresh("one", as: "a"), shop.fresh("two", as: "b")]
        guard case .fresh(let gone) = files[1].content else { return }
        try FileManager.default.removeItem(atPath: gone)
        #expect(throws: Failure.self) { try shop.store.publish(files: files, as: shop.label("m"), at: Date()) }
        #expect(try shop.store.everything().models.isEmpty && !shop.exists("models/m/q4") && !shop.exists("manifests/m/q4.json"))
        guard case .fresh(let kept) = files[0].content else { return }
        #expect(FileManager.default.fileExists(atPath: kept))
    }

    @Test("the same bytes lie on the disk once, whoever has them") func shared() throws {
        let shop = try Shop()
        let one = try shop.publish("m", [("w", "weights"), ("c.json", "same")], tag: "q4")
        let other = try shop.publish("m", [("w", "heavier"), ("c.json", "same")], tag: "q8")
        let third = try shop.publish("n", [("other", "weights")], tag: "q4")
        #expect(one.files[1].place == other.files[1].place && third.digest == one.digest)
        var status = stat()
        #expect(stat(one.files[1].place, &status) == 0 && status.st_nlink == 3)
    }

    @Test("I8 a newer version takes the name, and the older can be gone back to") func superseded() throws {
        let shop = try Shop()
        let old = try shop.publish("m", [("w", "one"), ("gone.json", "x")], at: 1)
        let new = try shop.publish("m", [("w", "two")], at: 2)
        #expect(try shop.store.models() == [new] && shop.text("models/m/q4/w") == "two" && !shop.exists("models/m/q4/gone.json"))
        #expect(try shop.store.place(of: old.digest) == old.files[0].place)
        #expect(try shop.store.olderVersions(name: "m", tag: "q4").map(\.isWhole) == [true])
        #expect(try shop.store.goBack(name: "m", tag: "q4", at: Date()) == old && shop.text("models/m/q4/gone.json") == "x")
        #expect(try shop.store.olderVersions(name: "m", tag: "q4").map(\.installedAt) == [new.installedAt])
        #expect(try shop.store.goBack(name: "m", tag: "q4", at: Date()) == new)
        #expect(throws: Failure.self) { try shop.store.goBack(name: "m", tag: "q4", to: Date(), at: Date()) }
        #expect(try StoreInvariants(home: shop.home, complete: [new.key: new.files.map(\.digest)]).violations() == [])
    }

    @Test func namesWithSlashesAndDotsShareNoFolder() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "one")], tag: "b/c")
        try shop.publish("a/b", [("w", "two")], tag: "c")
        try shop.publish(".a", [("w", "three")], tag: "..b")
        #expect(Set(try shop.store.models().map(\.key)) == ["a:b/c", "a/b:c", ".a:..b"])
        #expect(
            shop.text("models/a/b%2Fc/w") == "one" && shop.text("models/a%2Fb/c/w") == "two" && shop.text("models/%2Ea/%2E.b/w") == "three")
        let long = try shop.publish(String(repeating: "x", count: 250), [("w", "long")])
        #expect(long.state == .sound)
    }

    @Test("two spellings of one name are refused") func twins() throws {
        let shop = try Shop()
        #expect { try shop.publish("m", [("e\u{301}", "1"), ("\u{e9}", "2")]) } throws: { ($0 as? Failure)?.code == .unsafePath }
        #expect(try shop.store.everything().models.isEmpty)
    }
}

@Suite(.temporaryFolder) struct MigrationTests {
    @Test("DL-55 a store of the version before has its models afterwards, as they were") func fromSecond() throws {
        let home = TemporaryFolder.path + "/home"
        try Layout(home: home).create()
        let content = Data("weights".utf8)
        let digest = FileHash.digest(ofText: "weights")
        let blob = Layout(home: home).blob(digest)
        try FileManager.default.createDirectory(atPath: (blob as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try content.write(to: URL(filePath: blob))
        do {
            let old = try DatabaseQueue(path: home + "/inventory.sqlite")
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1: blobs, models, transfers, engines", migrate: Inventory.first)
            migrator.registerMigration("2: notes", migrate: Inventory.second)
            try migrator.migrate(old)
            try old.write { database in
                try database.execute(sql: "INSERT INTO blob VALUES (?, 7, 1)", arguments: [digest.hex])
                try database.execute(sql: "INSERT INTO model VALUES ('m', 'q4', ?, 'M.gguf', 'index:a==1#b', 5)", arguments: [digest.hex])
            }
        }
        let model = try #require(try ModelStore(home: home).models().first)
        #expect(model.key == "m:q4" && model.digest == digest && model.size == ByteCount(7) && model.path == blob)
        #expect(
            model.files.map(\.path) == ["M.gguf"] && model.files[0].role == .weights && model.installedAt == Date(timeIntervalSince1970: 5))
        // Its manifest is there from now on.
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: home + "/inventory.sqlite" + ending) }
        #expect(try ModelStore(home: home).models().map(\.files) == [model.files])
    }
}
