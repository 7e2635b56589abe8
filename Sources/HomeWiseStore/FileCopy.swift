// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A new file of the store that is put together from others, hashed while it is written.
package final class JoinedFile {
    package let path: String
    private let descriptor: Int32
    private var hash = FileHash()
    package private(set) var size: Int64 = 0

    /// Begins the file anew: what an interrupted run left is worth less than the seconds of doing it again.
    package init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        self.path = path
    }

    /// As above, in a folder that is held open: whatever becomes of its path meanwhile.
    init(_ name: String, in folder: StoreFolder) throws {
        path = "\(folder.path)/\(name)"
        descriptor = openat(folder.descriptor, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    deinit { close(descriptor) }

    /// Adds all bytes of a file.
    ///
    /// - Throws: `Failure`, `CancellationError`.
    package func append(_ other: String, seen: (Int64) throws -> Void = { _ in }) throws {
        let source = open(other, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard source >= 0 else { throw Failure.unreadable(path: other, reason: .errno) }
        defer { close(source) }
        var isAtEnd = false
        while !isAtEnd {
            try Task.checkCancellation()
            isAtEnd = try step(from: source, other)
            try seen(size)
        }
    }

    /// Copies 1 MiB. - Returns: whether that was the end.
    private func step(from source: Int32, _ name: String) throws -> Bool {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 64) { buffer in
            let got = read(source, buffer.baseAddress!, buffer.count)
            if got < 0, errno == EINTR { return false }
            guard got >= 0 else { throw Failure.unreadable(path: name, reason: .errno) }
            try write(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            return got == 0
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
            written += count
        }
        hash.add(bytes)
        size += Int64(bytes.count)
    }

    /// Shares the blocks of a file instead of copying them, where the disk can.
    ///
    /// - Returns: whether it did; if not, nothing was changed.
    func clone(_ other: String) throws -> Bool {
        #if canImport(Darwin)
            return false
        #else
            let source = open(other, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard source >= 0 else { throw Failure.unreadable(path: other, reason: .errno) }
            defer { close(source) }
            // FICLONE of linux/fs.h.
            return ioctl(descriptor, 0x4004_9409, source) == 0
        #endif
    }

    package var digest: Digest { hash.finish() }
}
