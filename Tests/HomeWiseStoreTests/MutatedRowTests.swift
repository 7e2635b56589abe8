// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import GRDB
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// What is written down of an unfinished transfer, with every byte of it changed in turn.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct MutatedRowTests {
    private static let bytes = noise(Int(PieceGrid.standardPiece) + 100)
    private let key = FileHash.digest(ofText: "test")

    private func open(_ store: ModelStore) throws -> PartialFile {
        try PartialFile(
            key: key, name: "tiny.gguf", model: "tiny:q4", size: Int64(Self.bytes.count), version: "\"v1\"", layout: store.layout,
            inventory: store.inventory)
    }

    /// Goes on as a transfer does: what is here is hashed, and what is not is written anew.
    ///
    /// - Returns: the digest of the whole, and pieces that came anew.
    private func finish(_ file: PartialFile) throws -> (Digest, fetched: [Int]) {
        var (board, hash, fetched) = try (TransferBoard(grid: file.grid, held: file.held()), FileHash(), [Int]())
        var turns = 0
        while !board.isDone {
            turns += 1
            try #require(turns < 20, "it goes in a circle")
            guard let piece = board.nextToHash else {
                guard case .span(let range) = board.claim(0, at: 0) else { Issue.record("nothing to do, and not done"); break }
                _ = board.admit(Int64(range.count), from: 0, at: 0)
                try Self.bytes[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { try file.write($0, at: range.lowerBound) }
                for whole in board.landed(range) {
                    fetched.append(whole)
                    try file.arrived(piece: whole)
                }
                board.release(0, at: 0)
                continue
            }
            let range = file.grid.range(of: piece)
            var (buffer, next) = ([UInt8](repeating: 0, count: range.count), hash)
            try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: range.lowerBound) }
            buffer.withUnsafeBytes { next.add($0) }
            let chain = next.finish()
            switch board.proved(piece, chain: chain) {
            case .damaged, .foreign: try file.spoiled(piece: piece)
            case .sound(let isNew):
                hash = next
                if isNew { try file.proved(piece: piece, chain: chain) }
            }
        }
        return (hash.finish(), fetched)
    }

    /// Each column, the statement that changes it, and how many characters it has.
    static let columns = [
        ("chain", "UPDATE piece SET chain = ? WHERE number = 0", "SELECT chain FROM piece WHERE number = 0"),
        ("version", "UPDATE transfer SET version = ?", "SELECT version FROM transfer"),
        ("name", "UPDATE transfer SET name = ?", "SELECT name FROM transfer"),
        ("model", "UPDATE transfer SET model = ?", "SELECT model FROM transfer"),
        ("size", "UPDATE transfer SET size = CAST(? AS INTEGER)", "SELECT CAST(size AS TEXT) FROM transfer"),
        ("piece", "UPDATE transfer SET piece = CAST(? AS INTEGER)", "SELECT CAST(piece AS TEXT) FROM transfer"),
        ("number", "UPDATE piece SET number = CAST(? AS INTEGER) WHERE number = 0", "SELECT '0'"),
        (
            "key", "UPDATE piece SET transfer = ?1; UPDATE transfer SET key = ?1",
            "SELECT key FROM transfer"
        ),
    ]

    @Test(
        "DL-60 I6 any byte of any row of a transfer changed: it is believed or fetched anew, and always finished", arguments: Self.columns)
    func everyByte(_ name: String, _ change: String, _ question: String) throws {
        let store = try ModelStore(home: TemporaryFolder.path)
        _ = try finish(open(store))
        let expected = digest(of: Self.bytes)
        let text = try #require(try store.inventory.read { try String.fetchOne($0, sql: question) })
        // A key of another length is refused by the database itself.
        var cases: [[UInt8]] = name == "key" ? [] : [[], Array("\u{0}".utf8), Array(text.utf8) + Array(text.utf8)]
        for place in text.utf8.indices {
            for byte in [UInt8(0x30), 0x39, 0x66, 0x47, 0x20, 0xC3] {
                var bytes = Array(text.utf8)
                bytes[text.utf8.distance(from: text.utf8.startIndex, to: place)] = byte
                cases.append(bytes)
            }
        }
        for bytes in cases {
            try store.inventory.write { database in
                try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
                let value = String(decoding: bytes, as: UTF8.self)
                for statement in change.split(separator: ";") {
                    try database.execute(sql: statement.replacingOccurrences(of: "?1", with: "?"), arguments: [value])
                }
            }
            let (actual, fetched) = try finish(open(store))
            #expect(actual == expected, "\(name) as \(bytes)")
            if name == "name" || name == "model" { #expect(fetched.isEmpty) }
            // Whatever the rows are now, everything else goes on.
            _ = try store.unfinished()
            try store.inventory.write { try $0.execute(sql: "DELETE FROM transfer WHERE key <> ?", arguments: [key.hex]) }
        }
    }
}
