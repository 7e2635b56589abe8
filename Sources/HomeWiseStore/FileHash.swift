// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// SHA-256 over files, read in pieces of 1 MiB.
package struct FileHash {
    private var hash = SHA256()

    package init() {}

    /// - Parameters:
    ///   - followingLinks: `false` refuses a path that is a link.
    ///   - isFresh: reads what the disk holds, and not what memory still holds of it.
    ///   - seen: told now and then how many bytes are done; it may wait, and so set the pace.
    /// - Throws: `Failure.storeUnusable` when the file cannot be read to its end, `CancellationError`.
    package static func digest(
        of path: String, followingLinks: Bool = true, isFresh: Bool = false, seen: (Int64) throws -> Void = { _ in }
    ) throws -> Digest {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followingLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        return try digest(of: descriptor, path: path, isFresh: isFresh, seen: seen)
    }

    /// Of a file by its own name in a folder that is held open.
    static func digest(of name: String, in folder: StoreFolder, seen: (Int64) throws -> Void) throws -> Digest {
        let path = "\(folder.path)/\(name)"
        let descriptor = openat(folder.descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        return try digest(of: descriptor, path: path, isFresh: false, seen: seen)
    }

    private static func digest(of descriptor: Int32, path: String, isFresh: Bool, seen: (Int64) throws -> Void) throws -> Digest {
        if isFresh { forget(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure.unreadable(path: path, reason: "it is not a file") }
        var (hash, position) = (FileHash(), Int64(0))
        let size = Int64(status.st_size)
        while position < size {
            let count = min(step, size - position)
            guard hash.add(descriptor, from: position, count: count) else {
                try Task.checkCancellation()
                throw Failure.unreadable(path: path, reason: .errno)
            }
            position += count
            try seen(position)
        }
        return hash.finish()
    }

    private static let step: Int64 = 8 << 20

    /// Asks the system to drop what it holds of a file; that it need not is no harm.
    private static func forget(_ descriptor: Int32) {
        #if canImport(Darwin)
            _ = fcntl(descriptor, F_NOCACHE, 1)
        #else
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        #endif
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

    package mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    package func finish() -> Digest { Digest(bytes: hash.finalize()) }
}
