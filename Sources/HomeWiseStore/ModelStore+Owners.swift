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
        return try UInt64(blob.st_nlink) == 1 + Self.names(of: blob, in: models)
    }

    /// How many names below a folder lead to the same bytes. Links are not followed.
    private static func names(of blob: stat, in folder: StoreFolder) throws -> UInt64 {
        var count: UInt64 = 0
        for name in try folder.names() {
            guard let status = folder.status(name) else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                if let inner = try folder.folder(name) { count += try names(of: blob, in: inner) }
            } else if status.st_ino == blob.st_ino, status.st_dev == blob.st_dev {
                count += 1
            }
        }
        return count
    }
}
