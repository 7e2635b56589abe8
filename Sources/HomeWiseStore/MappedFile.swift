// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A model's file, mapped: a header of megabytes is read in a millisecond, and nothing is allocated for what it announces.
///
/// Immutable once made: the mapping is read-only and lives as long as the object, which is the proof for `@unchecked`.
/// A file that somebody truncates while it is mapped raises SIGBUS: files of the store are read-only and ours; of a file
/// that a person names only the header is read, right after its length was asked.
package final class MappedFile: ByteSource, @unchecked Sendable {
    package let path: String
    package let length: Int64
    /// Bytes from the start that hold data, where the rest is only a hole of the right length.
    package let available: Int64
    private let memory: UnsafeRawBufferPointer

    /// - Parameter available: for a file of which only the beginning was fetched.
    /// - Throws: `Failure` for what is no readable file.
    package init(path: String, available: Int64? = nil) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure.unreadable(path: path, reason: "it is not a file")
        }
        let size = Int(status.st_size)
        if size > 0 {
            guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
                throw Failure.unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            memory = UnsafeRawBufferPointer(start: base, count: size)
        } else {
            memory = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        self.path = path
        length = Int64(size)
        self.available = min(available ?? Int64(size), Int64(size))
    }

    deinit {
        if let base = memory.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), memory.count) }
    }

    package func withBytes<Value>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        guard range.lowerBound >= 0, range.upperBound <= length else {
            throw FormatFault.truncated("file", "\(range.upperBound) bytes are needed and it has \(length)")
        }
        guard range.upperBound <= available else { throw MoreBytesNeeded(upTo: range.upperBound) }
        return try body(UnsafeRawBufferPointer(rebasing: memory[Int(range.lowerBound)..<Int(range.upperBound)]))
    }
}
