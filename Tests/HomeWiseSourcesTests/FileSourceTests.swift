// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

@Suite(.temporaryFolder) struct FileSourceTests {
    private var root: String { TemporaryFolder.path }

    private func write(_ names: [String]) throws {
        for name in names {
            let path = "\(root)/\(name)"
            try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data("12345".utf8).write(to: URL(filePath: path))
        }
    }

    @Test func aFileIsOneWithItsAddress() async throws {
        try write(["a b-Q4_0.gguf", "other.gguf"])
        let delivery = try await FileSource(path: "\(root)/a b-Q4_0.gguf").resolve(SourceWish())
        let file = delivery.parts[0].file
        #expect(delivery.files.map(\.path.value) == ["a b-Q4_0.gguf"] && file.size == 5 && file.digest == nil)
        #expect(URL(string: file.url)?.path == "\(root)/a b-Q4_0.gguf" && file.url.hasPrefix("file:///"))
    }

    @Test func aShardMeansItsSetAndAFolderWhatIsInIt() async throws {
        try write(["m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "x.gguf"])
        #expect(try await FileSource(path: "\(root)/m-00002-of-00002.gguf").resolve(SourceWish()).files.count == 2)
        try write(["f/model.safetensors", "f/config.json", "f/1_Pooling/config.json", "f/.hidden", "f/README.md"])
        let folder = try await FileSource(path: "\(root)/f").resolve(SourceWish())
        #expect(folder.files.map(\.path.value) == ["model.safetensors", "1_Pooling/config.json", "config.json"])
    }

    @Test func linksAreFollowedToFilesAlone() async throws {
        try write(["blobs/abc", "f/config.json"])
        try FileManager.default.createSymbolicLink(atPath: "\(root)/f/model.safetensors", withDestinationPath: "../blobs/abc")
        try FileManager.default.createSymbolicLink(atPath: "\(root)/f/up", withDestinationPath: "..")
        let delivery = try await FileSource(path: "\(root)/f").resolve(SourceWish())
        #expect(delivery.files.map(\.path.value) == ["model.safetensors", "config.json"])
    }

    @Test func whatIsNotThereOrNoFileSaysSo() async throws {
        mkfifo("\(root)/pipe.gguf", 0o600)
        for path in ["\(root)/none.gguf", "\(root)/pipe.gguf"] {
            let failure = await #expect(throws: Failure.self) { try await FileSource(path: path).resolve(SourceWish()) }
            #expect(failure?.code == .notAtSource)
        }
        await #expect(throws: Failure.self) { try await FileSource(path: root).resolve(SourceWish()) }
    }

    @Test func gitsNameOfAFile() throws {
        // As `git hash-object` gives it.
        try Data("hello\n".utf8).write(to: URL(filePath: "\(root)/hello"))
        #expect(try GitBlobHash.hex(ofFile: "\(root)/hello") == "ce013625030ba8dba906f756967f9e9ca394464a")
        try Data().write(to: URL(filePath: "\(root)/empty"))
        #expect(try GitBlobHash.hex(ofFile: "\(root)/empty") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(throws: Failure.self) { try GitBlobHash.hex(ofFile: "\(root)/none") }
    }
}
