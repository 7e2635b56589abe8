// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

package enum StorageProbe {
    /// Free and total bytes of the disk that holds a path, or would hold it: the nearest folder that exists is asked.
    package static func storage(of path: String) -> SystemCapabilities.Storage {
        var folder = URL(filePath: path)
        while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" { folder.deleteLastPathComponent() }
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return .init(path: path, free: nil, total: nil) }
        let block = UInt64(status.f_frsize)
        func bytes(_ blocks: UInt64) -> ByteCount? {
            Int64(exactly: blocks.multipliedReportingOverflow(by: block).partialValue).map { ByteCount($0) }
        }
        return .init(path: path, free: bytes(UInt64(status.f_bavail)), total: bytes(UInt64(status.f_blocks)))
    }
}
