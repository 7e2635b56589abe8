// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// Joins members of one or more archives into one file, hashing what it writes.
package struct MemberJoin {
    private let path: String
    private let descriptor: Int32
    private var hash = SHA256()
    package private(set) var size: Int64 = 0

    /// Begins the file anew: what an interrupted run left is worth less than the seconds of unpacking it again.
    package init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        self.path = path
    }

    /// Goes on with a file that an earlier run began, if what it wrote is still there: it is read once more, and nothing that was
    /// packed need be had again.
    ///
    /// - Returns: `nil` for a file that is not what was written down.
    package init?(path: String, continuing done: (size: Int64, digest: Digest)) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        (self.path, self.descriptor) = (path, descriptor)
        do {
            guard try readBack(done.size), currentDigest == done.digest, ftruncate(descriptor, off_t(done.size)) == 0,
                lseek(descriptor, off_t(done.size), SEEK_SET) == off_t(done.size)
            else {
                close(descriptor)
                return nil
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// - Returns: whether so many bytes could be read.
    private mutating func readBack(_ length: Int64) throws -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while size < length {
            try Task.checkCancellation()
            let got = pread(descriptor, buffer.baseAddress, Int(min(Int64(buffer.count), length - size)), off_t(size))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return false }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            size += Int64(got)
        }
        return true
    }

    /// Of what was written so far.
    package var currentDigest: Digest {
        let soFar = hash
        return Digest(bytes: soFar.finalize())
    }

    /// What was written so far outlasts a power cut.
    ///
    /// - Throws: `Failure.cannotWrite`.
    package func flush() throws {
        guard fsync(descriptor) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    /// - Parameter limit: bytes that the whole may have at most.
    package mutating func append(_ member: SafePath, of archive: Archive, limit: Int64) throws {
        try archive.extract(member, to: descriptor, limit: limit - size) { bytes in
            hash.update(bufferPointer: bytes)
            size += Int64(bytes.count)
        }
    }

    /// Closes the file. - Returns: the digest and the number of bytes of the whole.
    package consuming func finish() -> (digest: Digest, size: Int64) {
        close(descriptor)
        return (Digest(bytes: hash.finalize()), size)
    }

    package func abandon() { close(descriptor) }
}
