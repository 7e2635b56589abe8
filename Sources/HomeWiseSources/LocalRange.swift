// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import NIOCore
import NIOHTTP1

/// A file of this machine as a source: answers ranges as a good server would.
struct LocalRange {
    let url: String

    /// - Throws: `Failure.notAtSource` where there is no such plain file, or it is shorter than asked for.
    func answer(_ range: Range<Int64>) throws -> Transport.Answer {
        guard let place = URL(string: url), place.isFileURL else {
            throw Failure.badInput("“\(url)” is no file.", remedy: "Give a full path.")
        }
        let chunks = try FileChunks(path: place.path, range: range)
        let headers: HTTPHeaders = [
            "Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(chunks.size)", "ETag": "\"\(chunks.version)\"",
        ]
        return Transport.Answer(url: place, status: 206, headers: headers, body: .stream(chunks))
    }
}

/// A part of a file, read in pieces of 1 MiB.
private final class FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let size: Int64
    /// Changes when somebody writes the file.
    let version: String
    private let range: Range<Int64>
    private let path: String
    private let descriptor: Int32

    init(path: String, range: Range<Int64>) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            range.upperBound <= Int64(status.st_size)
        else {
            let reason = descriptor < 0 ? String(cString: strerror(errno)) : "it is no file, or shorter than it was"
            if descriptor >= 0 { close(descriptor) }
            throw unreadable(path, reason)
        }
        size = Int64(status.st_size)
        #if canImport(Darwin)
            version = "\(status.st_size)-\(status.st_mtimespec.tv_sec)-\(status.st_mtimespec.tv_nsec)-\(status.st_ino)"
        #else
            version = "\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)-\(status.st_ino)"
        #endif
        (self.path, self.range, self.descriptor) = (path, range, descriptor)
    }

    deinit { close(descriptor) }

    func makeAsyncIterator() -> Iterator { Iterator(file: self, position: range.lowerBound) }

    struct Iterator: AsyncIteratorProtocol {
        let file: FileChunks
        var position: Int64

        mutating func next() async throws -> ByteBuffer? {
            let count = Int(Swift.min(1 << 20, file.range.upperBound - position))
            guard count > 0 else { return nil }
            var buffer = ByteBuffer()
            let (from, descriptor) = (position, file.descriptor)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                while true {
                    let got = pread(descriptor, bytes.baseAddress!, count, off_t(from))
                    if got < 0, errno == EINTR { continue }
                    guard got > 0 else { throw unreadable(file.path, "it does not go on to its end") }
                    return got
                }
            }
            position += Int64(buffer.readableBytes)
            return buffer
        }
    }
}

/// Another place may have it still: this is no fault of the store.
private func unreadable(_ path: String, _ reason: String) -> Failure { .notHere(path, reason) }

extension Failure {
    /// A source on this machine that is gone.
    static func notHere(_ path: String, _ reason: String) -> Failure {
        Failure(.notAtSource, "\(path) cannot be read (\(reason)).", remedy: "Check that it exists and that you may read it.")
    }
}
