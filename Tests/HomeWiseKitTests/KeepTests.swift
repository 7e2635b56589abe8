// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// Verifying, repairing, removing and tidying, through the house.
@Suite(.temporaryFolder) struct KeepTests {
    static let bytes = noise(500_000, seed: 11)

    private func world(_ url: String = "http://127.0.0.1:1", isKnown: Bool = true) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        let digest = isKnown ? #""sha256": "\#(PullTests.sha256(Self.bytes))","# : ""
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "aliases": ["little"], "variants": [{"quantization": "Q4", "size": 500000, \#(digest) "sources": ["\#(url)/tiny.gguf"]}]}]}"#
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin"], patience: patience, registry: Data(registry.utf8))
    }

    private func publish(_ name: String, _ text: String, source: String = "https://127.0.0.1:1/x") throws -> InstalledModel {
        let store = try ModelStore(home: world().home)
        let path = store.layout.partial + "/fresh"
        try Data(text.utf8).write(to: URL(filePath: path))
        let file = try ProvenFile(
            path: SafePath(untrusted: "w.gguf"), role: .weights, digest: FileHash.digest(of: path), content: .fresh(path))
        let label = try ModelLabel(name: SafePath(untrusted: name), tag: SafePath(untrusted: "q4"), source: source, format: .gguf)
        return try store.publish(files: [file], as: label, at: Date())
    }

    private func rot(_ path: String) throws {
        chmod(path, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.write(contentsOf: Data([0]))
        try file.close()
    }

    @Test("DL-50 verify names what is damaged, and --repair fetches that and nothing else") func repair() async throws {
        let server = try await LoopbackServer.start { .file(Self.bytes, for: $0) }
        let world = world(server.url)
        try await HomeWise.open(world) { house in
            let store = house.store
            let path = store.layout.partial + "/fresh"
            try Data(Self.bytes).write(to: URL(filePath: path))
            let digest = try FileHash.digest(of: path)
            let model = try store.publish(
                path, digest: digest, name: SafePath(untrusted: "tiny"), tag: SafePath(untrusted: "q4"),
                file: SafePath(untrusted: "tiny.gguf"), source: server.url + "/tiny.gguf", at: Date(timeIntervalSince1970: 1))
            _ = try publish("other", "sound", source: "nonsense")
            #expect(try await house.verify(report: { _ in }).allSatisfy { $0.state == .sound } && server.requests.isEmpty)
            try rot(model.path)
            let found = try await house.verify(["little"], report: { _ in })
            #expect(found.map(\.state) == [.damaged] && found[0].models == ["tiny:q4"] && found[0].file == "tiny.gguf")
            #expect(try house.listing().map(\.state).sorted { $0.rawValue < $1.rawValue } == [.damaged, .sound])
            let mended = try await house.verify(["tiny:q4"], isRepairing: true, report: { _ in })
            #expect(mended.map(\.state) == [.sound] && mended[0].wasRepaired)
            #expect(FileManager.default.contents(atPath: model.path) == Data(Self.bytes))
            #expect(try await house.verify(report: { _ in }).allSatisfy { $0.state == .sound })
        }
        #expect(try StoreInvariants.check(home: world.home) == [])
        try await server.stop()
    }

    @Test("I1 a source that serves other bytes repairs nothing, and the file stays marked") func wrongRepair() async throws {
        let server = try await LoopbackServer.start { .file(noise(500_000, seed: 12), for: $0) }
        let world = world(server.url)
        let path = try publish("tiny", "sound", source: server.url + "/tiny.gguf").path
        try rot(path)
        let found = try await HomeWise.open(world) { try await $0.verify(isRepairing: true, report: { _ in }) }
        #expect(found.map(\.state) == [.damaged] && !found[0].wasRepaired)
        #expect(try await HomeWise.open(world) { try $0.listing().map(\.state) } == [.damaged])
        #expect(try StoreInvariants.check(home: world.home) == [])
        try await server.stop()
    }

    @Test func modelsThatTheRegistryDoesNotKnowAreKeptToo() async throws {
        _ = try publish("imported", "x")
        try await HomeWise.open(world()) { house in
            #expect(try await house.verify(["IMPORTED"], report: { _ in }).map(\.state) == [.sound])
            #expect(try house.removal(of: ["imported:q4", "imported"]).map(\.frees) == [ByteCount(1)])
            #expect { try house.removal(of: ["tiny"]) } throws: {
                ($0 as? Failure)?.code == .unknownModel && ($0 as? Failure)?.remedy.contains("imported:q4") == true
            }
            _ = try house.remove(house.removal(of: ["imported"]))
            #expect(try house.listing().isEmpty)
        }
    }

    @Test("a scrub proves the longest unproven and leaves what was proven lately alone") func scrub() async throws {
        let model = try publish("tiny", "sound")
        try await HomeWise.open(world()) { house in
            #expect(try await house.scrub().checked == 0)
            try rot(model.path)
            let outcome = try await house.scrub(olderThan: -1)
            #expect(outcome.checked == 1 && outcome.damaged.map(\.digest) == [model.digest] && outcome.bytes == ByteCount(5))
            #expect(try house.listing().map(\.state) == [.damaged])
        }
    }

    @Test("a scrub goes on where the last one stopped, also in the middle of a file, and finds what is wrong before and behind")
    func scrubResumes()
        async throws
    {
        let bytes = String(repeating: "0123456789abcdef", count: 5 << 16)
        let model = try publish("big", bytes)
        try await HomeWise.open(world()) { house in
            let store = house.store
            var positions: [Int64] = []
            for round in 1...2 {
                #expect(
                    try store.scrub(model.digest, at: Date()) { position in
                        positions.append(position)
                        return positions.count < 2 * round
                    } == nil)
            }
            #expect(positions == [1, 2, 3, 4].map { $0 << 20 }, "nothing is read twice")
            #expect(try store.scrub(model.digest, at: Date()) { _ in true } == .sound)
            #expect(try store.inventory.note(.scrub, key: model.digest.hex, as: HashState.self) == nil)
            // What rots behind the place where it stopped is found by this round, what rots before it by the next.
            for offset in [UInt64(4 << 20), 100] {
                #expect(try store.scrub(model.digest, at: Date()) { $0 < 2 << 20 } == nil)
                try Self.flip(model.path, at: offset)
                if offset < 2 << 20 { #expect(try store.scrub(model.digest, at: Date()) { _ in true } == .sound) }
                #expect(try store.scrub(model.digest, at: Date()) { _ in true } == .damaged)
                #expect(try house.listing().map(\.state) == [.damaged])
                try Self.flip(model.path, at: offset)
                #expect(try store.verify(model.digest, at: Date()) == .sound)
            }
        }
    }

    @Test("a scrub stops when its time is over or its task ends, says what is left, and keeps to its rate") func scrubEnds() async throws {
        _ = try publish("a", String(repeating: "a", count: 3 << 20))
        _ = try publish("b", String(repeating: "b", count: 3 << 20))
        try await HomeWise.open(world()) { house in
            let none = try await house.scrub(olderThan: -1, for: 0)
            #expect(none.checked == 0 && none.remaining == 2 && none.bytes.bytes == 1 << 20 && none.remainingBytes.bytes == 5 << 20)
            let begin = ContinuousClock.now
            let some = try await house.scrub(olderThan: -1, rate: ByteCount(4 << 20), for: 0.6)
            #expect(some.remaining > 0 && some.bytes.bytes <= 5 << 20 && ContinuousClock.now - begin < .seconds(5))
            let task = Task { try await house.scrub(olderThan: -1, rate: ByteCount(1 << 20)) }
            try await Task.sleep(for: .milliseconds(300))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let all = try await house.scrub(olderThan: -1)
            #expect(all.remaining == 0 && all.damaged.isEmpty && all.checked > 0)
            #expect(try await house.scrub().checked == 0)
        }
    }

    @Test("a second look at what is wrong keeps the pace: it can be stopped, cancelled and gone on with") func scrubAgain() async throws {
        let model = try publish("big", String(repeating: "0123456789abcdef", count: 5 << 16))
        try await HomeWise.open(world()) { house in
            let store = house.store
            try Self.flip(model.path, at: 100)
            var positions: [Int64] = []
            // The first look ends with the fifth MiB; what is told behind that is of the second.
            func look(_ count: Int) throws -> FileState? {
                let end = positions.count + count
                return try store.scrub(model.digest, at: Date()) { position in
                    positions.append(position)
                    return positions.count < end
                }
            }
            #expect(try look(6) == nil && look(2) == nil)
            #expect(positions == [1, 2, 3, 4, 0, 1, 2, 3].map { $0 << 20 }, "nothing is read a third time")
            #expect(throws: CancellationError.self) { try store.scrub(model.digest, at: Date()) { _ in throw CancellationError() } }
            #expect(try house.listing().map(\.state) == [.sound], "it is not called damaged before it was read twice")
            #expect(try look(9) == .damaged)
            #expect(try house.listing().map(\.state) == [.damaged])
        }
    }

    @Test("a file that was adopted is read at the same pace, and another place with the right bytes is enough") func scrubPlaces()
        async throws
    {
        let bytes = Data(String(repeating: "0123456789abcdef", count: 2 << 16).utf8)
        try await HomeWise.open(world()) { house in
            let store = house.store
            var digest: Digest?
            for (index, name) in ["x", "y"].enumerated() {
                let path = "\(TemporaryFolder.path)/\(name)"
                try bytes.write(to: URL(filePath: path))
                let label = try ModelLabel(name: SafePath(untrusted: name), tag: SafePath(untrusted: "q4"), source: "file:x", format: .gguf)
                let file = try ForeignFile(path: SafePath(untrusted: "w"), place: path)
                let model = try store.adopt(files: [file], how: .reference, as: label, at: Date(timeIntervalSince1970: Double(index)))
                digest = model.digest
            }
            try Self.flip("\(TemporaryFolder.path)/x", at: 100)
            var positions: [Int64] = []
            #expect(
                try store.scrub(#require(digest), at: Date()) {
                    positions.append($0); return true
                } == .sound)
            #expect(positions == [1, 0, 1, 0, 1].map { $0 << 20 })
            try Self.flip("\(TemporaryFolder.path)/y", at: 100)
            #expect(try store.scrub(#require(digest), at: Date()) { _ in true } == .damaged)
        }
    }

    @Test("what is known to be damaged comes last in a scrub, and is told without being read again") func scrubDamagedLast() async throws {
        let bad = try publish("a", "damaged")
        let good = try publish("b", "sound")
        try await HomeWise.open(world()) { house in
            try rot(bad.path)
            #expect(try await house.scrub(olderThan: -1).damaged.map(\.digest) == [bad.digest])
            #expect(try house.store.proofs().map(\.digest) == [good.digest, bad.digest])
            let again = try await house.scrub()
            #expect(again.checked == 0 && again.bytes.bytes == 0 && again.damaged.map(\.state) == [.damaged])
            let all = try await house.scrub(olderThan: -1)
            #expect(all.checked == 2 && all.damaged.count == 1)
        }
    }

    @Test("a scrub leaves nothing of what it read in memory") func scrubForgets() async throws {
        let model = try publish("big", String(repeating: "0123456789abcdef", count: 8 << 16))
        try await HomeWise.open(world()) { house in
            let before = try Self.residentPages(of: model.path) { posix_fadvise($0, 0, 0, POSIX_FADV_DONTNEED) }
            #expect(try await house.scrub(olderThan: -1, rate: ByteCount(1 << 40)).checked == 1)
            let after = try Self.residentPages(of: model.path) { _ in 0 }
            #expect(after <= before + 64, "of 2048 pages \(before) were in memory before it, and \(after) after it")
        }
    }

    private static func residentPages(of path: String, _ prepare: (Int32) -> Int32) throws -> Int {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        // What is not on the disk yet cannot be dropped.
        fsync(descriptor)
        _ = prepare(descriptor)
        let size = 8 << 20
        let mapped = try #require(mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0))
        defer { munmap(mapped, size) }
        var pages = [UInt8](repeating: 0, count: size / 4096)
        #expect(mincore(mapped, size, &pages) == 0)
        return pages.count { $0 & 1 == 1 }
    }

    private static func flip(_ path: String, at offset: UInt64) throws {
        chmod(path, 0o644)
        var status = stat()
        stat(path, &status)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: offset)
        let byte = try file.read(upToCount: 1)?.first ?? 0
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
        // As bit rot does it: without a trace in size or time.
        var times = [status.st_atim, status.st_mtim]
        utimensat(AT_FDCWD, path, &times, 0)
    }

    @Test func aPaceIsKept() {
        var pace = Pace(rate: 100)
        #expect(pace.wait(after: 0, at: 10) == 0 && pace.wait(after: 10, at: 10) == 0.1 && pace.wait(after: 10, at: 10.1) < 0.001)
        #expect(pace.wait(after: 10_000, at: 11) == 0.5, "an interruption is heard within half a second")
    }

    @Test("DL-64 what is pruned by age goes by the clock, what is active by its lock") func pruneByAge() async throws {
        var world = world()
        let model = try publish("tiny", "sound")
        let store = try ModelStore(home: world.home)
        _ = try store.remove(name: "tiny", tag: "q4", isKeepingFiles: true)
        let lock = try FileLock.attempt("\(store.layout.run)/\(model.digest.hex).lock")
        world.now = { Date() + 10 * 365 * 86_400 }
        try await HomeWise.open(world) { house in
            let old = try house.prunable(olderThan: 30 * 86_400).filter { $0.kind != "lock" }
            #expect(old.map(\.kind) == ["orphan"])
        }
        world.now = { Date() - 10 * 365 * 86_400 }
        try await HomeWise.open(world) { house in
            #expect(try house.prunable(olderThan: 30 * 86_400).isEmpty)
            let outcome = try house.prune(house.prunable())
            #expect(outcome.removed.contains { $0.kind == "orphan" } && outcome.failures.isEmpty)
            #expect(try house.prunable().filter { $0.kind != "lock" }.isEmpty)
        }
        withExtendedLifetime(lock) {}
    }

    @Test func whereTheSpaceWentIsToldWithoutCountingTwice() async throws {
        _ = try publish("a", String(repeating: "x", count: 8192))
        _ = try publish("b", String(repeating: "x", count: 8192))
        let use = try await HomeWise.open(world()) { try $0.diskUse() }
        #expect(use.blobs == ByteCount(8192) && use.files == 1 && use.saved == ByteCount(8192) && use.orphans == ByteCount(0))
        #expect(use.free != nil && use.other.bytes > 0 && use.partials == ByteCount(0))
    }
}
