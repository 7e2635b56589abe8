// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

/// How weights get into memory, by what is short.
@Suite struct LoadModeTests {
    /// The 1B model of the measurements: 671 MiB of weights, nearly all of which are rewritten.
    private static let weights: Int64 = 671 << 20

    private func decide(
        free mebibytes: Int64?, filesystem: String = "ext4", isRotational: Bool? = false, repacked: Int64 = 640
    ) -> LoadMode {
        let memory = MemoryEstimate(
            mapped: ByteCount(Self.weights), repacked: ByteCount(repacked << 20), cache: ByteCount(128 << 20), compute: ByteCount(32 << 20),
            overhead: ByteCount(40 << 20), basis: .engine)
        let storage = SystemCapabilities.Storage(
            path: "/", free: nil, total: nil, filesystem: filesystem, isRotational: isRotational)
        return LoadModePolicy(memory: memory, free: mebibytes.map { ByteCount($0 << 20) }, storage: storage).decide()
    }

    @Test func withRoomItIsMappedAndRewritten() {
        let mode = decide(free: 8000)
        #expect(mode.isMapped && mode.isRepacking)
        #expect(decide(free: nil) == mode)
    }

    @Test func withoutRoomForBothTheFileIsCopiedOnce() {
        let mode = decide(free: 1200)
        #expect(!mode.isMapped && mode.isRepacking && mode.reason.contains("no room for the pages"))
    }

    @Test func withoutRoomForTheRewrittenCopyThePagesServe() {
        let mode = decide(free: 800)
        #expect(mode.isMapped && !mode.isRepacking && mode.reason.contains("slower"))
    }

    @Test func theLargestModeIsNotTakenWhereMemoryIsShortest() {
        let mode = decide(free: 950)
        #expect(mode.isMapped && !mode.isRepacking)
    }

    @Test(arguments: ["nfs4", "cifs", "fuse.sshfs", "FUSEBLK"]) func aDistantDiskIsReadOnce(_ name: String) {
        #expect(!decide(free: 8000, filesystem: name).isMapped)
        #expect(decide(free: 8000, filesystem: name).reason.contains(name.lowercased()))
    }

    @Test func aTurningDiskIsReadInOneGoWhereThereIsRoom() {
        #expect(!decide(free: 8000, isRotational: true).isMapped)
        #expect(!decide(free: 8000, isRotational: true, repacked: 0).isMapped)
        #expect(decide(free: 500, isRotational: true, repacked: 0).isMapped)
    }

    @Test func whatIsNotRewrittenIsMapped() {
        let mode = decide(free: 8000, repacked: 0)
        #expect(mode == LoadMode(isMapped: true, isRepacking: true, reason: "mapped"))
    }
}
