// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct PartialFileTests {
    private let size: Int64 = PieceLedger.standardPiece * 2 + 100

    private func open(_ store: ModelStore, size: Int64? = nil) throws -> PartialFile {
        try PartialFile(
            key: FileHash.digest(ofText: "test"), name: "test", model: "m:q", size: size ?? self.size, layout: store.layout,
            inventory: store.inventory)
    }

    private func fill(_ file: PartialFile, piece index: Int) throws {
        let bytes = noise(Int(file.ledger.length(of: index)), seed: UInt64(index))
        try bytes.withUnsafeBytes { try file.write($0, at: file.ledger.offset(of: index)) }
        let copy = TemporaryFolder.path + "/piece"
        try Data(bytes).write(to: URL(filePath: copy))
        try file.finish(piece: index, digest: FileHash.digest(of: copy))
    }

    @Test func whatIsFinishedIsThereAfterARestart() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(open(store), piece: 1)
        let again = try open(ModelStore(home: TemporaryFolder.path))
        #expect(again.ledger.bytesHere == PieceLedger.standardPiece)
        var ledger = again.ledger
        #expect(ledger.claim() == 0 && ledger.claim() == 2)
    }

    @Test("DL-61 a piece that was altered on the disk is fetched again") func altered() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try fill(file, piece: 0)
        try fill(file, piece: 1)
        try [UInt8(1)].withUnsafeBytes { try file.write($0, at: PieceLedger.standardPiece + 5) }
        var ledger = try open(store).ledger
        #expect(ledger.bytesHere == PieceLedger.standardPiece && ledger.claim() == 1)
    }

    @Test("DL-60 pieces of another size are forgotten") func otherSize() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(open(store), piece: 0)
        #expect(try open(store, size: size + 1).ledger.bytesHere == 0)
        #expect(try open(store).ledger.bytesHere == 0)
    }

    @Test("a transfer that rests holds no more than it has") func rest() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try fill(file, piece: 0)
        try file.rest()
        #expect(try store.bytesReserved()["m:q"] == PieceLedger.standardPiece)
        #expect(try open(store).ledger.bytesHere == PieceLedger.standardPiece)
    }

    @Test("DL-43 space is reserved before the first byte") func reservation() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        _ = try open(store)
        #expect(store.bytesReserved(forTransfer: FileHash.digest(ofText: "test")) >= size)
        #expect(try store.bytesReserved()["m:q"].map { $0 >= size } ?? false)
        #expect { try open(store, size: 1 << 52) } throws: { ($0 as? Failure)?.code == .diskFull }
    }
}

@Suite(.temporaryFolder) struct ModelStoreTests {
    private func publish(_ text: String, in store: ModelStore, tag: String = "q4_1") throws -> InstalledModel {
        let path = TemporaryFolder.path + "/fresh"
        try Data(text.utf8).write(to: URL(filePath: path))
        return try store.publish(
            path, digest: FileHash.digest(of: path), name: SafePath(untrusted: "model"), tag: SafePath(untrusted: tag),
            file: SafePath(untrusted: "Model.gguf"), source: "index:a==1#b", at: Date(timeIntervalSince1970: 1))
    }

    @Test("I1 a published file lies under its digest, read-only, and under its real name") func published() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let model = try publish("weights", in: store)
        #expect(model.path.hasSuffix("blobs/sha256/\(model.digest.hex.prefix(2))/\(model.digest.hex)"))
        #expect(try FileHash.digest(of: model.path) == model.digest)
        #expect(try FileHash.digest(of: TemporaryFolder.path + "/models/model/q4_1/Model.gguf") == model.digest)
        let mode = try FileManager.default.attributesOfItem(atPath: model.path)[.posixPermissions] as? Int
        #expect(mode == 0o444)
        #expect(try ModelStore(home: TemporaryFolder.path).models() == [model])
    }

    @Test("DL-54 a blob that a crash left without its row is proven and adopted, a damaged one is not") func orphan() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let model = try publish("weights", in: store)
        #expect(try store.orphan(model.digest) == model.path)
        #expect(chmod(model.path, 0o644) == 0)
        try Data("WEIGHTS".utf8).write(to: URL(filePath: model.path))
        #expect(try store.orphan(model.digest) == nil)
    }

    @Test func aFileThatIsGoneOrShorterIsNotOffered() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let model = try publish("weights", in: store)
        #expect(try store.model("model", tag: "q4_1") == model)
        #expect(truncate(model.path, 3) == 0)
        #expect(try store.model("model", tag: "q4_1") == nil)
        #expect(try publish("weights", in: store) == model)
    }

    @Test func theHomeIsPrivate() throws {
        _ = try ModelStore(home: TemporaryFolder.path + "/home")
        let mode = try FileManager.default.attributesOfItem(atPath: TemporaryFolder.path + "/home")[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test("DL-47 a home that cannot be made says why") func unusableHome() throws {
        try Data().write(to: URL(filePath: TemporaryFolder.path + "/file"))
        #expect { try ModelStore(home: TemporaryFolder.path + "/file/home") } throws: { ($0 as? Failure)?.code == .storeUnusable }
    }
}

@Suite(.temporaryFolder) struct InventoryTests {
    @Test func aSilentHostIsAvoidedForItsTime() throws {
        let inventory = try ModelStore(home: TemporaryFolder.path).inventory
        let now = Date(timeIntervalSince1970: 1000)
        try inventory.avoid(host: "hub", until: now + 600, reason: "no route")
        #expect(try inventory.avoidedHosts(at: now + 599) == ["hub": "no route"])
        #expect(try inventory.avoidedHosts(at: now + 601).isEmpty)
    }

    @Test func ratesAndTermsAndEnginesAreRemembered() throws {
        let inventory = try ModelStore(home: TemporaryFolder.path).inventory
        try inventory.record(model: "m:q", tokensPerSecond: 20, at: Date())
        try inventory.record(model: "m:q", tokensPerSecond: 30, at: Date())
        try inventory.accept(terms: "T", at: Date())
        try inventory.use(engine: "e", version: "1")
        #expect(try inventory.measurements() == ["m:q": 25] && inventory.acceptedTerms() == ["T"] && inventory.currentEngine("e") == "1")
        try inventory.use(engine: "e", version: nil)
        #expect(try inventory.currentEngine("e") == nil)
    }

    @Test("DL-56 a lock has one holder at a time") func locks() async throws {
        let path = TemporaryFolder.path + "/lock"
        var first: FileLock? = try FileLock.attempt(path)
        #expect(try FileLock.attempt(path) == nil)
        withExtendedLifetime(first) {}
        first = nil
        _ = try await FileLock.hold(path) { Issue.record("nobody holds it") }
    }
}
