// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import CArchive
import Foundation
import HomeWiseDomain

/// libarchive over an `ArchiveInput`, told beforehand which format and packing it is: nothing is guessed, so nothing that
/// is packed twice is unpacked twice.
final class ArchiveReader {
    /// What lies around the format.
    enum Packing: Equatable { case none, gzip, xz, zstandard }
    /// What libarchive is to see.
    enum View: Equatable {
        case zip
        case tar(Packing)
        /// The bytes inside a packing, whatever they are.
        case raw(Packing)
    }

    /// Where libarchive is in the input; it calls back with this.
    private final class Feed {
        let input: ArchiveInput
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        var position: Int64 = 0
        var failure: (any Error)?

        init(_ input: ArchiveInput) { self.input = input }
        deinit { buffer.deallocate() }

        func next(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
            do {
                let count = try input.read(at: position, into: buffer)
                position += Int64(count)
                bytes?.pointee = UnsafeRawPointer(buffer.baseAddress)
                return count
            } catch {
                failure = error
                return -1
            }
        }

        func skip(_ count: Int64) -> Int64 {
            let skipped = max(0, min(count, input.length - position))
            position += skipped
            return skipped
        }

        func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
            let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : input.length
            let (target, overflows) = base.addingReportingOverflow(offset)
            guard !overflows, (0...input.length).contains(target) else { return Int64(ARCHIVE_FATAL) }
            position = target
            return target
        }
    }

    private let handle: OpaquePointer
    private let feed: Feed
    private let name: String

    /// - Parameter name: of the archive, for messages.
    /// - Throws: `Failure.damagedArchive`.
    init(_ input: ArchiveInput, as view: View, name: String) throws {
        guard let handle = archive_read_new() else { throw Failure.damagedArchive(name, "there is no memory for it") }
        self.handle = handle
        self.name = name
        feed = Feed(input)
        switch view {
        case .zip: archive_read_support_format_zip_seekable(handle)
        case .tar: archive_read_support_format_tar(handle)
        case .raw: archive_read_support_format_raw(handle)
        }
        switch view {
        case .zip: break
        case .tar(let packing), .raw(let packing): try add(packing)
        }
        try open()
    }

    deinit { archive_read_free(handle) }

    /// Exactly this filter, without asking the bytes. A warning would mean that a program of the system is started instead.
    private func add(_ packing: Packing) throws {
        let status =
            switch packing {
            case .none: ARCHIVE_OK
            case .gzip: archive_read_append_filter(handle, ARCHIVE_FILTER_GZIP)
            case .xz: archive_read_append_filter(handle, ARCHIVE_FILTER_XZ)
            case .zstandard: archive_read_append_filter(handle, ARCHIVE_FILTER_ZSTD)
            }
        guard status == ARCHIVE_OK else { throw Failure.damagedArchive(name, "this libarchive cannot read its packing") }
    }

    private func open() throws {
        let client = Unmanaged.passUnretained(feed).toOpaque()
        archive_read_set_callback_data(handle, client)
        archive_read_set_read_callback(handle) { _, client, bytes in ArchiveReader.feed(client).next(bytes) }
        archive_read_set_skip_callback(handle) { _, client, count in ArchiveReader.feed(client).skip(count) }
        archive_read_set_seek_callback(handle) { _, client, offset, whence in ArchiveReader.feed(client).seek(offset, whence) }
        guard archive_read_open1(handle) == ARCHIVE_OK else { throw broken() }
    }

    /// libarchive hands back what `open` gave it, which lives as long as the reader.
    private static func feed(_ client: UnsafeMutableRawPointer?) -> Feed {
        guard let client else { preconditionFailure("libarchive calls back with what it was given") }
        return Unmanaged<Feed>.fromOpaque(client).takeUnretainedValue()
    }

    /// The next entry as libarchive sees it; `nil` at the end.
    func next() throws -> Entry? {
        try Task.checkCancellation()
        var entry: OpaquePointer?
        let status = archive_read_next_header(handle, &entry)
        if status == ARCHIVE_EOF { return nil }
        // Warnings are about names in other alphabets; names are taken from our own list.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw broken() }
        let isLink = archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil
        return Entry(
            name: archive_entry_pathname(entry).map { String(cString: $0) }, type: archive_entry_filetype(entry), isLink: isLink,
            size: archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : nil)
    }

    struct Entry {
        let name: String?
        let type: mode_t
        let isLink: Bool
        let size: Int64?
    }

    /// Reads on in the entry.
    ///
    /// - Returns: bytes that were read; zero at the entry's end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try Task.checkCancellation()
        let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw broken() }
        return count
    }

    private func broken() -> any Error {
        feed.failure ?? Failure.damagedArchive(name, archive_error_string(handle).map { String(cString: $0) } ?? "it is broken")
    }
}
