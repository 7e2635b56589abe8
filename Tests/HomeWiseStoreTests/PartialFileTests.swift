// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct PartialFileTests {
    private let size: Int64 = PieceGrid.standardPiece * 2 + 100
    private let key = FileHash.digest(ofText: "test")

    private func open(_ store: ModelStore, size: Int64? = nil, version: String? = nil) throws -> PartialFile {
        try PartialFile(
            key: key, name: "test", model: "m:q", size: size ?? self.size, version: version, layout: store.layout,
            inventory: store.inventory)
    }

    private func fill(_ file: PartialFile, piece index: Int) throws {
        try noise(Int(file.grid.length(of: index)), seed: UInt64(index)).withUnsafeBytes {
            try file.write($0, at: file.grid.offset(of: index))
        }
        try file.arrived(piece: index)
    }

    @Test func whatArrivedIsThereAfterARestart() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try fill(file, piece: 1)
        try file.proved(piece: 0, chain: key)
        let held = try open(ModelStore(home: TemporaryFolder.path)).held()
        #expect(held == [0: key, 1: nil])
        try file.spoiled(piece: 0)
        #expect(try open(store).held() == [1: nil])
    }

    @Test("DL-60 pieces of another size or version are forgotten") func otherFile() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(open(store), piece: 0)
        #expect(try open(store, size: size + 1).held().isEmpty)
        try fill(open(store, version: "\"v1\""), piece: 0)
        #expect(try open(store, version: "\"v1\"").held() == [0: nil])
        #expect(try open(store, version: "\"v2\"").held().isEmpty)
    }

    @Test("DL-60 rows that make no sense are no pieces") func nonsense() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try fill(file, piece: 0)
        for (number, chain) in [(-1, "'x'"), (1, "''"), (7, "NULL"), (9_000_000_000, "'\(key.hex)'")] {
            try store.inventory.write {
                try $0.execute(sql: "INSERT INTO piece (transfer, number, chain) VALUES ('\(key.hex)', \(number), \(chain))")
            }
        }
        #expect(try open(store).held() == [0: nil, 1: nil])
    }

    @Test("DL-61 pieces behind the end of a file that was cut are not believed") func cut() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        for piece in 0..<3 { try fill(file, piece: piece) }
        #expect(truncate(file.path, off_t(PieceGrid.standardPiece + 5)) == 0)
        #expect(try open(store).held() == [0: nil])
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int64 == size)
    }

    @Test("a transfer that rests holds no more than it has") func rest() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try fill(file, piece: 0)
        try file.rest()
        #expect(try store.bytesReserved()["m:q"] == PieceGrid.standardPiece)
        let rows = try store.inventory.transfers()
        #expect(try rows.count == 1 && store.inventory.bytesHere(of: rows[0]) == PieceGrid.standardPiece)
        #expect(try open(store).bytesHere == PieceGrid.standardPiece)
    }

    @Test("DL-43 space is reserved before the first byte") func reservation() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        _ = try open(store)
        #expect(store.bytesReserved(forTransfer: key) >= size)
        #expect(try store.bytesReserved()["m:q"].map { $0 >= size } ?? false)
        #expect { try open(store, size: 1 << 52) } throws: { ($0 as? Failure)?.code == .diskFull }
    }

    @Test("the pieces of a finished transfer become those of its file") func chain() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        let file = try open(store)
        try file.arrived(piece: 0)
        try file.proved(piece: 1, chain: FileHash.digest(ofText: "1"))
        let digest = FileHash.digest(ofText: "whole")
        try store.inventory.keepChain(ofTransfer: key, as: digest)
        try store.discard(transfer: key)
        #expect(try store.inventory.chain(of: digest) == [1: FileHash.digest(ofText: "1")])
        #expect(try store.inventory.transfers().isEmpty)
    }
}
