// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// What the disk of the store can and cannot, decided before a byte is fetched.
package struct DiskTraits: Sendable, Equatable {
    /// Bytes that one file may have; `nil` without a limit worth naming.
    package var largestFile: Int64?
    /// Bytes that one name may have.
    package var longestName: Int
    /// Whether “A” and “a” are one file.
    package var ignoresCase: Bool
    /// Whether a file can have a second name.
    package var hasLinks: Bool
    /// Whether other machines may have the same disk.
    package var isNetwork: Bool

    package init(
        largestFile: Int64? = nil, longestName: Int = 255, ignoresCase: Bool = false, hasLinks: Bool = true, isNetwork: Bool = false
    ) {
        self.largestFile = largestFile
        self.longestName = longestName
        self.ignoresCase = ignoresCase
        self.hasLinks = hasLinks
        self.isNetwork = isNetwork
    }

    /// - Throws: `Failure` for the first file that the disk cannot take.
    package func check(_ files: [(path: SafePath, size: Int64?)]) throws {
        if !hasLinks, files.count > 1, let file = files.first(where: { Self.needsNeighbours($0.path) }) {
            throw Failure.noRealNames(file.path.name)
        }
        // Strings are equal where Unicode says so: two spellings of one letter are one name, as disks of Macs have it.
        var seen: Set<String> = []
        for file in files {
            let name = ignoresCase ? file.path.value.lowercased() : file.path.value
            guard seen.insert(name).inserted else { throw Failure.sameName(file.path.value) }
            if let part = file.path.value.split(separator: "/").first(where: { $0.utf8.count > longestName }) {
                throw Failure.nameTooLong(String(part), longest: longestName)
            }
            if let largestFile, let size = file.size, size > largestFile {
                throw Failure.fileTooLarge(file.path.name, size: ByteCount(size), largest: ByteCount(largestFile))
            }
        }
    }

    /// Whether readers look for other files beside it under their real names, which the store shows by hard links: all but a GGUF
    /// file that is whole.
    private static func needsNeighbours(_ path: SafePath) -> Bool {
        !path.name.lowercased().hasSuffix(".gguf") || ImportName.shardStem(path.name) != nil
    }

    /// FAT and its like keep no numbers of files: the system makes them up, anew with each mount and even in between.
    ///
    /// - Parameter kind: as below; `nil` where it is unknown.
    static func numbersAnew(_ kind: String?) -> Bool {
        kind.map { ["vfat", "msdos", "fat", "exfat", "fuseblk", "fuse.exfat", "fuse.sshfs"].contains($0) } ?? false
    }

    /// - Parameter kind: as the system names kinds of disks: “ext4”, “vfat”, “nfs4”.
    package mutating func know(kind: String) {
        if ["vfat", "msdos", "fat"].contains(kind) { largestFile = (4 << 30) - 1 }
        isNetwork =
            ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "gpfs", "ceph", "afs", "webdav", "fuse.sshfs", "fuse.glusterfs"]
            .contains(kind)
    }
}

/// What the system is asked about disks, so that a test can be one that it has not.
struct DiskQuestions: Sendable {
    /// What kind of disk holds a path; `nil` where the system does not say.
    var kind: @Sendable (String) -> String?

    static let system = DiskQuestions { MountPoint.kind(of: $0) }
}

extension ModelStore {
    /// Asks the disk itself, with a file of its own that is gone afterwards.
    package func diskTraits() throws -> DiskTraits {
        var traits = DiskTraits()
        guard let folder = try root.folder(Layout.partialFolder, creating: true) else { return traits }
        if let kind = disks.kind(layout.home) { traits.know(kind: kind) }
        let longest = fpathconf(folder.descriptor, Int32(_PC_NAME_MAX))
        if longest > 0 { traits.longestName = min(255, longest) }
        let name = "\(Self.probePrefix)\(getpid()).\(UInt32.random(in: .min ... .max))"
        try folder.write(Data(), as: name)
        defer { for leftover in [name, name + ".link"] { unlinkat(folder.descriptor, leftover, 0) } }
        traits.ignoresCase = folder.status(name.uppercased()) != nil
        traits.hasLinks = linkat(folder.descriptor, name, folder.descriptor, name + ".link", 0) == 0
        return traits
    }

    static let probePrefix = "probe-"

    /// - Throws: `Failure` for the first file that this disk cannot take, before anything is fetched.
    package func check(_ files: [(path: SafePath, size: Int64?)]) throws { try diskTraits().check(files) }
}
