// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseStore

/// What is being taken in, and who holds what.
@Suite(.temporaryFolder) struct HeldTests {
    private var home: String { TemporaryFolder.path + "/home" }

    @Test("DL-54 DL-59 an orphan that a fetch is taking in is not collected by anybody") func orphan() throws {
        let shop = try Shop()
        let digest = try shop.publish("a", [("w", "weights")]).digest
        _ = try shop.store.remove(name: "a", tag: "q4", isKeepingFiles: true)
        let found = try #require(try shop.store.leftovers().first { $0.kind == .orphan })
        var orphan = try shop.store.orphan(digest, for: "a:q4", purpose: "fetching")
        let path = try #require(orphan?.path)
        #expect(try !ModelStore(home: home).collect(found) && FileManager.default.fileExists(atPath: path))
        // On a disk whose locks do nothing what is written down keeps it.
        let calls = LockCalls { _, _ in 0 }
        #expect(try !shop.isFree(digest, calls))
        orphan = nil
        #expect(try shop.isFree(digest, calls))
        #expect(try ModelStore(home: home).collect(found) && !FileManager.default.fileExists(atPath: path))
        #expect(try shop.store.orphan(digest, for: "a:q4", purpose: "fetching") == nil)
    }

    @Test("DL-58 a lease is swept when its process is gone, though the host has another name by now") func otherName() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        let machine = ProcessIdentity.own.machine ?? "0123456789abcdef0123456789abcdef"
        var gone = ProcessIdentity(pid: 1, start: 1, boot: "an earlier one", host: "an earlier name", machine: machine)
        if ProcessIdentity.own.machine == nil { gone.host = ProcessIdentity.own.host }
        #expect(gone.isAlive == false)
        // What older versions wrote names no machine.
        let old = Data(#"{"pid":1,"start":1,"boot":"x","host":"far away"}"#.utf8)
        let far = try JSONDecoder().decode(ProcessIdentity.self, from: old)
        #expect(far.machine == nil && far.isAlive == nil)
        let near = ProcessIdentity(pid: getpid(), start: ProcessIdentity.own.start, boot: ProcessIdentity.own.boot, host: "an earlier name")
        #expect(near.isAlive == true, "the same boot is the same machine")
        var container = ProcessIdentity.own
        container.space = "pid:[1]"
        #expect(container.isAlive == nil)
        for (id, owner) in [("1", gone), ("2", far)] {
            let json = try String(decoding: JSONEncoder().encode(owner), as: UTF8.self)
            try vandalise(home, "INSERT INTO lease VALUES ('\(id)', '\(model.digest.hex)', 'a:q4', 'running', '\(json)', 1)")
        }
        let lease = try shop.store.lease(model, purpose: "running")
        let ids = try shop.store.inventory.read { try String.fetchSet($0, sql: "SELECT id FROM lease") }
        #expect(ids.count == 2 && ids.contains("2") && !ids.contains("1"))
        withExtendedLifetime(lease) {}
    }

    @Test(
        "a machine is known by its own number where it has one", arguments: ["", "uninitialized\n", "00000000000000000000000000000000\n"])
    func machine(_ text: String) throws {
        let (bad, good) = (TemporaryFolder.path + "/bad", TemporaryFolder.path + "/good")
        try Data(text.utf8).write(to: URL(filePath: bad))
        #expect(ProcessIdentity.machineIdentifier(in: [bad, "/nonexistent"]) == nil)
        try Data("0123456789abcdef0123456789abcdef\n".utf8).write(to: URL(filePath: good))
        #expect(ProcessIdentity.machineIdentifier(in: [bad, good]) == "0123456789abcdef0123456789abcdef")
    }

    @Test("DL-50 I1 of two places with the same bytes the one is used whose bytes are right", arguments: [0, 1]) func twoPlaces(
        _ rotten: Int
    )
        throws
    {
        let shop = try Shop()
        let folder = try Shop.canary("elsewhere")
        var paths: [String] = []
        for name in ["first", "second"] {
            let path = "\(folder)/\(name).gguf"
            try Data("weights".utf8).write(to: URL(filePath: path))
            paths.append(path)
            let file = try ForeignFile(path: SafePath(untrusted: "m.gguf"), place: path)
            _ = try shop.store.adopt(files: [file], how: .reference, as: shop.label(name), at: Date())
        }
        let digest = FileHash.digest(ofText: "weights")
        try shop.rot(paths[rotten])
        #expect(try shop.store.verify(digest, at: Date()) == .sound)
        #expect(try shop.store.place(of: digest) == paths[1 - rotten])
        for model in try shop.store.models() { #expect(model.path == paths[1 - rotten]) }
        #expect(try shop.store.badPlaces(of: digest).map(\.path) == [paths[rotten]])
        // And again, when it is right again.
        chmod(paths[rotten], 0o644)
        try Data("weights".utf8).write(to: URL(filePath: paths[rotten]))
        _ = try shop.store.verify(digest, at: Date())
        #expect(try shop.store.badPlaces(of: digest).isEmpty)
        for path in paths { try shop.rot(path) }
        #expect(try shop.store.verify(digest, at: Date()) == .damaged && shop.store.models().isEmpty)
    }

    @Test("DL-68 I4 a home that is swapped for a link in mid-adoption: nothing goes there", arguments: [Adoption.copy, .hardLink, .move])
    func swapped(_ how: Adoption) throws {
        let shop = try Shop()
        let elsewhere = try Shop.canary("elsewhere")
        let files = try ["one.gguf", "two.gguf"].map { name in
            try Data(name.utf8).write(to: URL(filePath: "\(elsewhere)/\(name)"))
            return try ForeignFile(path: SafePath(untrusted: name), place: "\(elsewhere)/\(name)")
        }
        let canary = try Shop.canary()
        try FileManager.default.createDirectory(atPath: canary + "/partial", withIntermediateDirectories: true)
        let isSwapped = Mutex(false)
        #expect {
            try shop.store.adopt(
                files: files, how: how, as: shop.label("a"), at: Date(),
                seen: { _, _ in
                    try isSwapped.withLock { done in
                        guard !done else { return }
                        done = true
                        try FileManager.default.moveItem(atPath: shop.home, toPath: TemporaryFolder.path + "/moved")
                        try FileManager.default.createSymbolicLink(atPath: shop.home, withDestinationPath: canary)
                    }
                })
        } throws: { ($0 as? Failure)?.code == .storeUnusable }
        #expect(isSwapped.withLock { $0 } && Shop.isAlive(canary))
        #expect(try FileManager.default.subpathsOfDirectory(atPath: canary).sorted() == ["file", "partial"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/moved/partial").isEmpty)
        for file in files { #expect(FileManager.default.fileExists(atPath: file.place)) }
    }

    @Test("DL-67 on a disk that makes numbers of files up an adoption goes by size and time", arguments: ["vfat", "ext4"])
    func numbers(_ kind: String) throws {
        let shop = try Shop()
        var store = shop.store
        store.disks = DiskQuestions { _ in kind }
        let place = try Shop.canary("elsewhere") + "/m.gguf"
        try Data("weights".utf8).write(to: URL(filePath: place))
        let times = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 1_000, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, place, times, 0) == 0)
        let file = try ForeignFile(path: SafePath(untrusted: "m.gguf"), place: place)
        let isOther = Mutex(false)
        func adopt() throws -> InstalledModel {
            try store.adopt(
                files: [file], how: .reference, as: shop.label("a"), at: Date(),
                seen: { _, _ in
                    // The same file under another number.
                    try isOther.withLock { done in
                        guard !done else { return }
                        done = true
                        try FileManager.default.copyItem(atPath: place, toPath: place + ".new")
                        try #require(utimensat(AT_FDCWD, place + ".new", times, 0) == 0)
                        try #require(rename(place + ".new", place) == 0)
                    }
                })
        }
        if kind == "vfat" {
            #expect(try adopt().state == .sound)
        } else {
            #expect { try adopt() } throws: { ($0 as? Failure)?.message.contains("chang") == true }
        }
    }

    @Test("DL-67 what a disk cannot take is said before any of it is read") func tooLarge() throws {
        let shop = try Shop()
        var store = shop.store
        store.disks = DiskQuestions { _ in "vfat" }
        let place = try Shop.canary("elsewhere") + "/m.gguf"
        try Data().write(to: URL(filePath: place))
        try #require(truncate(place, 4 << 30) == 0)
        let file = try ForeignFile(path: SafePath(untrusted: "m.gguf"), place: place)
        let seen = Mutex(false)
        #expect {
            try store.adopt(files: [file], how: .copy, as: shop.label("a"), at: Date(), seen: { _, _ in seen.withLock { $0 = true } })
        } throws: { ($0 as? Failure)?.code == .diskFull }
        #expect(!seen.withLock { $0 })
    }
}

/// Figures that a person decides by.
@Suite(.temporaryFolder) struct FigureTests {
    @Test("bytes that have a name outside the store are not counted as free") func linked() throws {
        let shop = try Shop()
        let place = try Shop.canary("elsewhere") + "/m.gguf"
        try Data("weights".utf8).write(to: URL(filePath: place))
        let file = try ForeignFile(path: SafePath(untrusted: "m.gguf"), place: place)
        _ = try shop.store.adopt(files: [file], how: .hardLink, as: shop.label("a"), at: Date(timeIntervalSince1970: 1))
        try shop.publish("b", [("w", "own bytes")])
        #expect(try shop.store.remove(name: "a", tag: "q4", isTrial: true).frees == 0)
        #expect(try shop.store.remove(name: "b", tag: "q4", isTrial: true).frees == 9)
        try shop.publish("a", [("m.gguf", "newer")], at: 2)
        #expect(try shop.store.leftovers().first { $0.kind == .superseded }?.bytes == 0)
        try FileManager.default.removeItem(atPath: place)
        #expect(try shop.store.leftovers().first { $0.kind == .superseded }?.bytes == 7)
        #expect(try shop.store.remove(name: "a", tag: "q4", isTrial: true).frees == 12)
    }

    @Test("a folder that a dead run was unpacking into is counted with all that is in it") func staging() throws {
        let shop = try Shop()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        let folder = "\(shop.home)/partial/.unpack-\(process.processIdentifier).4000000000/deep"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(noise(100_000, seed: 1)).write(to: URL(filePath: folder + "/file"))
        let found = try #require(try shop.store.leftovers().first { $0.kind == .staging })
        #expect(found.bytes >= 100_000)
    }

    @Test("looking makes nothing") func looking() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "weights")])
        let partial = try PartialFile(
            key: FileHash.digest(ofText: "x"), name: "m", model: "b:q4", size: 100, layout: shop.store.layout,
            inventory: shop.store.inventory)
        withExtendedLifetime(partial) {}
        func files() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: shop.home).sorted() }
        let before = try files()
        _ = try (shop.store.usage(), shop.store.unfinished(), shop.store.leftovers(), shop.store.everything())
        #expect(try files() == before)
        let lock = try FileLock.attempt("\(shop.store.layout.run)/\(FileHash.digest(ofText: "x").hex).lock")
        #expect(try shop.store.unfinished().map(\.isUnderWay) == [true])
        withExtendedLifetime(lock) {}
    }
}
