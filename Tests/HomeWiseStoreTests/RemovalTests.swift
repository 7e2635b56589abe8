// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct RemovalTests {
    @Test func whatOthersNeedStays() throws {
        let shop = try Shop()
        try shop.publish("a", [("w", "weights"), ("c.json", "own")])
        let other = try shop.publish("b", [("w", "weights")])
        let trial = try shop.store.remove(name: "a", tag: "q4", isTrial: true)
        #expect(trial.frees == 3 && trial.shared == 7 && trial.adopted == 0)
        #expect(try shop.store.models().count == 2)
        #expect(try shop.store.remove(name: "a", tag: "q4") == trial)
        #expect(try shop.store.models() == [other] && !shop.exists("models/a") && !shop.exists("manifests/a"))
        #expect(try shop.store.leftovers().filter { $0.kind == .orphan }.isEmpty)
        #expect(try StoreInvariants(home: shop.home, complete: [other.key: [other.digest]]).violations() == [])
        #expect { try shop.store.remove(name: "a", tag: "q4") } throws: { ($0 as? Failure)?.code == .unknownModel }
    }

    @Test("A3 I4 whatever stands where a store keeps things, nothing outside is removed") func links() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights"), ("deep/c.json", "{}")])
        let canaries = try ["blob", "models", "tag", "deep"].map { try Shop.canary($0) }
        let guardian = StoreInvariants(home: shop.home, watching: TemporaryFolder.path)
        func swap(_ path: String, for target: String) throws {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        }
        try swap(model.files[0].place, for: canaries[0] + "/file")
        try swap(shop.home + "/models/a/q4/deep", for: canaries[3])
        _ = try shop.store.remove(name: "a", tag: "q4")
        #expect(canaries.allSatisfy(Shop.isAlive))
        try shop.publish("a", [("w", "weights")])
        try swap(shop.home + "/models/a/q4", for: canaries[2])
        _ = try shop.store.remove(name: "a", tag: "q4")
        try shop.publish("a", [("w", "weights")])
        try swap(shop.home + "/models/a", for: canaries[1])
        #expect(throws: Failure.self) { try shop.store.remove(name: "a", tag: "q4") }
        #expect(canaries.allSatisfy(Shop.isAlive))
        #expect(try guardian.violations().filter { $0.hasPrefix("I4") } == [])
    }

    @Test("A3 names of manifests and rows never lead a removal outside") func names() throws {
        let shop = try Shop()
        let canary = try Shop.canary()
        try shop.publish("a", [("w", "weights")])
        try vandalise(
            shop.home, "UPDATE model SET name = '../../canary', tag = 'file'; UPDATE model_file SET name = '../../canary', tag = 'file'")
        _ = try shop.store.remove(name: "../../canary", tag: "file")
        #expect(try Shop.isAlive(canary) && shop.store.everything().broken.isEmpty)
    }

    @Test("DL-59 what is leased is not removed, and who has it is said") func leased() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        var lease = try shop.store.lease(model, purpose: "running")
        #expect(lease != nil)
        #expect { try shop.store.remove(name: "a", tag: "q4") } throws: {
            ($0 as? Failure)?.code == .inUse && ($0 as? Failure)?.message.contains("running") == true
        }
        #expect(try shop.store.models() == [model])
        withExtendedLifetime(lease) {}
        lease = nil
        _ = try shop.store.remove(name: "a", tag: "q4")
        #expect(try shop.store.lease(model, purpose: "running") == nil)
    }

    @Test("DL-59 a lease and a removal at once: whoever has the lease has the bytes", .timeLimit(.minutes(2))) func race() async throws {
        let shop = try Shop()
        let other = try ModelStore(home: shop.home)
        let (leases, removals) = (Counter(), Counter())
        for round in 0..<150 {
            let model = try shop.publish("a", [("w", "weights \(round % 3)"), ("c.json", "{}")])
            // Neither looks until both are done, so that whatever the removal took is seen to be gone.
            async let early = round % 2 == 0 ? nil : Self.remove(from: shop.store)
            async let held = Self.lease(model, in: other)
            async let late = round % 2 == 0 ? Self.remove(from: shop.store) : nil
            let (first, lease, second) = try await (early, held, late)
            let isGone = first ?? second ?? false
            let areHere = model.files.map { FileManager.default.fileExists(atPath: $0.place) }
            if let lease {
                leases.enter()
                #expect(!isGone && areHere == [true, true], "round \(round): leased")
                withExtendedLifetime(lease) {}
            } else {
                #expect(isGone, "round \(round): neither leased nor removed")
            }
            if isGone { removals.enter() }
            #expect(areHere == [!isGone, !isGone], "round \(round)")
        }
        // Chance alone may let one of the two always win: then each is first once.
        let model = try shop.publish("a", [("w", "weights"), ("c.json", "{}")])
        let lease = try Self.lease(model, in: other)
        #expect(try lease != nil && !Self.remove(from: shop.store))
        for file in model.files { #expect(FileManager.default.fileExists(atPath: file.place)) }
        withExtendedLifetime(lease) {}
        print("DL-59: \(leases.total) leases and \(removals.total) removals came first")
    }

    private static func lease(_ model: InstalledModel, in store: ModelStore) throws -> Lease? { try store.lease(model, purpose: "running") }

    /// - Returns: whether it was; otherwise somebody has it.
    private static func remove(from store: ModelStore) throws -> Bool {
        do {
            _ = try store.remove(name: "a", tag: "q4")
            return true
        } catch let failure as Failure where failure.code == .inUse { return false }
    }

    @Test("DL-57 where locks do nothing the row of a lease decides, for as long as its process lives") func noLocks() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        let calls = LockCalls { _, _ in 0 }
        func isFree() throws -> Bool { try shop.isFree(model.digest, calls) }
        #expect(try isFree())
        let lease = try shop.store.lease(model, purpose: "running")
        #expect(try !isFree())
        withExtendedLifetime(lease) {}
        // A process of the same number that is not the same process holds nothing.
        for owner in [
            ProcessIdentity(pid: getpid(), start: 1, boot: ProcessIdentity.own.boot, host: ProcessIdentity.own.host),
            ProcessIdentity(pid: getpid(), start: ProcessIdentity.own.start, boot: "another", host: ProcessIdentity.own.host),
        ] {
            let json = try String(decoding: JSONEncoder().encode(owner), as: UTF8.self)
            try vandalise(
                shop.home, "DELETE FROM lease; INSERT INTO lease VALUES ('1', '\(model.digest.hex)', 'a:q4', 'running', '\(json)', 1)")
            #expect(try isFree())
        }
        // On another machine nobody here can tell: it counts as alive.
        let far = ProcessIdentity(pid: 1, start: 1, boot: "b", host: "far away")
        let json = try String(decoding: JSONEncoder().encode(far), as: UTF8.self)
        try vandalise(
            shop.home, "DELETE FROM lease; INSERT INTO lease VALUES ('1', '\(model.digest.hex)', 'a:q4', 'running', '\(json)', 1)")
        #expect(try !isFree())
    }

    @Test func keptFilesAreFoundAgainByAFetch() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        let removal = try shop.store.remove(name: "a", tag: "q4", isKeepingFiles: true)
        #expect(try removal.frees == 0 && shop.store.everything().models.isEmpty)
        #expect(try shop.store.orphan(model.digest) == model.path)
        #expect(try shop.store.leftovers().filter { $0.kind == .orphan }.count == 1)
    }
}

@Suite(.temporaryFolder) struct LeftoverTests {
    private func kinds(_ store: ModelStore) throws -> [String] {
        try store.leftovers().map(\.kind.rawValue).filter { $0 != "lock" }.sorted()
    }

    @Test("DL-54 a blob between rename and row is adopted by the next fetch, or collected") func orphan() throws {
        let shop = try Shop()
        let digest = FileHash.digest(ofText: "weights")
        let folder = (shop.store.layout.blob(digest) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("weights".utf8).write(to: URL(filePath: shop.store.layout.blob(digest)))
        let found = try #require(try shop.store.leftovers().first)
        #expect(found.kind == .orphan && found.bytes > 0)
        let path = try #require(try shop.store.orphan(digest))
        let file = try ProvenFile(path: SafePath(untrusted: "w"), role: .weights, digest: digest, content: .fresh(path))
        let model = try shop.store.publish(files: [file], as: shop.label("a"), at: Date())
        _ = try shop.store.collect(found)
        #expect(model.state == .sound && FileManager.default.fileExists(atPath: path), "what is needed by now stays")
        #expect(try shop.store.models().count == 1 && StoreInvariants.check(home: shop.home) == [])
        _ = try shop.store.remove(name: "a", tag: "q4", isKeepingFiles: true)
        #expect(try shop.store.collect(#require(try shop.store.leftovers().first { $0.kind == .orphan })))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("DL-64 an active transfer is no leftover, however old the clock makes it") func activePartial() throws {
        let shop = try Shop()
        let key = FileHash.digest(ofText: "transfer")
        var partial: PartialFile? = try PartialFile(
            key: key, name: "model.gguf", model: "a:q4", size: 100, layout: shop.store.layout, inventory: shop.store.inventory)
        withExtendedLifetime(partial) {}
        partial = nil
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, shop.store.layout.partial(key), &times, 0) == 0)
        var lock = try FileLock.attempt("\(shop.store.layout.run)/\(key.hex).lock")
        let seenBefore = Leftover(
            kind: .partial, name: "", bytes: 0, modified: .distantPast, target: .transfer(key, names: [key.hex]))
        #expect(try kinds(shop.store).isEmpty)
        #expect(try !shop.store.collect(seenBefore) && FileManager.default.fileExists(atPath: shop.store.layout.partial(key)))
        withExtendedLifetime(lock) {}
        lock = nil
        let found = try #require(try shop.store.leftovers().first { $0.kind == .partial })
        #expect(found.name == "model.gguf, for a:q4" && found.modified == Date(timeIntervalSince1970: 1))
        #expect(try shop.store.collect(found) && kinds(shop.store).isEmpty && shop.store.unfinished().isEmpty)
    }

    @Test("I8 a replaced version can be pruned, and what the new one shares with it stays") func superseded() throws {
        let shop = try Shop()
        let old = try shop.publish("a", [("w", "one"), ("c.json", "same")], at: 1)
        let new = try shop.publish("a", [("w", "two"), ("c.json", "same")], at: 2)
        #expect(try kinds(shop.store) == ["superseded"])
        let found = try #require(try shop.store.leftovers().first { $0.kind == .superseded })
        #expect(found.bytes == 3 && found.name == "a:q4 at r1")
        #expect(try shop.store.collect(found) && kinds(shop.store).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: old.files[0].place))
        #expect(try StoreInvariants(home: shop.home, complete: [new.key: new.files.map(\.digest)]).violations() == [])
    }

    @Test func whatDeadProcessesLeftIsFoundAndWhatLivingOnesMakeIsNot() throws {
        let shop = try Shop()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        for pid in [process.processIdentifier, getpid()] {
            try Data("x".utf8).write(to: URL(filePath: "\(shop.home)/partial/adopt-\(pid).4000000000"))
            try FileManager.default.createDirectory(
                atPath: "\(shop.home)/models/m/.staging-q4.\(pid).4000000000/deep", withIntermediateDirectories: true)
        }
        let found = try shop.store.leftovers().filter { $0.kind == .staging }
        #expect(found.count == 2 && found.allSatisfy { $0.name.contains("\(process.processIdentifier)") })
        for one in found { #expect(try shop.store.collect(one)) }
        #expect(shop.exists("partial/adopt-\(getpid()).4000000000") && shop.exists("models/m/.staging-q4.\(getpid()).4000000000/deep"))
    }

    @Test("DL-59 a blob that somebody leases is not collected") func leasedOrphan() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights")])
        let lease = try #require(try shop.store.lease(model, purpose: "exporting"))
        try vandalise(shop.home, "DELETE FROM model_file; DELETE FROM model")
        let found = try #require(try shop.store.leftovers().first { $0.kind == .orphan })
        #expect(try !shop.store.collect(found) && FileManager.default.fileExists(atPath: model.path))
        withExtendedLifetime(lease) {}
    }
}
