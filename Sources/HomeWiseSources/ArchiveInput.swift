// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The bytes of an archive: one file, or several that were cut from one and are read as one, without a second copy.
///
/// Immutable once made, and read by position alone, so it may be shared.
final class ArchiveInput: ByteSource {
    private struct Part: Sendable {
        let path: String
        let descriptor: Int32
        let start: Int64
        let length: Int64
    }

    private let parts: [Part]
    let length: Int64

    /// - Throws: `Failure` for what is no plain file that may be read.
    init(_ paths: [String]) throws {
        var parts: [Part] = []
        var length: Int64 = 0
        do {
            for path in paths {
                let part = try Self.open(path, at: length)
                parts.append(part)
                length += part.length
            }
        } catch {
            for part in parts { close(part.descriptor) }
            throw error
        }
        self.parts = parts
        self.length = length
    }

    deinit { for part in parts { close(part.descriptor) } }

    private static func open(_ path: String, at start: Int64) throws -> Part {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Failure.unreadable(path: path, reason: "it is not a file")
        }
        return Part(path: path, descriptor: descriptor, start: start, length: Int64(status.st_size))
    }

    /// Reads at most as many bytes as the buffer has, from one part.
    ///
    /// - Returns: bytes that were read; zero at the end.
    /// - Throws: `Failure` with the system's reason.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let part = parts.first(where: { offset < $0.start + $0.length }), offset >= 0 else { return 0 }
        let count = min(buffer.count, Int(clamping: part.start + part.length - offset))
        while true {
            let got = pread(part.descriptor, buffer.baseAddress, count, off_t(offset - part.start))
            if got < 0, errno == EINTR { continue }
            // The length was asked when it was opened: less means that somebody is changing it.
            guard got > 0 || count == 0 else {
                throw Failure.unreadable(path: part.path, reason: got < 0 ? String(cString: strerror(errno)) : "it became shorter")
            }
            return got
        }
    }

    func withBytes<Value>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        guard range.lowerBound >= 0, range.upperBound <= length else {
            throw FormatFault.truncated("file", "\(range.upperBound) bytes are needed and it has \(length)")
        }
        return try withUnsafeTemporaryAllocation(byteCount: range.count, alignment: 16) { buffer in
            var filled = 0
            while filled < buffer.count {
                filled += try read(at: range.lowerBound + Int64(filled), into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            }
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }
}
