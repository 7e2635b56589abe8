// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Room on the disk, reserved and not only looked at.
enum Space {
    /// Gives a file its full length with real blocks behind it.
    ///
    /// - Throws: `Failure.diskFull` with both figures when the disk is too small.
    static func reserve(_ size: Int64, on descriptor: Int32, path: String) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        if status.st_size > size, ftruncate(descriptor, off_t(size)) != 0 { throw Failure.cannotWrite(path: path, errno: errno) }
        guard size > 0 else { return }
        var outcome: Int32
        repeat { outcome = posix_fallocate(descriptor, 0, off_t(size)) } while outcome == EINTR
        switch outcome {
        case 0: return
        case ENOSPC, EDQUOT, EFBIG:
            let already = Int64(status.st_blocks) * 512
            // What could be reserved so far would only be in the way of whoever frees space now.
            ftruncate(descriptor, off_t(min(status.st_size, off_t(size))))
            throw Failure.diskTooSmall(path: path, needed: ByteCount(max(0, size - already)), free: free(at: descriptor))
        case let number: throw Failure.cannotWrite(path: path, errno: number)
        }
    }

    private static func free(at descriptor: Int32) -> ByteCount {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return ByteCount(0) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return ByteCount(overflow ? .max : Int64(clamping: bytes))
    }
}
