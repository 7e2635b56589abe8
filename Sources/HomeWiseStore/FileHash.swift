// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// SHA-256 over files, read in pieces of 1 MiB.
package struct FileHash {
    private var hash = SHA256()

    package init() {}

    /// - Throws: `Failure.storeUnusable` when the file cannot be read to its end, `CancellationError`.
    package static func digest(of path: String) throws -> Digest {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        var status = stat()
        var hash = FileHash()
        guard fstat(descriptor, &status) == 0, hash.add(descriptor, from: 0, count: Int64(status.st_size)) else {
            try Task.checkCancellation()
            throw Failure.unreadable(path: path, reason: .errno)
        }
        return hash.finish()
    }

    /// A name for things that have no digest of their own.
    package static func digest(ofText text: String) -> Digest { Digest(bytes: SHA256.hash(data: Data(text.utf8))) }

    /// - Returns: whether all the bytes could be read; a cancelled task stops reading.
    mutating func add(_ descriptor: Int32, from offset: Int64, count: Int64) -> Bool {
        var position = offset
        let end = offset + count
        return withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 64) { buffer in
            while position < end {
                if Task.isCancelled { return false }
                let got = pread(descriptor, buffer.baseAddress!, min(buffer.count, Int(end - position)), off_t(position))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return false }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<got]))
                position += Int64(got)
            }
            return true
        }
    }

    func finish() -> Digest { Digest(bytes: hash.finalize()) }
}
