// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct MappedFileTests {
    private func file(_ bytes: [UInt8]) throws -> String {
        let path = TemporaryFolder.path + "/file"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    @Test func handsOverRangesAndRefusesOthers() throws {
        let mapped = try MappedFile(path: file([1, 2, 3, 4]))
        #expect(try mapped.withBytes(1..<3) { Array($0) } == [2, 3])
        #expect(throws: FormatFault.self) { try mapped.withBytes(2..<5) { _ in } }
        #expect(throws: FormatFault.self) { try mapped.withBytes(-1..<2) { _ in } }
    }

    @Test func whatWasNotFetchedYetIsAskedFor() throws {
        let mapped = try MappedFile(path: file([1, 2, 3, 4]), available: 2)
        #expect(throws: MoreBytesNeeded(upTo: 3)) { try mapped.withBytes(0..<3) { _ in } }
    }

    @Test func anEmptyFileAFolderAndNothingAreNamed() throws {
        #expect(try MappedFile(path: file([])).length == 0)
        #expect(throws: Failure.self) { try MappedFile(path: TemporaryFolder.path) }
        #expect(throws: Failure.self) { try MappedFile(path: TemporaryFolder.path + "/none") }
    }
}

@Suite(.temporaryFolder) struct ModelFolderTests {
    @Test("C5 links and devices are no files of a model") func links() throws {
        let folder = TemporaryFolder.path + "/model"
        let files = FileManager.default
        try files.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
        try Data([1, 2, 3]).write(to: URL(filePath: folder + "/weights.bin"))
        try Data([1]).write(to: URL(filePath: folder + "/data/inner.bin"))
        try files.createSymbolicLink(atPath: folder + "/leaf.bin", withDestinationPath: "/etc/passwd")
        try files.createSymbolicLink(atPath: folder + "/linked", withDestinationPath: "data")
        #expect(mkfifo(folder + "/pipe.bin", 0o600) == 0)
        let paths = try ["weights.bin", "data/inner.bin", "leaf.bin", "linked/inner.bin", "pipe.bin", "none.bin"].map {
            try SafePath(untrusted: $0)
        }
        let lengths = ModelFolder(folder).lengths(of: Set(paths))
        #expect(lengths == [paths[0]: 3, paths[1]: 1])
        #expect(try ModelFolder(folder).files() == ["weights.bin": 3])
        #expect(try ModelFolder(folder).bytes("leaf.bin") == nil)
    }
}

@Suite(.temporaryFolder) struct NoteTests {
    @Test("DL-56 many that open a new inventory at once all get it") func manyAtOnce() {
        let folder = TemporaryFolder.path
        for round in 0..<20 {
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 6) { _ in
                do { _ = try Inventory(path: "\(folder)/\(round).sqlite") } catch { failures.withLock { $0.append("\(error)") } }
            }
            #expect(failures.withLock { $0 } == [])
        }
    }

    @Test func notesAreKeptReplacedAndForgotten() throws {
        let inventory = try Inventory(path: TemporaryFolder.path + "/i.sqlite")
        let now = Date(timeIntervalSince1970: 1)
        #expect(try inventory.note(.facts, key: "a", as: [Int].self) == nil)
        try inventory.note([1], .facts, key: "a", at: now)
        try inventory.note([2], .facts, key: "a", at: now)
        try inventory.note([3], .layout, key: "a", at: now)
        #expect(try inventory.note(.facts, key: "a", as: [Int].self) == [2])
        #expect(try inventory.notes(.facts, as: [Int].self) == ["a": [2]])
        // A note in the form of another version is as good as none.
        #expect(try inventory.note(.facts, key: "a", as: String.self) == nil)
        try inventory.forget(.facts, key: "a")
        #expect(try inventory.notes(.facts, as: [Int].self).isEmpty && inventory.note(.layout, key: "a", as: [Int].self) == [3])
    }
}
