// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite struct MountTests {
    private static let table = MountTable(
        """
        27 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,discard
        30 27 0:26 / /home rw,relatime shared:2 master:7 - btrfs /dev/sda3 rw,subvol=/home
        31 27 0:40 / /mnt/My\\040Disk ro,nosuid - ntfs3 /dev/sdb1 rw
        32 27 0:41 / /srv/models rw - nfs4 server:/models rw,vers=4.2
        33 27 8:17 / /srv/models rw - xfs /dev/sdb1 ro
        34 27 0:42
        """)

    @Test(arguments: [
        ("/", "ext4", false), ("/homes/x", "ext4", false), ("/home", "btrfs", false), ("/home/a/b", "btrfs", false),
        ("/mnt/My Disk/models", "ntfs3", true), ("/srv/models", "xfs", true),
    ])
    func theLongestMountPointHoldsAPath(_ path: String, _ filesystem: String, _ isReadOnly: Bool) {
        let mount = Self.table.mount(holding: path)
        #expect(mount?.filesystem == filesystem && mount?.isReadOnly == isReadOnly)
    }

    @Test func withoutATableNothingIsKnown() { #expect(MountTable("\n - \n1 2 3").mount(holding: "/") == nil) }
}

@Suite(.temporaryFolder) struct StorageTests {
    /// A disk that turns with two partitions, and one that does not.
    private static let disks = Recording(
        files: [
            "sys/devices/block/sda/queue/rotational": "1\n", "sys/devices/block/sda/sda2/partition": "2\n",
            "sys/devices/block/nvme0n1/queue/rotational": "0\n", "sys/devices/block/dm-0/queue/rotational": "0\n",
            "sys/devices/block/odd/queue/rotational": "x\n", "sys/devices/pci0000:00/virtio1/block/vda/queue/rotational": "1\n",
            "sys/devices/block/dm-1/queue/rotational": "1\n", "sys/devices/block/dm-2/queue/rotational": "1\n",
            "sys/devices/block/dm-3/queue/rotational": "1\n",
        ],
        links: [
            "sys/dev/block/8:0": "../../devices/block/sda", "sys/dev/block/8:2": "../../devices/block/sda/sda2",
            "sys/dev/block/259:0": "../../devices/block/nvme0n1", "sys/dev/block/253:0": "../../devices/block/dm-0",
            "sys/dev/block/7:0": "../../devices/block/odd", "sys/dev/block/254:0": "../../devices/pci0000:00/virtio1/block/vda",
            "sys/dev/block/253:1": "../../devices/block/dm-1", "sys/devices/block/dm-1/slaves/sda2": "../../sda/sda2",
            "sys/dev/block/253:2": "../../devices/block/dm-2", "sys/devices/block/dm-2/slaves/vda": "../../../pci0000:00/virtio1/block/vda",
            "sys/dev/block/253:3": "../../devices/block/dm-3", "sys/devices/block/dm-3/slaves/nvme0n1": "../../nvme0n1",
            "sys/devices/block/dm-3/slaves/dm-1": "../../dm-1", "sys/dev/block/253:4": "../../devices/block/dm-4",
            "sys/devices/block/dm-4/slaves/dm-4": "../../dm-4",
        ])

    @Test(
        arguments: [
            ("8:0", true), ("8:2", true), ("259:0", false), ("253:0", false), ("7:0", nil), ("0:52", nil), ("../x", nil), ("254:0", nil),
            ("253:1", true), ("253:2", nil), ("253:3", nil), ("253:4", nil),
        ] as [(String, Bool?)])
    func aDeviceTurnsWithTheDisksBelowIt(_ device: String, _ isRotational: Bool?) throws {
        #expect(try Self.disks.probe().isRotational(device) == isRotational)
    }

    @Test func aFolderThatIsNotThereYetIsThatOfItsParent() throws {
        let mounts = Recording(files: ["proc/self/mountinfo": "27 1 8:2 / / ro,relatime - ext4 /dev/sda2 rw\n"])
        let storage = StorageProbe.storage(of: "/nonexistent/deeper", probe: try (Self.disks + mounts).probe())
        #expect(storage.path == "/nonexistent/deeper" && storage.filesystem == "ext4" && storage.isRotational == true)
        #expect(storage.isReadOnly == true && storage.free != nil && storage.total.map { $0.bytes > 0 } == true)
    }

    @Test func aLinkIsFollowedToItsDisk() throws {
        let folder = TemporaryFolder.path
        try FileManager.default.createDirectory(atPath: folder + "/disk", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/disk")
        let mounts = Recording(files: [
            "proc/self/mountinfo": "27 1 8:2 / / rw - ext4 /dev/sda2 rw\n28 27 0:9 / \(folder)/disk rw - nfs4 server:/x rw\n"
        ])
        let storage = StorageProbe.storage(of: folder + "/link/models", probe: try (Self.disks + mounts).probe())
        #expect(storage.filesystem == "nfs4" && storage.isRotational == nil && storage.isReadOnly == false)
    }

    @Test func aContainersOverlayHasNoDiskOfItsOwn() throws {
        let storage = StorageProbe.storage(of: "/", probe: try Recording.docker.probe())
        #expect(storage.filesystem == "overlay" && storage.isRotational == nil && storage.isReadOnly == false)
    }

    @Test func furtherModelFoldersAreAskedToo() throws {
        let machine = try Self.disks.probe().capabilities(store: "/", more: ["/tmp", "/nonexistent"])
        #expect(machine.moreStorage?.map(\.path) == ["/tmp", "/nonexistent"] && machine.moreStorage?.allSatisfy { $0.free != nil } == true)
    }
}
