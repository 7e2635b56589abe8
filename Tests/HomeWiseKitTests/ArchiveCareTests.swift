// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// What unpacking must not do: lose a person's archive, bring what was removed, or fetch what is here.
@Suite(.temporaryFolder) struct ArchiveCareTests {
    private static let quiet: Report = { _ in }
    private static let nice = soundModel(200_000, seed: 1)
    private static let other = soundModel(210_000, seed: 2)

    private func world(isKeeping: Bool = false) -> World {
        var patience = RetryPolicy()
        (patience.firstDelay, patience.attempts) = (.milliseconds(5), 2)
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        var world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": []}"#.utf8))
        world.keepCompressed = isKeeping
        return world
    }

    /// `person/m.zip` with two models, and what else is wanted.
    private func archive(_ more: [String: [UInt8]] = [:]) throws -> String {
        let folder = TemporaryFolder.path + "/person"
        try FileManager.default.createDirectory(atPath: folder + "/in", withIntermediateDirectories: true)
        for (name, bytes) in more.merging(["Nice-Q4_0.gguf": Self.nice, "Other-Q4_0.gguf": Self.other], uniquingKeysWith: { $1 }) {
            try Data(bytes).write(to: URL(filePath: "\(folder)/in/\(name)"))
        }
        _ = try #require(
            try Shell.run(
                "cd '\(folder)' && python3 -c \"import shutil; shutil.make_archive('m', 'zip', 'in')\" && rm -r in"))
        return folder + "/m.zip"
    }

    private func serve(_ path: String, before: @escaping @Sendable (LoopbackServer.Request) async -> Void = { _ in }) async throws
        -> LoopbackServer
    {
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
        return try await LoopbackServer.start { request in
            guard request.path == "/m.zip" else { return LoopbackServer.Reply(404) }
            await before(request)
            return .file(bytes, for: request)
        }
    }

    private static func rot(_ path: String) throws {
        chmod(path, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.write(contentsOf: Data([0xFF]))
        try file.close()
    }

    // MARK: A person's archive

    @Test("a move leaves an archive in which there is more than models", arguments: [true, false]) func moveWithMore(_ isBroken: Bool)
        async throws
    {
        let path = try archive(isBroken ? ["Bad.gguf.part1of3": noise(1000)] : ["photo.jpg": noise(1000)])
        try await HomeWise.open(world()) { house in
            let notes = Mutex<[String]>([])
            let found = try house.importPacked(at: path, how: .move) { event in
                if case .note(let text) = event { notes.withLock { $0.append(text) } }
            }
            #expect(found.installed.count == 2 && FileManager.default.fileExists(atPath: path))
            #expect(notes.withLock { $0.contains { $0.hasPrefix(path + " is still where it was") } })
        }
    }

    @Test("a move takes away an archive of which all is in the store, and no other that came into its place", arguments: [true, false])
    func moveWhileReplaced(_ isReplaced: Bool) async throws {
        let path = try archive()
        try await HomeWise.open(world()) { house in
            let found = try house.importPacked(at: path, how: .move) { event in
                guard isReplaced, case .installed = event else { return }
                #expect(throws: Never.self) {
                    try Data("another".utf8).write(to: URL(filePath: path + ".new"))
                    _ = rename(path + ".new", path)
                }
            }
            #expect(found.installed.count == 2 && FileManager.default.fileExists(atPath: path) == isReplaced)
        }
    }

    @Test("a move leaves an image, of whose files only the models were taken") func moveOfImage() async throws {
        let folder = TemporaryFolder.path + "/person"
        try FileManager.default.createDirectory(atPath: folder + "/a", withIntermediateDirectories: true)
        try Data(Self.nice).write(to: URL(filePath: folder + "/Nice-Q4_0.gguf"))
        try Data(#"[{"Config": "c.json", "Layers": ["a/layer.tar"]}]"#.utf8).write(to: URL(filePath: folder + "/manifest.json"))
        _ = try #require(
            try Shell.run(
                "cd '\(folder)' && tar --format=ustar -cf a/layer.tar Nice-Q4_0.gguf && tar --format=ustar -cf m.tar manifest.json a/layer.tar"
            ))
        try await HomeWise.open(world()) { house in
            let installed = try house.importPacked(at: folder + "/m.tar", how: .move).installed
            #expect(installed.map(\.name) == ["nice"])
            #expect(FileManager.default.fileExists(atPath: folder + "/m.tar"))
        }
    }

    // MARK: Models that came in archives

    @Test("a repair takes one file out of an archive, and brings back nothing that was removed", arguments: ["kept", "file", "web"])
    func repairAlone(_ way: String) async throws {
        let path = try archive()
        let server = try await serve(path)
        try await HomeWise.open(world(isKeeping: way == "kept")) { house in
            let source: SourceReference = way == "web" ? .web(server.url + "/m.zip") : .file(path)
            #expect(try await house.pullArchive(source, report: Self.quiet).count == 2)
            _ = try house.remove(house.removal(of: ["other"]))
            let model = try #require(try house.store.models().first)
            try Self.rot(model.files[0].place)
            let verdicts = try await house.verify(["nice"], isRepairing: true, report: Self.quiet)
            #expect(verdicts.allSatisfy { $0.state == .sound } && verdicts.contains { $0.wasRepaired })
            #expect(try house.store.models().map(\.name) == ["nice"])
            #expect(try [UInt8](Data(contentsOf: URL(filePath: model.files[0].place))) == Self.nice)
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
        }
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
        try await server.stop()
    }

    @Test("a model that came in an archive is had again by its name, alone, and an update asks nobody", arguments: ["file", "web"])
    func againByName(_ way: String) async throws {
        let path = try archive()
        let server = try await serve(path)
        try await HomeWise.open(world()) { house in
            let source: SourceReference = way == "web" ? .web(server.url + "/m.zip") : .file(path)
            _ = try await house.pullArchive(source, report: Self.quiet)
            let asked = server.requests.count
            #expect(try await house.checkUpdates(report: Self.quiet).map(\.state) == [.unpinned, .unpinned])
            #expect(server.requests.count == asked)
            _ = try house.remove(house.removal(of: ["nice", "other"]))
            let installed = try await house.obtain("nice", report: Self.quiet).installed
            #expect(FileManager.default.contents(atPath: installed.path) == Data(Self.nice))
            #expect(try house.store.models().map(\.name) == ["nice"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
        }
        try await server.stop()
    }

    @Test("two pulls of one archive fetch it once") func twice() async throws {
        let path = try archive()
        let asked = Mutex(0)
        let server = try await serve(path) { request in
            if request.range?.count == 1 { return asked.withLock { $0 += 1 } }
            // Both have asked for its size before the first byte comes.
            _ = await eventually(within: .seconds(5)) { asked.withLock { $0 >= 2 } }
            try? await Task.sleep(for: .milliseconds(50))
        }
        let source = SourceReference.web(server.url + "/m.zip")
        let size = try [UInt8](Data(contentsOf: URL(filePath: path))).count
        let world = world()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask { try await HomeWise.open(world) { try await $0.pullArchive(source, report: Self.quiet).count } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [2, 2] && server.asked == size, "\(server.asked) of \(size)")
        try await server.stop()
    }
}
