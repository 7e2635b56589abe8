// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// What an import must not do to what is here, whatever a bundle or a folder says of itself.
@Suite(.temporaryFolder) struct ImportCareTests {
    private func world(_ home: String = "home", registry: String = #"{"models": []}"#) -> World {
        World(
            home: "\(TemporaryFolder.path)/\(home)", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path + "/person"], registry: Data(registry.utf8))
    }

    private static func gguf(_ mark: String) -> [UInt8] {
        var draft = GGUFDraft()
        draft.metadata = [("general.architecture", .text("llama")), ("general.description", .text(mark))]
        return draft.header().bytes
    }

    @discardableResult private func place(_ path: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(filePath: "\(TemporaryFolder.path)/person/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    private func run(_ command: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "cd '\(TemporaryFolder.path)/person' && \(command)"]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command)")
    }

    /// A bundle of “tiny:q4_0”, made in a store of its own.
    private func bundle(_ mark: String) async throws -> String {
        let path = try place("bundle/tiny-Q4_0.gguf", Self.gguf(mark))
        let file = TemporaryFolder.path + "/tiny-\(mark).tar"
        try await HomeWise.open(world("maker-\(mark)")) { house in
            _ = try house.importModel(try #require(try house.findModels(at: path).models.first), how: .copy)
            _ = try house.exportModel("tiny", to: file)
        }
        return file
    }

    /// A bundle as a stranger may write it.
    private func stranger(_ name: String, _ bytes: [UInt8], format: String?) throws -> String {
        let digest = try FileHash.digest(of: place("model/\(name)", bytes))
        let says = format.map { "\"format\":\"\($0)\"," } ?? ""
        try place(
            "homewise-bundle.json",
            Array(
                #"{"schema":1,"name":"x","tag":"y",\#(says)"source":"hf:a/b","files":[{"path":"\#(name)","role":"weights","size":\#(bytes.count),"sha256":"\#(digest.hex)"}]}"#
                    .utf8))
        try run("tar --format=ustar -cf x.tar homewise-bundle.json 'model/\(name)'")
        return TemporaryFolder.path + "/person/x.tar"
    }

    @Test("a bundle takes no name of the registry, unless it is what the registry means") func registryNames() async throws {
        let file = try await bundle("a")
        let digest = try FileHash.digest(of: TemporaryFolder.path + "/person/bundle/tiny-Q4_0.gguf").hex
        func registry(_ digest: String) -> String {
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "variants": [{"quantization": "Q4_0", "size": 500, "sha256": "\#(digest)", "sources": ["https://127.0.0.1:1/tiny.gguf"]}]}]}"#
        }
        try await HomeWise.open(world("one", registry: registry(String(repeating: "a", count: 64)))) { house in
            let installed = try house.importBundle(at: file)
            #expect(installed.name == "tiny-folder")
        }
        try await HomeWise.open(world("two", registry: registry(digest))) { house in
            let installed = try house.importBundle(at: file)
            #expect(installed.name == "tiny")
        }
    }

    @Test("a bundle replaces no other model of its name") func heldNames() async throws {
        let (first, second) = try await (bundle("a"), bundle("b"))
        try await HomeWise.open(world()) { house in
            let one = try house.importBundle(at: first)
            let two = try house.importBundle(at: second)
            #expect(one.quantization == "q4_0" && two.quantization == "q4_0-2" && one.digest != two.digest)
            #expect(try house.importBundle(at: first).quantization == "q4_0" && house.importBundle(at: second).quantization == "q4_0-2")
            #expect(try house.store.models().count == 2 && house.store.olderVersions(name: "tiny", tag: "q4_0").isEmpty)
        }
    }

    @Test("a found model replaces no other of its name, and is known for here afterwards") func foundNames() async throws {
        let (one, two) = try (place("one/m-Q4_0.gguf", Self.gguf("1")), place("two/m-Q4_0.gguf", Self.gguf("22")))
        try await HomeWise.open(world()) { house in
            for (path, tag) in [(one, "q4_0"), (two, "q4_0-2")] {
                let found = try #require(try house.findModels(at: path).models.first)
                #expect(try house.importModel(found).quantization == tag)
                #expect(try house.isImported(found))
            }
            // What lies in the same place is a newer version.
            try place("one/m-Q4_0.gguf", Self.gguf("333"))
            let newer = try #require(try house.findModels(at: one).models.first)
            #expect(try house.importModel(newer).quantization == "q4_0" && house.store.models().count == 2)
        }
    }

    @Test("what a bundle says of its format is not believed", arguments: ["onnx", nil]) func formats(_ format: String?) async throws {
        var bad = Self.gguf("x")
        bad[8] = 0xFF
        for bytes in [bad, Array("<html>Log in</html>".utf8)] {
            let file = try stranger("w.bin", bytes, format: format)
            try await HomeWise.open(world()) { house in
                let failure = #expect(throws: Failure.self) { try house.importBundle(at: file) }
                #expect(failure?.code == .malformedModel)
                let partial = try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial)
                #expect(try house.store.models().isEmpty && partial.isEmpty)
            }
        }
        let file = try stranger("w.bin", Self.gguf("x"), format: format)
        try await HomeWise.open(world()) { house in
            _ = try house.importBundle(at: file)
            #expect(try house.store.models().map(\.format) == [.gguf])
        }
    }

    @Test("a pickle in a bundle is looked at, and what it would run is told") func pickles() async throws {
        let pickle =
            [0x80, 2] + Array("cos\nsystem\nX".utf8) + [4, 0, 0, 0] + Array("echo".utf8) + [0x85, UInt8(ascii: "R"), UInt8(ascii: ".")]
        let file = try stranger("w.bin", pickle, format: "gguf")
        let notes = Mutex<[String]>([])
        try await HomeWise.open(world()) { house in
            _ = try house.importBundle(at: file) { if case .note(let note) = $0 { notes.withLock { $0.append(note) } } }
            #expect(try house.store.models().map(\.format) == [.pytorch])
        }
        #expect(notes.withLock { $0.contains { $0.contains("UNSAFE") && $0.contains("system") } })
    }

    private func twoOfOneProjector() throws {
        for kind in ["Q4_0", "Q8_0"] { try place("m/See-\(kind).gguf", Self.gguf(kind)) }
        try place("m/mmproj-F16.gguf", Self.gguf("m"))
    }

    @Test("files that two models share are moved with the last of them") func sharedMove() async throws {
        try twoOfOneProjector()
        try await HomeWise.open(world()) { house in
            let found = try house.findModels(at: TemporaryFolder.path + "/person/m").models
            try #require(found.count == 2 && found.allSatisfy { $0.files.count == 2 })
            _ = try house.importModel(found[0], how: .move, before: [found[1]])
            #expect(FileManager.default.fileExists(atPath: found[0].files[1].place))
            _ = try house.importModel(found[1], how: .move)
            #expect(
                try house.store.models().count == 2
                    && FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/person/m").isEmpty)
        }
    }

    @Test("files that two models of an archive share are taken in once") func sharedArchive() async throws {
        try twoOfOneProjector()
        try run("tar -czf m.tgz m")
        try await HomeWise.open(world()) { house in
            let installed = try house.importPacked(at: TemporaryFolder.path + "/person/m.tgz").installed
            #expect(installed.count == 2)
            #expect(try house.store.models().allSatisfy { $0.files.count == 2 && $0.state == .sound })
        }
    }

    @Test("a move that leaves the original there is a note, and the model is known") func stays() async throws {
        let path = try place("a-Q4_0.gguf", Self.gguf("x"))
        let notes = Mutex<[String]>([])
        try await HomeWise.open(world()) { house in
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            var found = try #require(try house.findModels(at: path).models.first)
            // A name that nobody can remove.
            found.files[0].place = "/proc/self/fd/\(descriptor)"
            _ = try house.importModel(found, how: .move) { if case .note(let note) = $0 { notes.withLock { $0.append(note) } } }
            #expect(try house.registry.model(named: "a").model.id == "a" && house.store.models().count == 1)
        }
        #expect(notes.withLock { $0.contains { $0.contains("still where it was") } })
    }

    @Test("a model that is here and was not made known is made known by importing it again") func recognized() async throws {
        let path = try place("a-Q4_0.gguf", Self.gguf("x"))
        let world = world()
        try await HomeWise.open(world) { house in
            let found = try #require(try house.findModels(at: path).models.first)
            // As a run leaves it that is killed between the two.
            _ = try house.store.adopt(found, how: .reference, at: Date())
            #expect(throws: Failure.self) { try house.registry.model(named: "a") }
            #expect(try house.recognize(found) && house.registry.model(named: "a").model.id == "a")
        }
    }

    @Test("an export leaves a person's file of that name alone") func foreignPartial() async throws {
        let mine = TemporaryFolder.path + "/tiny-a.tar.partial"
        try Data("mine".utf8).write(to: URL(filePath: mine))
        let file = try await bundle("a")
        #expect(FileManager.default.contents(atPath: mine) == Data("mine".utf8) && FileManager.default.fileExists(atPath: file))
        let names = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path).filter { $0.hasSuffix(".partial") }
        #expect(names == ["tiny-a.tar.partial"])
    }

    @Test("DL-62 what is written down and cannot be read is a verdict of its own") func unreadable() async throws {
        let path = try place("a-Q4_0.gguf", Self.gguf("x"))
        let world = world()
        try await HomeWise.open(world) { house in
            _ = try house.importModel(try #require(try house.findModels(at: path).models.first), how: .copy)
        }
        try run(
            "python3 -c \"import sqlite3; c = sqlite3.connect('\(world.home)/inventory.sqlite'); c.execute(\\\"UPDATE model_file SET role = 'nonsense'\\\"); c.commit()\""
        )
        let verdicts = try await HomeWise.open(world) { try await $0.verify(report: { _ in }) }
        #expect(verdicts.map(\.state) == [.unreadable] && verdicts[0].models == ["a:q4_0"])
        #expect(try await HomeWise.open(world) { try await $0.verify(["a"], report: { _ in }) }.count == 1)
    }
}
