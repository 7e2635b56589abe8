// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// Files that other tools and persons keep.
@Suite(.temporaryFolder) struct PlaceTests {
    private func foreign(_ texts: [(String, String)]) throws -> (folder: String, files: [ForeignFile]) {
        let folder = TemporaryFolder.path + "/elsewhere"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return (
            folder,
            try texts.map { name, text in
                try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
                return try ForeignFile(path: SafePath(untrusted: name), place: "\(folder)/\(name)", digest: FileHash.digest(ofText: text))
            }
        )
    }

    private func adopt(_ shop: Shop, _ files: [ForeignFile], _ how: Adoption) throws -> InstalledModel {
        try shop.store.adopt(files: files, how: how, as: shop.label("m"), at: Date())
    }

    @Test("a model is used where it lies, and removing it leaves it there") func reference() throws {
        let shop = try Shop()
        let (folder, files) = try foreign([("m-1.gguf", "one"), ("m-2.gguf", "two")])
        let guardian = StoreInvariants(home: shop.home, watching: TemporaryFolder.path)
        let model = try adopt(shop, files, .reference)
        #expect(
            model.state == .sound && model.files.allSatisfy(\.isAdopted) && model.folder == folder && model.path == folder + "/m-1.gguf")
        #expect(try !shop.store.mendNames(of: model), "its manifest tells where its files are")
        #expect(try shop.store.blobFiles().isEmpty && ModelStore(home: shop.home).models() == [model])
        let removal = try shop.store.remove(name: "m", tag: "q4")
        #expect(removal.adopted == 6 && removal.frees == 0)
        #expect(try guardian.violations() == [])
    }

    @Test("a file that was changed behind our back is noticed, and counts again once it is proven") func changed() throws {
        let shop = try Shop()
        let (_, files) = try foreign([("m.gguf", "one")])
        let model = try adopt(shop, files, .reference)
        try Data("one".utf8).write(to: URL(filePath: files[0].place))
        #expect(try shop.store.everything().models[0].state == .changed && shop.store.models().isEmpty)
        #expect(try shop.store.verify(model.digest, at: Date()) == .sound && shop.store.models().count == 1)
        try Data("two".utf8).write(to: URL(filePath: files[0].place))
        #expect(try shop.store.verify(model.digest, at: Date()) == .damaged && shop.store.models().isEmpty)
        try FileManager.default.removeItem(atPath: files[0].place)
        #expect(try shop.store.everything().models[0].state == .missing)
    }

    @Test("DL-66 what lies on a disk that is not mounted is away, not lost") func away() throws {
        let shop = try Shop()
        let (_, files) = try foreign([("m.gguf", "one")])
        _ = try adopt(shop, files, .reference)
        // As if the folder had been a mount point when it was taken in.
        try vandalise(shop.home, "UPDATE place SET mount = '\(TemporaryFolder.path)/elsewhere'")
        try FileManager.default.moveItem(atPath: TemporaryFolder.path + "/elsewhere", toPath: TemporaryFolder.path + "/unplugged")
        #expect(try shop.store.everything().models[0].state == .away)
        #expect(try shop.store.verify(FileHash.digest(ofText: "one"), at: Date()) == .away)
        try FileManager.default.moveItem(atPath: TemporaryFolder.path + "/unplugged", toPath: TemporaryFolder.path + "/elsewhere")
        #expect(try shop.store.everything().models[0].state == .sound)
    }

    @Test(arguments: [Adoption.hardLink, .copy, .move]) func intoTheStore(_ how: Adoption) throws {
        let shop = try Shop()
        let (_, files) = try foreign([("m.gguf", "one"), ("c.json", "{}")])
        chmod(files[0].place, 0o640)
        let model = try adopt(shop, files, how)
        #expect(model.state == .sound && model.files.allSatisfy { !$0.isAdopted } && model.folder == shop.home + "/models/m/q4")
        #expect(FileManager.default.fileExists(atPath: files[0].place) == (how != .move))
        if how == .hardLink {
            #expect(FilePrint(path: model.files[0].place, followingLinks: false) == FilePrint(path: files[0].place, followingLinks: false))
            let mode = try FileManager.default.attributesOfItem(atPath: files[0].place)[.posixPermissions] as? Int
            #expect(mode == 0o640, "the mode is its keeper's")
            // The other tool writes into the shared file: it is noticed.
            try FileHandle(forUpdating: URL(filePath: files[0].place)).write(contentsOf: Data("ONE".utf8))
            #expect(try shop.store.everything().models[0].state == .changed)
        }
        #expect(try shop.store.leftovers().filter { $0.kind == .staging }.isEmpty)
    }

    @Test("blocks are shared where the disk can, and where it cannot that is said") func reflink() throws {
        let shop = try Shop()
        let (_, files) = try foreign([("m.gguf", "one")])
        do { #expect(try adopt(shop, files, .reflink).state == .sound) } catch let failure as Failure {
            #expect(failure.code == .badInput && failure.message.contains("share"))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.home + "/partial").isEmpty)
    }

    @Test("I1 what a name claims is not believed", arguments: Adoption.allCases) func lie(_ how: Adoption) throws {
        let shop = try Shop()
        var (_, files) = try foreign([("c.json", "{}"), ("m.gguf", "one")])
        files[1].digest = FileHash.digest(ofText: "two")
        let guardian = StoreInvariants(home: shop.home, watching: TemporaryFolder.path)
        #expect { try adopt(shop, files, how) } throws: { [.digestMismatch, .badInput].contains(($0 as? Failure)?.code) }
        #expect(try guardian.violations() == [] && shop.store.everything().models.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.home + "/partial").isEmpty)
    }

    @Test func whatIsOursIsNotAdopted() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        let file = try ForeignFile(path: SafePath(untrusted: "w"), place: model.path)
        #expect { try adopt(shop, [file], .reference) } throws: { ($0 as? Failure)?.code == .badInput }
    }

    @Test("I7 bytes that two places have are there while one of them is") func twoPlaces() throws {
        let shop = try Shop()
        let (folder, files) = try foreign([("m.gguf", "one")])
        _ = try adopt(shop, files, .reference)
        try Data("one".utf8).write(to: URL(filePath: folder + "/second.gguf"))
        let second = try ForeignFile(path: SafePath(untrusted: "m.gguf"), place: folder + "/second.gguf")
        _ = try adopt(shop, [second], .reference)
        try FileManager.default.removeItem(atPath: files[0].place)
        let model = try #require(try shop.store.models().first)
        #expect(model.path == folder + "/second.gguf")
    }
}

@Suite(.temporaryFolder) struct DiskTests {
    @Test("DL-67 what a disk cannot take is known before a byte is fetched") func traits() throws {
        func path(_ text: String) throws -> SafePath { try SafePath(untrusted: text) }
        var fat = DiskTraits(ignoresCase: true, hasLinks: false)
        fat.know(kind: "vfat")
        try fat.check([(path("a.gguf"), (4 << 30) - 1), (path("b.gguf"), nil)])
        #expect { try fat.check([(path("a.gguf"), 4 << 30)]) } throws: {
            ($0 as? Failure)?.code == .diskFull && ($0 as? Failure)?.message.contains("FAT") == true
        }
        #expect(throws: Failure.self) { try fat.check([(path("A"), 1), (path("a"), 1)]) }
        try DiskTraits().check([(path("A"), 1), (path("a"), 1 << 40)])
        #expect(throws: Failure.self) { try DiskTraits().check([(path("e\u{301}"), 1), (path("\u{e9}"), 1)]) }
        #expect(throws: Failure.self) { try DiskTraits(longestName: 143).check([(path(String(repeating: "x", count: 144)), 1)]) }
    }

    @Test("DL-67 the disk itself is asked, and nothing is left of the question") func asking() throws {
        let shop = try Shop()
        let traits = try shop.store.diskTraits()
        #expect(traits.hasLinks && !traits.ignoresCase && traits.longestName == 255)
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.home + "/partial").isEmpty)
    }

    @Test func kindsOfDisksAreRead() {
        let table =
            "36 35 8:1 / / rw - ext4 /dev/a rw\n40 36 0:5 / /mnt/my\\040disk rw,noatime shared:3 - vfat /dev/b rw\n41 36 0:6 / /n rw - nfs4 h:/x rw\n"
        #expect(MountPoint.kind(at: "/", in: table) == "ext4" && MountPoint.kind(at: "/mnt/my disk", in: table) == "vfat")
        #expect(MountPoint.kind(at: "/n", in: table) == "nfs4" && MountPoint.kind(at: "/m", in: table) == nil)
        var network = DiskTraits()
        network.know(kind: "nfs4")
        #expect(network.isNetwork && network.largestFile == nil)
    }

    @Test(
        "DL-68 below its home a store follows no link",
        arguments: ["blobs", "blobs/sha256", "partial", "models", "manifests", "run", "engines", "logs"])
    func links(_ folder: String) throws {
        let home = TemporaryFolder.path + "/home"
        let canary = try Shop.canary()
        try FileManager.default.createDirectory(
            atPath: "\(home)/\((folder as NSString).deletingLastPathComponent)", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(home)/\(folder)", withDestinationPath: canary)
        #expect { try ModelStore(home: home) } throws: { ($0 as? Failure)?.message.contains("is a link") == true }
        #expect(try FileManager.default.contentsOfDirectory(atPath: canary) == ["file"])
    }

    @Test("DL-68 the home itself may be a person's link") func linkedHome() throws {
        try FileManager.default.createDirectory(atPath: TemporaryFolder.path + "/big", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: TemporaryFolder.path + "/home", withDestinationPath: TemporaryFolder.path + "/big")
        let shop = try Shop()
        #expect(try shop.publish("a", [("w", "weights")]).state == .sound)
    }

    @Test("DL-68 I4 a home that is swapped for a link in the middle is refused, and nothing goes there") func swapped() throws {
        let shop = try Shop()
        let file = try shop.fresh("weights", as: "w")
        let canary = try Shop.canary()
        try FileManager.default.moveItem(atPath: shop.home, toPath: TemporaryFolder.path + "/moved")
        try FileManager.default.createSymbolicLink(atPath: shop.home, withDestinationPath: canary)
        #expect { try shop.store.publish(files: [file], as: shop.label("a"), at: Date()) } throws: {
            ($0 as? Failure)?.code == .storeUnusable
        }
        #expect(throws: Failure.self) { try shop.store.remove(name: "a", tag: "q4") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: canary) == ["file"])
    }

    @Test("DL-68 I4 folders that are swapped for links in the middle are not followed") func swappedFolders() throws {
        let shop = try Shop()
        let canary = try Shop.canary()
        for folder in ["models", "manifests", "blobs"] {
            let file = try shop.fresh("weights", as: "w")
            try FileManager.default.moveItem(atPath: "\(shop.home)/\(folder)", toPath: "\(TemporaryFolder.path)/kept")
            try FileManager.default.createSymbolicLink(atPath: "\(shop.home)/\(folder)", withDestinationPath: canary)
            #expect(throws: Failure.self) { try shop.store.publish(files: [file], as: shop.label("a"), at: Date()) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: canary) == ["file"])
            try FileManager.default.removeItem(atPath: "\(shop.home)/\(folder)")
            try FileManager.default.moveItem(atPath: "\(TemporaryFolder.path)/kept", toPath: "\(shop.home)/\(folder)")
            #expect(try shop.store.everything().models.isEmpty, "\(folder)")
        }
        #expect(try shop.publish("a", [("w", "weights")]).state == .sound)
    }
}

@Suite(.temporaryFolder) struct MarkerTests {
    private var home: String { TemporaryFolder.path + "/disk/home" }
    private var state: String { TemporaryFolder.path + "/state" }

    @Test("DL-66 an empty mount point does not become a new store") func unmounted() throws {
        try Shop(home: home, state: state).publish("a", [("w", "weights")])
        try FileManager.default.moveItem(atPath: home, toPath: TemporaryFolder.path + "/unplugged")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        #expect { try ModelStore(home: home, state: state) } throws: {
            let failure = $0 as? Failure
            return failure?.code == .storeUnusable && failure?.remedy.contains(state) == true && failure?.remedy.contains("Mount") == true
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home).isEmpty)
        try FileManager.default.removeItem(atPath: home)
        try FileManager.default.moveItem(atPath: TemporaryFolder.path + "/unplugged", toPath: home)
        #expect(try ModelStore(home: home, state: state).models().count == 1)
    }

    @Test("DL-66 nor does a place that is gone with its disk") func goneWithDisk() throws {
        _ = try Shop(home: home, state: state)
        let memory = try #require(try FileManager.default.contentsOfDirectory(atPath: state + "/stores").first)
        let path = "\(state)/stores/\(memory)"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let mount = MountPoint.holding(home).replacingOccurrences(of: "/", with: "\\/")
        try Data(text.replacingOccurrences(of: "\"mount\":\"\(mount)\"", with: "\"mount\":\"\\/mnt\\/gone\"").utf8).write(
            to: URL(filePath: path))
        try FileManager.default.removeItem(atPath: home)
        #expect(throws: Failure.self) { try ModelStore(home: home, state: state) }
        #expect(!FileManager.default.fileExists(atPath: home))
    }

    @Test("DL-66 a store that a person removed is begun anew, and that is said") func removed() throws {
        _ = try Shop(home: home, state: state)
        try FileManager.default.removeItem(atPath: home)
        #expect(try ModelStore(home: home, state: state).findings.contains { $0.contains("a new one is begun") })
        #expect(try ModelStore(home: home, state: state).findings.isEmpty)
    }

    @Test("DL-66 another disk's store is used, and that is said; one that only lost its mark is the same") func others() throws {
        try Shop(home: home, state: state).publish("a", [("w", "weights")])
        try FileManager.default.removeItem(atPath: home + "/store.json")
        #expect(try ModelStore(home: home, state: state).findings.isEmpty)
        try FileManager.default.moveItem(atPath: home, toPath: TemporaryFolder.path + "/first")
        try Shop(home: home).publish("b", [("w", "other")])
        #expect(try ModelStore(home: home, state: state).findings.contains { $0.contains("Another store") })
        #expect(try ModelStore(home: home, state: state).models().map(\.name) == ["b"])
    }

    @Test func aMachineThatLetsNothingBeRememberedIsServedAllTheSame() throws {
        try Data().write(to: URL(filePath: state))
        #expect(try Shop(home: home, state: state).publish("a", [("w", "weights")]).state == .sound)
    }
}
