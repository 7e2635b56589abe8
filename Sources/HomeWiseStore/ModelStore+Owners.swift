// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension ModelStore {
    /// Whether every name of a blob's bytes is one of the store's own, so that writing into them changes nothing of anybody
    /// else: an import by link shares them with a person.
    ///
    /// - Returns: `false` also where there is no such blob, and where that cannot be told.
    /// - Throws: `Failure` when the store cannot be read.
    package func isOnlyOurs(_ digest: Digest) throws -> Bool {
        guard let blob = try root.folder(Layout.folder(of: digest))?.status(digest.hex), blob.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        if blob.st_nlink == 1 { return true }
        guard let models = try root.folder(Layout.modelFolder) else { return false }
        return try UInt64(blob.st_nlink) == 1 + Self.names(in: models)[FileNumber(blob), default: 0]
    }

    /// Bytes that are free when these blobs are gone, each counted once. One that has a name outside the store, as an import by
    /// link gives it, frees nothing.
    func bytesFreed(without digests: some Sequence<Digest>) throws -> Int64 {
        var names: [FileNumber: UInt64]?
        return try Set(digests).reduce(0) { sum, digest in
            guard let blob = try root.folder(Layout.folder(of: digest))?.status(digest.hex), blob.st_mode & S_IFMT == S_IFREG else {
                return sum
            }
            if blob.st_nlink > 1 {
                let known = try names ?? root.folder(Layout.modelFolder).map { try Self.names(in: $0) } ?? [:]
                names = known
                guard UInt64(blob.st_nlink) <= 1 + known[FileNumber(blob), default: 0] else { return sum }
            }
            return sum + Int64(blob.st_size)
        }
    }

    /// What the system knows a file by, whatever its names are.
    struct FileNumber: Hashable {
        let device, inode: UInt64
        init(_ status: stat) { (device, inode) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)) }
    }

    /// How many names below a folder lead to each file that has several. Links are not followed.
    static func names(in folder: StoreFolder) throws -> [FileNumber: UInt64] {
        var counts: [FileNumber: UInt64] = [:]
        for name in try folder.names() {
            guard let status = folder.status(name) else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                if let inner = try folder.folder(name) { counts.merge(try names(in: inner), uniquingKeysWith: +) }
            } else if status.st_nlink > 1 {
                counts[FileNumber(status), default: 0] += 1
            }
        }
        return counts
    }
}
