// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import Synchronization

/// A blob of the store as the target of a transfer: all its pieces are here, each with the chain digest that was noted when
/// it was published, so that the transfer finds those that went bad and fetches them alone.
///
/// It is written in place: it is damaged already, and all its names are mended with it.
package final class BlobPatch: TransferTarget {
    package let grid: PieceGrid
    private let path: String
    private let chain: [Int: Digest]
    private let descriptor: Int32
    private let length: Int64
    private let bad = Mutex<Set<Int>>([])

    init(path: String, size: Int64, chain: [Int: Digest]) throws {
        guard chmod(path, 0o600) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        length = Int64(status.st_size)
        if length != size, ftruncate(descriptor, off_t(size)) != 0 {
            close(descriptor)
            throw Failure.cannotWrite(path: path, errno: errno)
        }
        (self.path, self.chain, self.descriptor) = (path, chain, descriptor)
        grid = PieceGrid(size: size)
    }

    deinit {
        // Whatever came of it, a blob is nobody's to write.
        fchmod(descriptor, 0o444)
        close(descriptor)
    }

    package var isProven: Bool { true }

    /// Pieces that were fetched anew.
    package var mended: [Int] { bad.withLock { $0.sorted() } }

    package func held() throws -> [Int: Digest?] {
        chain.filter { grid.range(of: $0.key).upperBound <= length }.mapValues { $0 }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try FileBytes.write(bytes, to: descriptor, at: offset, path)
    }
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
        try FileBytes.read(into: buffer, from: descriptor, at: offset, path)
    }
    package func arrived(piece index: Int) throws { _ = bad.withLock { $0.insert(index) } }
    /// The chain is known already, and right: it led to the file's published digest.
    package func proved(piece index: Int, chain digest: Digest) throws {}
    package func spoiled(piece index: Int) throws {}

    /// What was written reaches the disk before anybody believes it.
    package func finish() throws {
        guard FileBytes.flush(descriptor), fchmod(descriptor, 0o444) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
    }
}

extension ModelStore {
    /// - Returns: `nil` where nothing is known of the blob's pieces, or it is not there at all.
    package func patch(_ digest: Digest, size: Int64) throws -> BlobPatch? {
        let chain = try inventory.chain(of: digest)
        let path = layout.blob(digest)
        guard !chain.isEmpty, FilePrint(path: path, followingLinks: false) != nil, try isOnlyOurs(digest) else { return nil }
        return try BlobPatch(path: path, size: size, chain: chain)
    }
}

/// All of a buffer, at a place of a file.
enum FileBytes {
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64, _ path: String) throws {
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset) + off_t(written))
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure.cannotWrite(path: path, errno: errno)
            }
            written += count
        }
    }

    static func read(into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64, _ path: String) throws {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.unreadable(path: path, reason: count == 0 ? "it is shorter than it was" : .errno) }
            done += count
        }
    }

    /// From where the file stands to the end of the buffer or of the file.
    ///
    /// - Returns: bytes that were read; `nil` with `errno` where the disk refuses.
    static func readAll(into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int? {
        var done = 0
        while done < buffer.count {
            let count = Foundation.read(descriptor, buffer.baseAddress! + done, buffer.count - done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// - Returns: whether all that was written is on the disk; `false` with `errno`. After that nobody may ask again and believe
    ///   the answer: the system forgets what it could not write, and says that all is well.
    static func flush(_ descriptor: Int32) -> Bool {
        while fsync(descriptor) != 0 { if errno != EINTR { return false } }
        return true
    }
}
