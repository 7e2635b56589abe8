// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// Joins members of archives, or files that one file was cut into, into one file, hashing what it writes.
package struct MemberJoin {
    private let path: String
    private let descriptor: Int32
    private var hash = SHA256()
    private var size: Int64 = 0

    /// Begins the file anew: what an interrupted run left is worth less than the seconds of unpacking it again.
    package init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        self.path = path
    }

    /// - Parameter limit: bytes that the whole may have at most.
    package mutating func append(_ member: SafePath, of archive: Archive, limit: Int64) throws {
        try archive.extract(member, to: descriptor, limit: limit - size) { bytes in
            hash.update(bufferPointer: bytes)
            size += Int64(bytes.count)
        }
    }

    /// Appends a file as it stands.
    ///
    /// - Parameter limit: bytes that the whole may have at most.
    package mutating func append(file: String, limit: Int64) throws {
        let input = try ArchiveInput([file])
        guard input.length <= limit - size else { throw Failure.archiveTooLarge(file, "with it the whole is longer than was announced") }
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 4096) { buffer in
            var position: Int64 = 0
            while position < input.length {
                try Task.checkCancellation()
                let count = try input.read(at: position, into: buffer)
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                try Archive.write(bytes, to: descriptor, path: path)
                hash.update(bufferPointer: bytes)
                position += Int64(count)
                size += Int64(count)
            }
        }
    }

    /// Closes the file. - Returns: the digest and the number of bytes of the whole.
    package consuming func finish() -> (digest: Digest, size: Int64) {
        close(descriptor)
        return (Digest(bytes: hash.finalize()), size)
    }

    package func abandon() { close(descriptor) }
}
