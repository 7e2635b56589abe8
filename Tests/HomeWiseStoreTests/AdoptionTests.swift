// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// What happens around the bytes of others when they are taken in.
@Suite(.temporaryFolder) struct AdoptionTests {
    private func foreign(_ text: String, _ name: String = "w") throws -> ForeignFile {
        let folder = TemporaryFolder.path + "/elsewhere"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        // Long ago, so that whatever is written to it later shows.
        try Self.date("\(folder)/\(name)", 1_000)
        return try ForeignFile(path: SafePath(untrusted: name), place: "\(folder)/\(name)")
    }

    private static func date(_ path: String, _ seconds: Int) throws {
        let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    private func adopt(_ shop: Shop, _ file: ForeignFile, _ how: Adoption = .reference, name: String = "m") throws -> InstalledModel {
        try shop.store.adopt(files: [file], how: how, as: shop.label(name), at: Date())
    }

    @Test(
        "I1 a damaged blob of our own does not count as proven because the same bytes lie elsewhere",
        arguments: ["rotten", "shorter", "touched", "orphan"])
    func damagedOwn(_ how: String) throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        switch how {
        case "rotten":
            try shop.rot(model.path)
            #expect(try shop.store.verify(model.digest, at: Date()) == .damaged)
        case "shorter": #expect(truncate(model.path, 3) == 0)
        case "touched":
            chmod(model.path, 0o644)
            try FileHandle(forWritingTo: URL(filePath: model.path)).write(contentsOf: Data("WEIGHTS".utf8))
            try Self.date(model.path, 2_000)
        default:
            try shop.rot(model.path)
            try vandalise(shop.home, "DELETE FROM model_file; DELETE FROM model; DELETE FROM blob")
        }
        let file = try foreign("weights")
        let taken = try adopt(shop, file)
        #expect(taken.state == .sound && FileManager.default.contents(atPath: taken.path) == Data("weights".utf8))
        for model in try shop.store.models() { #expect(FileManager.default.contents(atPath: model.path) == Data("weights".utf8)) }
        #expect(try shop.store.verify(model.digest, at: Date()) == .sound)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.home + "/partial").isEmpty)
        #expect(FileManager.default.contents(atPath: file.place) == Data("weights".utf8))
    }

    @Test func whatCannotBeUsedIsNotWrittenDown() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        #expect(truncate(model.path, 3) == 0)
        let file = try ProvenFile(path: SafePath(untrusted: "w"), role: .weights, digest: model.digest, content: .present)
        #expect(throws: Failure.self) { try shop.store.publish(files: [file], as: shop.label("b"), at: Date()) }
        #expect(try shop.store.everything().models.map(\.key) == ["a:q4"] && !shop.exists("models/b") && !shop.exists("manifests/b"))
    }

    @Test("a move that cannot take the original away is a model all the same, and says what stayed") func stays() throws {
        let shop = try Shop()
        let file = try foreign("weights")
        let descriptor = open(file.place, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // A name that leads to the file and that nobody can remove.
        var fixed = file
        fixed.place = "/proc/self/fd/\(descriptor)"
        var stayed: [String] = []
        let model = try shop.store.adopt(
            files: [fixed], how: .move, as: shop.label("m"), at: Date(), stayed: { stayed.append("\($0) \($1.code)") })
        #expect(model.state == .sound && stayed.count == 1 && stayed[0].hasPrefix(fixed.place))
    }

    @Test("I4 a file that changed between hashing and writing down is not taken, and a move leaves it there", arguments: [true, false])
    func changed(_ isMoving: Bool) throws {
        let shop = try Shop()
        let first = try foreign("weights", "a")
        let second = try foreign("more", "b")
        // While the second is read somebody writes into the first, which was hashed already.
        #expect(throws: Failure.self) {
            try shop.store.adopt(
                files: [first, second], how: isMoving ? .move : .reference, as: shop.label("m"), at: Date(),
                seen: { path, _ in
                    if path.value == "b" { try FileHandle(forWritingTo: URL(filePath: first.place)).write(contentsOf: Data("OTHER".utf8)) }
                })
        }
        #expect(try shop.store.everything().models.isEmpty)
        #expect(FileManager.default.contents(atPath: first.place) == Data("OTHERts".utf8))
        #expect(FileManager.default.contents(atPath: second.place) == Data("more".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.home + "/partial").isEmpty)
    }

    @Test("a blob that a person shares by a link is not mended by writing into it") func sharedInode() throws {
        let shop = try Shop()
        let own = try shop.publish("a", [("w", "weights"), ("same", "weights")])
        #expect(try shop.store.isOnlyOurs(own.digest))
        let linked = try adopt(shop, foreign("theirs"), .hardLink)
        #expect(try !shop.store.isOnlyOurs(linked.digest))
        try shop.store.inventory.record(chain: [0: linked.digest], of: linked.digest)
        #expect(try shop.store.patch(linked.digest, size: 6) == nil)
        #expect(try !shop.store.isOnlyOurs(FileHash.digest(ofText: "nothing")))
    }
}

@Test(
    "DL-67 on disks that number files anew with each mount, size and time tell that a file is the same",
    arguments: ["vfat", "exfat", "ext4", nil])
func inodes(_ kind: String?) {
    let print = FilePrint(size: 1, modified: 2, inode: 3)
    let isFAT = kind?.hasSuffix("fat") ?? false
    #expect(print.isSame(as: print, onDiskOfKind: kind))
    #expect(print.isSame(as: FilePrint(size: 1, modified: 2, inode: 4), onDiskOfKind: kind) == isFAT)
    #expect(!print.isSame(as: FilePrint(size: 1, modified: 9, inode: 3), onDiskOfKind: kind))
    #expect(!print.isSame(as: FilePrint(size: 9, modified: 2, inode: 3), onDiskOfKind: kind))
}

@Test("DL-67 a model whose files must lie beside one another is refused where a disk cannot show them so") func noLinks() throws {
    func check(_ names: [String], _ traits: DiskTraits) throws { try traits.check(names.map { try (SafePath(untrusted: $0), nil) }) }
    for names in [["model.safetensors", "config.json"], ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"]] {
        #expect { try check(names, DiskTraits(hasLinks: false)) } throws: { ($0 as? Failure)?.message.contains("hard links") == true }
        try check(names, DiskTraits())
    }
    try check(["a.gguf", "mmproj.gguf"], DiskTraits(hasLinks: false))
    try check(["model.onnx"], DiskTraits(hasLinks: false))
}

@Suite(.temporaryFolder) struct HoldTests {
    @Test("DL-59 I8 an older version whose bytes somebody uses is not forgotten") func leasedVersion() throws {
        let shop = try Shop()
        let old = try shop.publish("a", [("w", "one")], at: 1)
        let lease = try #require(try shop.store.lease(old, purpose: "running"))
        try shop.publish("a", [("w", "two")], at: 2)
        let found = try #require(try shop.store.leftovers().first { $0.kind == .superseded })
        #expect(try !shop.store.collect(found))
        #expect(try shop.store.olderVersions(name: "a", tag: "q4").map(\.isWhole) == [true])
        withExtendedLifetime(lease) {}
    }

    @Test("DL-62 a model can be removed though another's rows cannot be read") func brokenNeighbour() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "weights")])
        try shop.publish("b", [("w", "weights")])
        try vandalise(shop.home, "DELETE FROM model_file WHERE name = 'b'")
        let removal = try shop.store.remove(name: "a", tag: "q4")
        #expect(try removal.shared == 7 && removal.frees == 0 && shop.store.models().isEmpty)
        #expect(try shop.store.remove(name: "b", tag: "q4").frees == 7)
    }
}

@Suite(.temporaryFolder) struct RebuildTests {
    private var home: String { TemporaryFolder.path + "/home" }

    private func loseInventory() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
    }

    private func rewrite(_ model: String, _ change: (String) -> String) throws {
        let path = "\(home)/manifests/\(model)/q4.json"
        let text = try change(String(contentsOfFile: path, encoding: .utf8))
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    @Test(
        "DL-62 I9 one manifest that contradicts itself or another keeps nothing else from being found again",
        arguments: ["place", "path", "size"])
    func contradiction(_ what: String) throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "one"), ("x", "two")])
        try shop.publish("b", [("w", "one")])
        let stranger = FileHash.digest(ofText: "stranger").hex
        try rewrite("a") { text in
            switch what {
            case "place":
                text.replacingOccurrences(
                    of: "\"schema\"",
                    with:
                        "\"places\":[{\"path\":\"/x\",\"digest\":\"\(stranger)\",\"size\":1,\"modified\":1,\"inode\":1,\"mount\":\"/\"}],\"schema\""
                )
            case "path": text.replacingOccurrences(of: "\"x\"", with: "\"w\"")
            default: text.replacingOccurrences(of: ": 3", with: ": 4")
            }
        }
        try loseInventory()
        let store = try ModelStore(home: home)
        #expect(Set(try store.models().map(\.key)) == (what == "path" ? ["b:q4"] : what == "size" ? ["b:q4"] : ["a:q4", "b:q4"]))
        #expect(store.findings.contains { $0.contains("manifests/a/q4.json cannot be read") } == (what == "path"))
        #expect(try ModelStore(home: home).models().contains { $0.key == "b:q4" })
    }

    @Test("I1 what was damaged or touched before the inventory was lost is not sound after it") func marks() throws {
        let shop = try Shop()
        let small = try shop.publish("a", [("w", "weights")])
        let large = try shop.publish("b", [("w", String(repeating: "x", count: 9 << 20))])
        let sound = try shop.publish("c", [("w", String(repeating: "y", count: 9 << 20))])
        try shop.rot(small.path)
        chmod(large.path, 0o644)
        try FileHandle(forWritingTo: URL(filePath: large.path)).write(contentsOf: Data("X".utf8))
        var later = [timespec(tv_sec: time(nil) + 10, tv_nsec: 0), timespec(tv_sec: time(nil) + 10, tv_nsec: 0)]
        utimensat(AT_FDCWD, large.path, &later, 0)
        try loseInventory()
        let store = try ModelStore(home: home)
        let states = Dictionary(uniqueKeysWithValues: try store.everything().models.map { ($0.name, $0.state) })
        #expect(states == ["a": .damaged, "b": .changed, "c": .sound])
        #expect(try store.verify(large.digest, at: Date()) == .damaged && store.verify(sound.digest, at: Date()) == .sound)
    }

    @Test("DL-55 a store whose manifests cannot be written opens, says so, and tries again") func unwritable() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "weights")])
        try vandalise(home, "PRAGMA user_version = 0")
        try FileManager.default.removeItem(atPath: home + "/manifests/a")
        // A folder cannot be made where a file stands.
        try Data().write(to: URL(filePath: home + "/manifests/a"))
        let store = try ModelStore(home: home)
        #expect(try store.models().count == 1 && store.findings.contains { $0.contains("tried again") })
        try FileManager.default.removeItem(atPath: home + "/manifests/a")
        #expect(try ModelStore(home: home).findings.isEmpty && FileManager.default.fileExists(atPath: home + "/manifests/a/q4.json"))
        try FileManager.default.removeItem(atPath: home + "/manifests/a")
        // One that is removed afterwards is there again too.
        #expect(try ModelStore(home: home).findings.isEmpty && FileManager.default.fileExists(atPath: home + "/manifests/a/q4.json"))
    }
}
