// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// What an opening puts right, and what it leaves alone.
@Suite(.temporaryFolder) struct SettleTests {
    private var home: String { TemporaryFolder.path + "/home" }
    private static let files = [("w-1", "one"), ("w-2", "two"), ("c.json", "{}")]

    private func put(_ text: String, at path: String) throws { try Data(text.utf8).write(to: URL(filePath: "\(home)/\(path)")) }

    /// What no reader can open, whoever it is: a socket that nobody listens at.
    private func block(_ path: String) throws {
        let full = "\(home)/\(path)"
        try FileManager.default.createDirectory(atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        #expect(mknod(full, S_IFSOCK | 0o600, 0) == 0)
    }

    @Test("I4 a side file that is written anew takes nothing that a person put beside the weights", arguments: ["other", "gone"])
    func besideTheWeights(_ how: String) throws {
        let shop = try Shop()
        try shop.publish("a", Self.files)
        try put("mine", at: "models/a/q4/notes.txt")
        if how == "gone" {
            try FileManager.default.removeItem(atPath: home + "/manifests/a/q4.json")
        } else {
            try put("{}", at: "manifests/a/q4.json")
        }
        _ = try ModelStore(home: home)
        #expect(shop.text("models/a/q4/notes.txt") == "mine")
        #expect(shop.text("manifests/a/q4.json")?.contains("w-2") == true && shop.text("models/a/q4/w-2") == "two")
    }

    @Test("I4 a model in the place of another's shared bytes takes nothing from beside that one") func sharedBytes() throws {
        let shop = try Shop()
        try shop.publish("a", Self.files)
        try put("mine", at: "models/a/q4/notes.txt")
        let folder = try Shop.canary("elsewhere")
        try Data("one".utf8).write(to: URL(filePath: folder + "/file"))
        let foreign = try ForeignFile(path: SafePath(untrusted: "file"), place: folder + "/file")
        _ = try shop.store.adopt(files: [foreign], how: .reference, as: shop.label("b"), at: Date(timeIntervalSince1970: 2))
        _ = try ModelStore(home: home)
        #expect(shop.text("models/a/q4/notes.txt") == "mine")
        #expect(shop.text("manifests/a/q4.json")?.contains("elsewhere") == true, "the side file tells of the new place")
    }

    @Test("I4 what a person put into the folder of a model that was not taken in stays", arguments: [true, false])
    func strangersFolder(_ hasNotes: Bool) throws {
        let shop = try Shop()
        try shop.publish("a", Self.files)
        if hasNotes { try put("mine", at: "models/a/q4/notes.txt") }
        try vandalise(home, "DELETE FROM model_file; DELETE FROM model")
        let store = try ModelStore(home: home)
        #expect(store.findings.contains { $0.hasPrefix("a:q4 was not taken in") } && !shop.exists("manifests/a"))
        #expect(shop.exists("models/a") == hasNotes && shop.text("models/a/q4/notes.txt") == (hasNotes ? "mine" : nil))
        #expect(try ModelStore(home: home).findings.isEmpty, "it is said once")
    }

    @Test("I9 a side file that nobody can open keeps nothing else from being put right or removed") func unreadable() throws {
        let shop = try Shop()
        try shop.publish("b", [("w", "other")])
        let model = try shop.publish("a", Self.files)
        try block("manifests/0/q4.json")
        try vandalise(home, "DELETE FROM model_file WHERE name = 'a'; DELETE FROM model WHERE name = 'a'; DELETE FROM blob WHERE size < 5")
        let store = try ModelStore(home: home)
        #expect(store.findings.contains { $0.hasPrefix("a:q4 was not taken in") })
        #expect(!store.findings.contains { $0.contains("could not be put right") } && !shop.exists("manifests/a"))
        for orphan in try store.leftovers() where orphan.kind == .orphan { #expect(try store.collect(orphan)) }
        #expect(model.files.allSatisfy { !FileManager.default.fileExists(atPath: $0.place) } && shop.exists("manifests/0/q4.json"))
    }

    @Test("one model that cannot be put right is told of, and the others are") func oneRefuses() throws {
        let shop = try Shop()
        for name in ["a", "b", "c"] { try shop.publish(name, [("w", name)]) }
        for name in ["a", "b", "c"] { try FileManager.default.removeItem(atPath: "\(home)/manifests/\(name)") }
        // A folder where a side file is to be written.
        try FileManager.default.createDirectory(atPath: home + "/manifests/b/q4.json", withIntermediateDirectories: true)
        #expect(try ModelStore(home: home).findings.contains { $0.contains("could not be put right") && $0.contains("manifests/b") })
        #expect(shop.exists("manifests/a/q4.json") && shop.exists("manifests/c/q4.json"))
    }

    @Test("a disk is asked once whether it has links, however many models show nothing") func askedOnce() throws {
        var store = try Shop().store
        let ours = store.layout.home
        for name in ["a", "b", "c", "d"] { try Shop().publish(name, Self.files) }
        try FileManager.default.removeItem(atPath: home + "/models")
        let asked = Counter()
        store.disks = DiskQuestions { path in
            if path == ours { asked.enter() }
            return nil
        }
        try store.settleNames()
        #expect(asked.total == 2, "once to find them, and once in the transaction that puts them right")
        #expect(FileManager.default.fileExists(atPath: home + "/models/d/q4/w-2"))
    }

    @Test("whoever removes many settles once for all of them") func settledOnce() throws {
        let shop = try Shop()
        try shop.publish("a", Self.files)
        _ = try shop.store.remove(name: "a", tag: "q4", isKeepingFiles: true)
        try shop.publish("b", [("w", "other")])
        let orphans = try shop.store.leftovers().filter { $0.kind == .orphan }
        try FileManager.default.removeItem(atPath: home + "/manifests/b")
        #expect(try orphans.count == 3 && shop.store.collect(orphans[0], isSettled: true) && !shop.exists("manifests/b"))
        #expect(try shop.store.collect(orphans[1]) && shop.exists("manifests/b"))
    }

    /// As `publish` leaves it, but for the disk: nobody waits for that here.
    private func place(_ number: Int, _ shop: Shop) throws -> ModelManifest {
        let label = try shop.label("m\(number)")
        let folder = shop.store.layout.model(name: label.name, tag: label.tag)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let files = try (0..<2).map { part in
            let text = "\(number) \(part)"
            let digest = FileHash.digest(ofText: text)
            let blob = shop.store.layout.blob(digest)
            try FileManager.default.createDirectory(
                atPath: (blob as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: blob))
            try FileManager.default.linkItem(atPath: blob, toPath: "\(folder)/w-\(part).gguf")
            return try ModelManifest.File(
                path: SafePath(untrusted: "w-\(part).gguf"), role: .weights, digest: digest, size: Int64(text.utf8.count))
        }
        let manifest = ModelManifest(label: label, installedAt: Date(timeIntervalSince1970: 1), files: files)
        let side = "\(home)/\(Layout.manifestFolder(name: label.name))"
        try FileManager.default.createDirectory(atPath: side, withIntermediateDirectories: true)
        try manifest.json().write(to: URL(filePath: "\(side)/\(Layout.manifest(tag: label.tag))"))
        return manifest
    }

    @Test("an opening with a thousand models finds nothing to put right, and its time is told") func thousand() throws {
        let shop = try Shop()
        try shop.store.inventory.write { database in
            for number in 0..<1_000 {
                let manifest = try place(number, shop)
                for file in manifest.files {
                    let print = try #require(FilePrint(path: shop.store.layout.blob(file.digest), followingLinks: false))
                    try Inventory.insert(blob: file.digest, size: file.size, modified: print.modified, provenAt: Date(), in: database)
                }
                try Inventory.insert(manifest, in: database)
            }
        }
        let before = try #require(FilePrint(path: home + "/manifests/m7/q4.json", followingLinks: false))
        for _ in 0..<3 {
            let begin = ContinuousClock.now
            let store = try ModelStore(home: home)
            let opened = ContinuousClock.now
            try store.settleNames()
            print("opening with 1000 models: \(opened - begin), of that names: \(ContinuousClock.now - opened)")
            #expect(store.findings.isEmpty)
        }
        #expect(FilePrint(path: home + "/manifests/m7/q4.json", followingLinks: false) == before)
    }
}
