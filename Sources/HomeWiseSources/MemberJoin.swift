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

    /// Closes the file. - Returns: the digest and the number of bytes of the whole.
    package consuming func finish() -> (digest: Digest, size: Int64) {
        close(descriptor)
        return (Digest(bytes: hash.finalize()), size)
    }

    package func abandon() { close(descriptor) }
}
