// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct VerifyTests {
    @Test("DL-50 I1 a bit that rots is found and its model marked; the right bytes make it sound again") func rot() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w", "weights"), ("c.json", "{}")])
        let other = try shop.publish("b", [("w", "weights")])
        try shop.rot(model.files[0].place)
        #expect(try shop.store.models().count == 2, "a cheap look sees nothing")
        #expect(try shop.store.verify(model.digest, at: Date()) == .damaged)
        #expect(try shop.store.models().isEmpty && shop.store.everything().models.allSatisfy { $0.state == .damaged })
        #expect(try StoreInvariants.check(home: shop.home) == [], "what is marked is no violation")
        guard case .fresh(let path) = try shop.fresh("weights", as: "w").content else { return }
        try shop.store.replace(model.digest, with: path, at: Date())
        #expect(try shop.store.models().count == 2 && shop.text("models/b/q4/w") == "weights" && shop.text("models/a/q4/w") == "weights")
        #expect(try StoreInvariants(home: shop.home, complete: [other.key: [other.digest]]).violations() == [])
    }

    @Test("I1 a scrub finds every one of 200 flipped bits, and nothing else") func everyBit() throws {
        let shop = try Shop()
        let bytes = noise(4096, seed: 3)
        let path = "\(shop.home)/partial/x"
        try Data(bytes).write(to: URL(filePath: path))
        let digest = try FileHash.digest(of: path)
        let model = try shop.store.publish(
            files: [ProvenFile(path: SafePath(untrusted: "w"), role: .weights, digest: digest, content: .fresh(path))],
            as: shop.label("a"), at: Date())
        chmod(model.path, 0o644)
        for number in 0..<200 {
            var bad = bytes
            bad[number * 20] ^= 1 << (number % 8)
            try Data(bad).write(to: URL(filePath: model.path))
            #expect(try shop.store.verify(digest, at: Date()) == .damaged, "\(number)")
        }
        try Data(bytes).write(to: URL(filePath: model.path))
        #expect(try shop.store.verify(digest, at: Date()) == .sound && shop.store.models().count == 1)
    }

    @Test func namesAreShownAgainAndTheManifestIsWrittenAgain() throws {
        let shop = try Shop()
        let model = try shop.publish("a", [("w-1", "one"), ("w-2", "two")])
        #expect(try !shop.store.mendNames(of: model))
        try FileManager.default.removeItem(atPath: shop.home + "/models/a/q4/w-2")
        try FileManager.default.removeItem(atPath: shop.home + "/manifests/a/q4.json")
        #expect(try shop.store.mendNames(of: #require(try shop.store.models().first)))
        #expect(shop.text("models/a/q4/w-2") == "two" && shop.exists("manifests/a/q4.json"))
        #expect(try shop.store.models() == [model])
    }

    @Test("the longest unproven come first, so that an interrupted round goes on where it was") func order() throws {
        let shop = try Shop()
        let old = try shop.publish("a", [("w", "one")], at: 100)
        let new = try shop.publish("b", [("w", "two")], at: 200)
        #expect(try shop.store.proofs().map(\.digest) == [old.digest, new.digest])
        _ = try shop.store.verify(old.digest, at: Date(timeIntervalSince1970: 300))
        #expect(try shop.store.proofs().map(\.digest) == [new.digest, old.digest])
    }

    @Test func aBackgroundThreadIsNicerAndEndsWhenItsTaskDoes() async throws {
        let nice = try await BackgroundThread.run { _ in getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
        #expect(nice == 19 && getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) < 19)
        #if os(Linux)
            // ioprio_get(2) of the calling thread; class 3 is idle.
            let priority = try await BackgroundThread.run { _ in
                typealias Call = @convention(c) (Int, Int, Int) -> Int
                #if arch(x86_64)
                    let number = 252
                #else
                    let number = 31
                #endif
                return dlsym(nil, "syscall").map { unsafeBitCast($0, to: Call.self)(number, 1, 0) } ?? -1
            }
            #expect(priority >> 13 == 3)
        #endif
        let task = Task { try await BackgroundThread.run { checkpoint in while true { try checkpoint() } } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite(.temporaryFolder) struct LockTests {
    private var path: String { TemporaryFolder.path + "/x.lock" }
    private static let none = LockCalls { _, _ in
        errno = ENOSYS
        return -1
    }
    private static let pretending = LockCalls { _, _ in 0 }

    @Test("DL-57 DL-58 a lock has one holder at a time on disks whose locks do nothing or are missing", arguments: [true, false])
    func oneHolder(_ isPretending: Bool) throws {
        let calls = isPretending ? Self.pretending : Self.none
        var first = try FileLock.attempt(path, calls: calls)
        #expect(first != nil)
        #expect(try FileLock.attempt(path, calls: calls) == nil)
        withExtendedLifetime(first) {}
        first = nil
        first = try FileLock.attempt(path, calls: calls)
        #expect(first != nil)
        first = nil
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path) == ["x.lock"])
    }

    @Test("DL-58 a holder that was killed, and whose number another process has by now, holds nothing") func stale() throws {
        for owner in [
            ProcessIdentity(pid: getpid(), start: 1, boot: ProcessIdentity.own.boot, host: ProcessIdentity.own.host),
            ProcessIdentity(pid: getpid(), start: ProcessIdentity.own.start, boot: "before", host: ProcessIdentity.own.host),
        ] {
            try JSONEncoder().encode(owner).write(to: URL(filePath: path + ".owner"))
            let lock = try FileLock.attempt(path, calls: Self.none)
            #expect(lock != nil)
            withExtendedLifetime(lock) {}
        }
        let far = ProcessIdentity(pid: 1, start: 1, boot: "b", host: "far away")
        try JSONEncoder().encode(far).write(to: URL(filePath: path + ".owner"))
        #expect(try FileLock.attempt(path, calls: Self.none) == nil, "nobody here can tell whether it runs")
    }

    @Test("DL-57 many threads, no locks, one holder at a time") func crowd() async throws {
        let path = path
        let inside = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        guard let lock = try? FileLock.attempt(path, calls: Self.pretending) else { continue }
                        #expect(inside.enter() == 1)
                        inside.leave()
                        withExtendedLifetime(lock) {}
                    }
                }
            }
        }
        #expect(inside.total > 0)
    }

    @Test("DL-57 a disk without working locks is told of") func warning() {
        #expect(LockCalls.system.warning(in: TemporaryFolder.path) == nil)
        #expect(Self.pretending.warning(in: TemporaryFolder.path)?.contains("one machine at a time") == true)
        #expect(Self.none.warning(in: TemporaryFolder.path) != nil)
    }

    @Test func aLockWhoseFileWasRemovedIsNotMistakenForTheNextOne() throws {
        var first = try FileLock.attempt(path)
        unlink(path)
        let second = try FileLock.attempt(path)
        #expect(first != nil && second != nil)
        first = nil
        #expect(try FileLock.attempt(path) == nil)
        withExtendedLifetime(second) {}
    }
}

@Suite(.temporaryFolder) struct FullDiskTests {
    @Test("DL-45 I7 a disk that is full inside SQLite costs the new model alone, and what is here is read and run") func fullInventory()
        throws
    {
        let shop = try Shop()
        let old = try shop.publish("a", [("w", "weights")])
        let newer = try shop.fresh("newer", as: "w")
        try fillUp(shop.store.inventory)
        let manifest = shop.text("manifests/a/q4.json")
        #expect {
            try shop.store.publish(
                files: [newer],
                as: ModelLabel(
                    name: SafePath(untrusted: "a"), tag: SafePath(untrusted: "q4"), source: String(repeating: "long", count: 50_000)),
                at: Date())
        } throws: { ($0 as? Failure)?.code == .diskFull }
        #expect(try shop.store.models() == [old] && shop.text("models/a/q4/w") == "weights" && shop.text("manifests/a/q4.json") == manifest)
        let lease = try shop.store.lease(old, purpose: String(repeating: "long", count: 50_000))
        #expect(lease != nil, "a full disk keeps nobody from running what is here")
        #expect { try shop.store.remove(name: "a", tag: "q4") } throws: { ($0 as? Failure)?.code == .inUse }
        withExtendedLifetime(lease) {}
        #expect(try StoreInvariants(home: shop.home, complete: [old.key: [old.digest]]).violations() == [])
    }
}
