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
        try FileManager.default.removeItem(atPath: a.files[1].place)
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
