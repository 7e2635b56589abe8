// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// Parts that lie in one file.
@Suite(.temporaryFolder) struct PartialWholeTests {
    private let size = PieceGrid.standardPiece * 2

    private func whole(_ store: ModelStore) throws -> PartialWhole {
        try PartialWhole(
            parts: ["a", "b", "c"].map { (identity: $0, size: size) }, layout: store.layout, inventory: store.inventory)
    }

    private func open(_ index: Int, _ store: ModelStore) throws -> PartialSlice {
        try PartialSlice(index, of: whole(store), name: "part \(index)", model: "m:q")
    }

    /// All pieces of all parts arrive.
    private func fill(_ store: ModelStore) throws {
        for index in 0..<3 {
            let slice = try open(index, store)
            for piece in 0..<2 {
                try noise(Int(PieceGrid.standardPiece), seed: UInt64(index * 2 + piece)).withUnsafeBytes {
                    try slice.write($0, at: slice.grid.offset(of: piece))
                }
                try slice.arrived(piece: piece)
            }
        }
    }

    private func lock(_ key: Digest, _ store: ModelStore) throws -> FileLock {
        try #require(try FileLock.attempt("\(store.layout.run)/\(key.hex).lock"))
    }

    @Test("DL-61 when the file of several parts was lost or cut, no part's pieces behind its end are believed", arguments: [nil, 3, 0])
    func lost(_ piecesLeft: Int64?) throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(store)
        let path = try whole(store).path
        if let piecesLeft {
            #expect(truncate(path, off_t(piecesLeft * PieceGrid.standardPiece)) == 0)
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        // The first part reserves room for all of them.
        #expect(try open(0, store).held().count == (piecesLeft == 3 ? 2 : 0))
        #expect(try open(1, store).held().keys.sorted() == (piecesLeft == 3 ? [0] : []))
        #expect(try open(2, store).held().isEmpty)
    }

    @Test("DL-61 what is whole is believed") func kept() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(store)
        for index in 0..<3 { #expect(try open(index, store).held().count == 2) }
    }

    @Test("DL-64 parts that lie in one file are one leftover, as old and as large as that") func oneLeftover() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(store)
        let found = try store.leftovers().filter { $0.kind == .partial }
        #expect(found.count == 1 && found[0].name == "part 0, for m:q" && found[0].bytes >= size * 3)
        #expect(found.allSatisfy { -$0.modified.timeIntervalSinceNow < 600 })
        #expect(try store.collect(#require(found.first)))
        #expect(try store.leftovers().filter { $0.kind == .partial }.isEmpty && store.inventory.transfers().isEmpty)
        #expect(try store.inventory.parts().isEmpty && !FileManager.default.fileExists(atPath: whole(store).path))
    }

    @Test("DL-64 nothing of parts that lie in one file is removed while anybody is at one of them", arguments: 0..<3)
    func held(_ index: Int) throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(store)
        let found = try #require(try store.leftovers().first { $0.kind == .partial })
        let lock = try lock(whole(store).keys[index], store)
        defer { withExtendedLifetime(lock) {} }
        #expect(try store.leftovers().filter { $0.kind == .partial }.isEmpty)
        #expect(try !store.collect(found), "who was told before")
        for index in 0..<3 { #expect(try open(index, store).held().count == 2) }
    }

    @Test("parts are known to have one file until the last of them is gone, also when the first was spoiled") func discarded() throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        try fill(store)
        let keys = try whole(store).keys
        try store.discard(transfer: keys[0])
        let found = try store.leftovers().filter { $0.kind == .partial }
        #expect(found.count == 1 && found[0].bytes >= size * 3)
        for key in keys { try store.discard(transfer: key) }
        #expect(try store.inventory.parts().isEmpty)
    }
}
