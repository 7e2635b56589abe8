// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// From another tool's folder into the store, out into a bundle, and into another store.
@Suite(.temporaryFolder) struct ImportTests {
    private func world(_ home: String = "home") -> World {
        World(
            home: "\(TemporaryFolder.path)/\(home)", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path + "/person"], registry: Data(#"{"models": []}"#.utf8))
    }

    private static func gguf(_ mark: String) -> [UInt8] {
        var draft = GGUFDraft()
        draft.metadata = [("general.architecture", .text("llama")), ("general.description", .text(mark))]
        return draft.header().bytes
    }

    private func place(_ path: String, _ bytes: [UInt8]) throws {
        let url = URL(filePath: "\(TemporaryFolder.path)/person/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private func twoShards() throws {
        for number in 1...2 { try place(".lmstudio/models/maker/Big-GGUF/Big-Q4_0-0000\(number)-of-00002.gguf", Self.gguf("\(number)")) }
        try place(".lmstudio/models/maker/Big-GGUF/mmproj-F16.gguf", Self.gguf("m"))
    }

    @Test(arguments: ImportWay.allCases) func foundModelsAreTakenInAsAsked(_ way: ImportWay) async throws {
        try twoShards()
        try await HomeWise.open(world()) { house in
            let found = try #require(try house.findModels().models.first)
            #expect(try !house.isImported(found))
            let installed: Installed
            do { installed = try house.importModel(found, how: way) } catch let failure as Failure
                where way == .reflink && failure.message.contains("cannot share blocks")
            {
                // Most disks cannot; then nothing is taken, and nothing is left.
                #expect(try house.store.models().isEmpty && found.files.allSatisfy { FileManager.default.fileExists(atPath: $0.place) })
                #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
                return
            }
            #expect(installed.name == "big" && installed.quantization == "q4_0")
            let model = try #require(try house.store.models().first)
            #expect(model.files.map(\.path) == ["Big-Q4_0-00001-of-00002.gguf", "Big-Q4_0-00002-of-00002.gguf", "mmproj-F16.gguf"])
            #expect(model.files.allSatisfy { $0.isAdopted == (way == .inPlace) } && model.source == found.source)
            #expect(found.files.allSatisfy { FileManager.default.fileExists(atPath: $0.place) == (way != .move) })
            #expect(try house.isImported(found))
            // It has a name that plans and runs take.
            #expect(try house.registry.model(named: "big").model.variants?.map(\.quantization) == ["q4_0"])
        }
    }

    @Test func aModelWhoseHeaderIsUnsoundIsNotTakenIn() async throws {
        var bytes = Self.gguf("x")
        bytes[8] = 0xFF
        try place("bad-Q4_0.gguf", bytes)
        try await HomeWise.open(world()) { house in
            let found = try #require(try house.findModels(at: TemporaryFolder.path + "/person/bad-Q4_0.gguf").models.first)
            for way in ImportWay.allCases {
                let failure = #expect(throws: Failure.self) { try house.importModel(found, how: way) }
                #expect(failure?.code == .malformedModel)
            }
            #expect(try house.store.models().isEmpty && FileManager.default.fileExists(atPath: found.files[0].place))
        }
    }

    @Test func aFileThatChangedSinceTheScanIsRefused() async throws {
        try place("a-Q4_0.gguf", Self.gguf("x"))
        try await HomeWise.open(world()) { house in
            let found = try #require(try house.findModels(at: TemporaryFolder.path + "/person/a-Q4_0.gguf").models.first)
            try place("a-Q4_0.gguf", Self.gguf("other"))
            #expect(throws: Failure.self) { try house.importModel(found) }
            #expect(try house.store.models().isEmpty)
        }
    }

    @Test func aBundleGoesToAnotherMachine() async throws {
        try twoShards()
        let file = TemporaryFolder.path + "/big.tar"
        let digests = try await HomeWise.open(world()) { house in
            _ = try house.importModel(try #require(try house.findModels().models.first))
            let exported = try house.exportModel("big", to: file)
            #expect(exported.files == 3 && exported.size.bytes % 512 == 0)
            // It is not replaced unasked.
            #expect(throws: Failure.self) { try house.exportModel("big:q4_0", to: file) }
            _ = try house.exportModel("big:q4_0", to: file, isReplacing: true)
            return try house.store.models().first?.files.map(\.digest)
        }
        // Any tar program reads it.
        let list = try #require(try Self.run("tar -tf '\(file)'"))
        #expect(
            list == "homewise-bundle.json\nmodel/Big-Q4_0-00001-of-00002.gguf\nmodel/Big-Q4_0-00002-of-00002.gguf\nmodel/mmproj-F16.gguf\n")
        try await HomeWise.open(world("other")) { house in
            #expect(try house.bundle(at: file)?.key == "big:q4_0")
            let installed = try house.importBundle(at: file)
            #expect(installed.name == "big" && installed.source == "hf:maker/Big-GGUF/Big-Q4_0-00001-of-00002.gguf")
            let model = try #require(try house.store.models().first)
            #expect(model.files.map(\.digest) == digests && model.files.map(\.role) == [.weights, .weights, .projector])
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
        }
    }

    @Test func aBundleThatWasCutForSmallDisksIsReadAsOne() async throws {
        try twoShards()
        let file = TemporaryFolder.path + "/big.tar"
        try await HomeWise.open(world()) { house in
            _ = try house.importModel(try #require(try house.findModels().models.first))
            _ = try house.exportModel("big", to: file)
        }
        _ = try Self.run("split -b 1000 -d -a 3 --numeric-suffixes=1 '\(file)' '\(file).' && rm '\(file)'")
        try await HomeWise.open(world("other")) { house in
            let installed = try house.importBundle(at: file + ".001")
            #expect(installed.name == "big")
        }
    }

    @Test func everyDamagedByteOfABundleIsFound() async throws {
        try place("a-Q4_0.gguf", Self.gguf("x"))
        let file = TemporaryFolder.path + "/a.tar"
        try await HomeWise.open(world()) { house in
            _ = try house.importModel(try #require(try house.findModels(at: TemporaryFolder.path + "/person/a-Q4_0.gguf").models.first))
            _ = try house.exportModel("a", to: file)
        }
        let sound = try [UInt8](Data(contentsOf: URL(filePath: file)))
        try await HomeWise.open(world("other")) { house in
            // The content begins behind the header and the description.
            let start = sound.count - 1024 - (Self.gguf("x").count + 511) / 512 * 512
            for place in stride(from: start, to: start + Self.gguf("x").count, by: 7) {
                var bytes = sound
                bytes[place] ^= 1
                try Data(bytes).write(to: URL(filePath: file))
                #expect(throws: Failure.self) { try house.importBundle(at: file) }
            }
            for length in stride(from: 0, to: sound.count, by: 700) {
                try Data(sound.prefix(length)).write(to: URL(filePath: file))
                #expect(throws: Failure.self) { try house.importBundle(at: file) }
            }
            #expect(try house.store.models().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
        }
    }

    @Test func aDamagedModelIsNotExported() async throws {
        try place("a-Q4_0.gguf", Self.gguf("x"))
        let file = TemporaryFolder.path + "/a.tar"
        try await HomeWise.open(world()) { house in
            _ = try house.importModel(
                try #require(try house.findModels(at: TemporaryFolder.path + "/person/a-Q4_0.gguf").models.first), how: .copy)
            let blob = try #require(try house.store.models().first).files[0].place
            var status = stat()
            stat(blob, &status)
            chmod(blob, 0o644)
            var bytes = Self.gguf("x")
            bytes[bytes.count - 1] ^= 1
            let handle = try FileHandle(forWritingTo: URL(filePath: blob))
            try handle.write(contentsOf: Data(bytes))
            try handle.close()
            // As bit rot does it: without a trace in size or time.
            var times = [status.st_atim, status.st_mtim]
            utimensat(AT_FDCWD, blob, &times, 0)
            let failure = #expect(throws: Failure.self) { try house.exportModel("a", to: file) }
            #expect(failure?.code == .digestMismatch)
            #expect(!FileManager.default.fileExists(atPath: file) && !FileManager.default.fileExists(atPath: file + ".partial"))
        }
    }

    // MARK: Archives

    @Test(
        "A5 D5 archives with models are taken in, cut or whole",
        arguments: [
            "zip -q -r M.zip models || python3 -c 'import shutil; shutil.make_archive(\"M\", \"zip\", \".\", \"models\")'",
            "tar -czf M.tgz models",
            "tar -cJf M.tar.xz models", "tar --zstd -cf M.tar.zst models", "tar -cf M.tar models",
            "tar -czf M.tgz models && split -b 100 -a 2 M.tgz M.tgz.part- && rm M.tgz",
            "tar -cf M.tar models && split -b 3000 -d -a 3 --numeric-suffixes=1 M.tar M.tar. && rm M.tar",
        ])
    func archives(_ command: String) async throws {
        try place("models/Some-Q4_0.gguf", Self.gguf("some"))
        try place("models/deep/model.gguf", Self.gguf("deep"))
        try place("models/readme.txt", Array("hello".utf8))
        _ = try Self.run("cd '\(TemporaryFolder.path)/person' && (\(command)) 2>/dev/null && rm -r models")
        let names = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/person").sorted()
        let path = try TemporaryFolder.path + "/person/" + #require(names.first)
        try await HomeWise.open(world()) { house in
            #expect(try house.packed(at: path)?.files.count == 3)
            let (installed, problems) = try house.importPacked(at: path)
            #expect(Set(installed.map(\.name)) == ["some", "deep"] && problems.isEmpty)
            #expect(try house.store.models().allSatisfy { $0.state == .sound && $0.source == "file:\(path)" })
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial).isEmpty)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/person").sorted() == names)
    }

    @Test(
        "a file that was cut is joined, and a packed one unpacked",
        arguments: [
            "split -b 50 -a 1 x-Q4_0.gguf x-Q4_0.gguf-split- && rm x-Q4_0.gguf", "gzip x-Q4_0.gguf", "xz x-Q4_0.gguf",
            "zstd -q --rm x-Q4_0.gguf",
        ])
    func singles(_ command: String) async throws {
        try place("x-Q4_0.gguf", Self.gguf("some"))
        _ = try Self.run("cd '\(TemporaryFolder.path)/person' && \(command)")
        let names = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/person").sorted()
        let path = try TemporaryFolder.path + "/person/" + #require(names.first)
        try await HomeWise.open(world()) { house in
            #expect(try house.importPacked(at: path).installed.map(\.name) == ["x"])
            let place = try #require(try house.store.models().first).files[0].place
            #expect(try [UInt8](Data(contentsOf: URL(filePath: place))) == Self.gguf("some"))
        }
    }

    @Test("A5 a hostile archive leaves the store as it was") func hostile() async throws {
        try place("models/Some-Q4_0.gguf", Self.gguf("some"))
        _ = try Self.run("cd '\(TemporaryFolder.path)/person' && ln -s /etc models/link && tar -czf M.tgz models && rm -r models")
        let path = TemporaryFolder.path + "/person/M.tgz"
        try await HomeWise.open(world()) { house in
            let failure = #expect(throws: Failure.self) { try house.importPacked(at: path) }
            #expect(failure?.code == .archiveLinkForbidden)
            let models = try house.store.models()
            let partial = try FileManager.default.contentsOfDirectory(atPath: house.store.layout.partial)
            #expect(models.isEmpty && partial.isEmpty)
        }
    }

    @Test func aPartThatIsMissingIsNamed() async throws {
        try place("x.tar.001", Array("x".utf8))
        try place("x.tar.003", Array("x".utf8))
        try await HomeWise.open(world()) { house in
            let failure = #expect(throws: Failure.self) { try house.packed(at: TemporaryFolder.path + "/person/x.tar.001") }
            #expect(failure?.message.contains("part 2 is missing") == true, "\(failure?.message ?? "")")
        }
    }

    private static func run(_ command: String) throws -> String? {
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
