// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// Inventories, rows and manifests that are lost or damaged.
@Suite(.temporaryFolder) struct LossTests {
    private var home: String { TemporaryFolder.path + "/home" }

    /// Two models, one of several files, and an adopted third. - Returns: what must not be lost.
    @discardableResult private func furnish() throws -> [String: [Digest]] {
        let shop = try Shop()
        let folder = try Shop.canary("elsewhere")
        let adopted = try ForeignFile(path: SafePath(untrusted: "file"), place: folder + "/file")
        let models = try [
            shop.publish("a", [("w-1", "one"), ("w-2", "two"), ("c.json", "{}")], at: 1), shop.publish("b", [("w", "three")], at: 2),
            shop.store.adopt(files: [adopted], how: .reference, as: shop.label("c"), at: Date(timeIntervalSince1970: 3)),
        ]
        return Dictionary(uniqueKeysWithValues: models.map { ($0.key, $0.files.map(\.digest)) })
    }

    private func forgetInventory(_ harm: (String) throws -> Void) throws {
        for ending in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: home + "/inventory.sqlite" + ending) {
            try FileManager.default.removeItem(atPath: home + "/inventory.sqlite" + ending)
        }
        try harm(home + "/inventory.sqlite")
    }

    @Test(
        "DL-63 I7 an inventory that is lost, empty or no database is made again from what lies beside it",
        arguments: ["gone", "empty", "noise"])
    func lost(_ how: String) throws {
        let complete = try furnish()
        let before = try ModelStore(home: home).everything().models
        try forgetInventory { path in
            switch how {
            case "gone": try FileManager.default.removeItem(atPath: path)
            case "empty": try Data().write(to: URL(filePath: path))
            default: try Data(noise(65_536, seed: 7)).write(to: URL(filePath: path))
            }
        }
        let store = try ModelStore(home: home)
        #expect(try store.everything().models == before)
        #expect(
            store.findings.contains { $0.contains("3 models were found again") } && store.findings.contains { $0.contains("verify --all") })
        let kept = try FileManager.default.contentsOfDirectory(atPath: home).filter { $0.contains("damaged-") && !$0.hasSuffix("-shm") }
        #expect(kept.count == (how == "noise" ? 1 : 0))
        if let first = kept.first { #expect(FileManager.default.contents(atPath: "\(home)/\(first)") == Data(noise(65_536, seed: 7))) }
        #expect(try StoreInvariants(home: home, complete: complete).violations() == [])
        #expect(try ModelStore(home: home).findings.isEmpty, "it is said once")
    }

    @Test("DL-63 I7 whichever page of the inventory is damaged, no model is lost") func everyPage() throws {
        let complete = try furnish()
        try vandalise(home, "PRAGMA wal_checkpoint(TRUNCATE)")
        let sound = try Data(contentsOf: URL(filePath: home + "/inventory.sqlite"))
        #expect(sound.count > 20 * 4096)
        for page in 0..<(sound.count / 4096) {
            var bad = sound
            bad.replaceSubrange(page * 4096..<(page + 1) * 4096, with: noise(4096, seed: UInt64(page + 1)))
            try forgetInventory { try bad.write(to: URL(filePath: $0)) }
            #expect(try StoreInvariants(home: home, complete: complete).violations() == [], "page \(page)")
        }
    }

    @Test(
        "DL-62 I9 one row that cannot be read shows that model alone as damaged; the others go on",
        arguments: [
            "UPDATE model_file SET path = '../../etc/passwd' WHERE name = 'a' AND position = 0",
            "UPDATE model_file SET digest = 'x' WHERE name = 'a'",
            "UPDATE model_file SET role = 'nonsense' WHERE name = 'a'", "DELETE FROM model_file WHERE name = 'a'",
            "UPDATE model SET tag = '/' WHERE name = 'a'", "UPDATE model SET name = '..' WHERE name = 'a'",
            "UPDATE blob SET size = -5 WHERE digest = (SELECT digest FROM model WHERE name = 'a')",
            "DELETE FROM blob WHERE digest = (SELECT digest FROM model WHERE name = 'a')",
            "UPDATE model_file SET path = '' WHERE name = 'a' AND position = 0",
        ])
    func badRow(_ sql: String) throws {
        try furnish()
        try vandalise(home, sql)
        let store = try ModelStore(home: home)
        let (models, broken) = try store.everything()
        #expect(Set(models.map(\.key)) == ["b:q4", "c:q4"] && models.allSatisfy { $0.state == .sound } && broken.count == 1)
        #expect(try store.models().count == 2 && store.model("b", tag: "q4") != nil)
        // It can be had again, or removed, like any other.
        let row = try #require(broken.first)
        _ = try store.remove(name: row.name, tag: row.tag)
        #expect(try store.everything().broken.isEmpty)
        try Shop().publish("a", [("w-1", "one")])
        #expect(try store.models().count == 3)
    }

    @Test("DL-62 I9 rows of places, leases and versions that cannot be read harm nothing") func badSideRows() throws {
        let complete = try furnish()
        try vandalise(
            home,
            """
            INSERT INTO place SELECT 'relative', digest, 1, 1, 1, '/', 1, NULL FROM blob LIMIT 1;
            INSERT INTO lease VALUES ('1', 'nonsense', 'x', 'y', '{', 1);
            INSERT INTO superseded VALUES ('a', 'q4', 1, 1, 'no json');
            """)
        #expect(try StoreInvariants(home: home, complete: complete).violations() == [])
        _ = try ModelStore(home: home).leftovers()
        _ = try ModelStore(home: home).remove(name: "b", tag: "q4")
    }

    @Test(
        "DL-62 I9 a manifest that is empty, cut or hostile costs its model alone when the inventory is lost too",
        arguments: [
            "", "{", "[]", #"{"schema":9}"#,
            #"{"schema":1,"name":"../../x","tag":"q4","source":"","installedAt":1,"files":[{"path":"w","role":"weights","digest":"D","size":3}]}"#,
            #"{"schema":1,"name":"a","tag":"q4","source":"","installedAt":1,"files":[{"path":"../w","role":"weights","digest":"D","size":3}]}"#,
            #"{"schema":1,"name":"a","tag":"q4","source":"","installedAt":1,"files":[{"path":"w","role":"weights","digest":"../../../etc/passwd","size":3}]}"#,
            #"{"schema":1,"name":"a","tag":"q4","source":"","installedAt":1,"files":[{"path":"w","role":"weights","digest":"D","size":-1}]}"#,
            #"{"schema":1,"name":"a","tag":"q4","source":"","installedAt":1,"files":[]}"#,
        ])
    func badManifest(_ text: String) throws {
        try furnish()
        let canary = try Shop.canary()
        try Data(text.replacingOccurrences(of: "\"D\"", with: "\"\(FileHash.digest(ofText: "one").hex)\"").utf8)
            .write(to: URL(filePath: home + "/manifests/a/q4.json"))
        try forgetInventory { try FileManager.default.removeItem(atPath: $0) }
        let store = try ModelStore(home: home)
        #expect(Set(try store.models().map(\.key)) == ["b:q4", "c:q4"])
        #expect(store.findings.contains { $0.contains("manifests/a/q4.json cannot be read") })
        #expect(FileManager.default.fileExists(atPath: home + "/manifests/a/q4.json") && Shop.isAlive(canary))
    }

    @Test("DL-63 a manifest that is a link is not followed") func linkedManifest() throws {
        try furnish()
        let path = home + "/manifests/a/q4.json"
        try FileManager.default.moveItem(atPath: path, toPath: TemporaryFolder.path + "/real.json")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: TemporaryFolder.path + "/real.json")
        try forgetInventory { try FileManager.default.removeItem(atPath: $0) }
        #expect(Set(try ModelStore(home: home).models().map(\.key)) == ["b:q4", "c:q4"])
    }

    @Test("DL-63 a store that is as it should be says nothing") func quiet() throws {
        #expect(try ModelStore(home: home).findings.isEmpty)
        try furnish()
        #expect(try ModelStore(home: home).findings.isEmpty)
    }
}
