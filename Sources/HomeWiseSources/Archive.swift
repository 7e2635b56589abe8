// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import CArchive
import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// Reads zip and tar archives with libarchive. Only regular files come out, under safe names, within a budget.
package struct Archive {
    package let path: String
    /// For error messages.
    package let name: String

    package init(path: String, name: String) {
        self.path = path
        self.name = name
    }

    /// Writes one member to an open file, at its current end.
    ///
    /// - Parameters:
    ///   - limit: bytes that it may have at most.
    ///   - consume: sees every byte, in order, as it is written.
    /// - Throws: `Failure.damagedArchive` when the member is missing, too large, or the archive is broken.
    package func extract(
        _ member: SafePath, to descriptor: Int32, limit: Int64, consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var isFound = false
        try forEachFile { entry, path, reader in
            guard path == member.value, !isFound else { return true }
            isFound = true
            var budget = limit
            try copy(from: reader, to: descriptor, budget: &budget, consume: consume)
            return false
        }
        guard isFound else { throw Failure.damagedArchive(name, "it has no member \(member)") }
    }

    /// Writes all files below a folder of the archive into a folder of the disk, which is made.
    ///
    /// - Parameter limit: bytes that all of them may have together.
    package func extractAll(below prefix: String, to folder: String, limit: Int64) throws {
        var budget = limit
        var count = 0
        try forEachFile { entry, path, reader in
            guard path.hasPrefix(prefix + "/") else { return true }
            let relative = try SafePath(untrusted: String(path.dropFirst(prefix.count + 1)))
            try Task.checkCancellation()
            try write(
                reader, to: folder + "/" + relative.value, mode: archive_entry_perm(entry) & 0o100 == 0 ? 0o644 : 0o755, budget: &budget)
            count += 1
            return true
        }
        guard count > 0 else { throw Failure.damagedArchive(name, "it has no folder \(prefix)") }
    }

    private func write(_ reader: OpaquePointer, to path: String, mode: mode_t, budget: inout Int64) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: folder, error: error)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        defer { close(descriptor) }
        try copy(from: reader, to: descriptor, budget: &budget) { _ in }
    }

    /// Visits regular files until the body says stop. Links, devices and other kinds are passed over.
    private func forEachFile(_ body: (OpaquePointer, String, OpaquePointer) throws -> Bool) throws {
        guard let reader = archive_read_new() else { throw Failure.damagedArchive(name, "no memory") }
        defer { archive_read_free(reader) }
        archive_read_support_format_zip(reader)
        archive_read_support_format_tar(reader)
        archive_read_support_filter_gzip(reader)
        guard archive_read_open_filename(reader, path, 1 << 20) == ARCHIVE_OK else { throw broken(reader) }
        while true {
            var entry: OpaquePointer?
            let status = archive_read_next_header(reader, &entry)
            if status == ARCHIVE_EOF { return }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw broken(reader) }
            guard archive_entry_filetype(entry) == S_IFREG, archive_entry_hardlink(entry) == nil,
                let path = archive_entry_pathname(entry).map({ String(cString: $0) })
            else { continue }
            if try !body(entry, path, reader) { return }
        }
    }

    private func copy(
        from reader: OpaquePointer, to descriptor: Int32, budget: inout Int64, consume: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 64) { buffer in
            while true {
                let count = archive_read_data(reader, buffer.baseAddress!, buffer.count)
                if count == 0 { return }
                guard count > 0 else { throw broken(reader) }
                try Task.checkCancellation()
                budget -= Int64(count)
                guard budget >= 0 else { throw Failure.damagedArchive(name, "it unpacks to more than was announced") }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)])
                try Self.writeAll(bytes, to: descriptor, archive: name)
                try consume(bytes)
            }
        }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, archive: String) throws {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure.cannotWrite(path: "what \(archive) holds", errno: errno)
            }
            written += count
        }
    }

    private func broken(_ reader: OpaquePointer) -> Failure {
        .damagedArchive(name, archive_error_string(reader).map { String(cString: $0) } ?? "it is broken")
    }
}
