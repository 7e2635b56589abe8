// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// What is here and goes bad, and disks without locks, as the real program meets them.
@Suite(.temporaryFolder, .timeLimit(.minutes(10))) struct FaultyBlobTests {
    private func inode(of path: String) throws -> UInt64 {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
    }

    @Test("DL-50 I1 a blob that the disk cannot give back, or gives back with another bit, is found and mended")
    func unreadable() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(20_000_000)
        #expect(try await bench.program().run("pull", "tiny").code == 0)
        for deed in [FaultyDisk.Deed.fail(EIO), .flip] {
            // The sectors of this file; another file that takes its place lies elsewhere.
            let disk = try FaultyDisk(
                below: bench.home + "/blobs/", calls: ["read"], deed: deed, inode: inode(of: bench.blob))
            let bad = bench.program(disk.environment(shim))
            let found = try await bad.run("verify", "tiny")
            #expect(found.code == 65 && found.output.hasPrefix("damaged"), "\(deed): \(found.output) \(found.story)")
            #expect(try disk.counted().faults > 0)
            let mended = try await bad.run("verify", "tiny", "--repair")
            #expect(mended.code == 0 && mended.output.hasPrefix("repaired"), "\(deed): \(mended.output) \(mended.story)")
            let sound = try await bench.program().run("verify", "tiny")
            #expect(sound.code == 0 && sound.output.hasPrefix("sound"), "\(deed): \(sound.output) \(sound.story)")
            try await bench.recovers("\(deed)")
        }
        try await bench.server.stop()
    }

    @Test("DL-50 DL-23 one bit of one piece costs that piece", arguments: [0, 1, 2]) func onePiece(_ piece: Int) async throws {
        let bench = try await FaultBench(20_000_000)
        #expect(try await bench.program().run("pull", "tiny").code == 0)
        chmod(bench.blob, 0o644)
        let file = try FileHandle(forUpdating: URL(filePath: bench.blob))
        let place = piece * Int(PieceGrid.standardPiece) + 1000
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: Data([bench.bytes[place] ^ 1]))
        try file.close()
        let before = bench.server.asked
        let mended = try await bench.program().run("verify", "tiny", "--repair")
        #expect(mended.code == 0 && mended.output.hasPrefix("repaired"), "\(mended.output) \(mended.story)")
        let length = Int(PieceGrid(size: 20_000_000).length(of: piece))
        #expect(bench.server.asked - before == length)
        try await bench.recovers("piece \(piece)")
        try await bench.server.stop()
    }

    @Test("DL-58 DL-56 programs on a disk that knows no locks fetch a model once") func noLocksAtAll() async throws {
        let shim = try await FaultyDisk.built()
        let bench = try await FaultBench(3_000_000, chunk: 200_000, pause: .milliseconds(50))
        let disk = FaultyDisk(below: bench.home, calls: ["flock"], deed: .fail(ENOSYS))
        let program = bench.program(disk.environment(shim).merging(TogetherTests.oneLine) { $1 })
        async let first = program.run("pull", "tiny")
        async let second = program.run("pull", "tiny")
        let outcomes = try await [first, second]
        #expect(outcomes.allSatisfy { $0.code == 0 }, "\(outcomes.map(\.story))")
        #expect(bench.server.asked == bench.bytes.count)
        #expect(outcomes.allSatisfy { $0.story.contains("no working locks") })
        // A holder that was killed is in nobody's way.
        #expect(try await bench.program().run("rm", "tiny", "--yes").code == 0)
        let before = bench.server.asked
        try await program.started([Products.homewise, "pull", "tiny"], story: TemporaryFolder.path + "/story") { process in
            #expect(await eventually(within: .seconds(20)) { bench.server.asked > before })
            try await Task.sleep(for: .milliseconds(300))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        #expect(try await program.run("pull", "tiny").code == 0)
        try await bench.recovers("without locks")
        try await bench.server.stop()
    }
}
