// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The first of the two phases: what is in an archive, by our own strict readers, before anything is written.
struct ArchiveListing {
    let form: ArchiveForm
    let entries: [ArchiveEntry]

    /// - Parameters:
    ///   - name: of the archive, for messages; a single packed file is named after it.
    ///   - limit: bytes that the inside of a packed tar archive may have, before it is a bomb.
    /// - Throws: `Failure`.
    init(_ input: ArchiveInput, name: String, limit: Int64) throws {
        form = try ArchiveForm.detect(input, name: name)
        switch form {
        case .zip: entries = try ZipListing.entries(of: input, archive: name)
        case .tar(let packing): entries = try Self.tar(input, packing, name: name, limit: limit)
        case .single: entries = [ArchiveEntry(name: Self.inner(name), size: nil)]
        }
    }

    /// Bytes of all files, where their number is known beforehand.
    var total: Int64? {
        entries.reduce(Int64(0)) { sum, entry in
            guard let sum, let size = entry.size else { return nil }
            let (total, overflows) = sum.addingReportingOverflow(size)
            return overflows ? .max : total
        }
    }

    private static func tar(_ input: ArchiveInput, _ packing: ArchiveReader.Packing, name: String, limit: Int64) throws -> [ArchiveEntry] {
        if packing == .none { return try plainTar(input, name: name, limit: limit) }
        var screen = TarScreen(archive: name)
        let budget = ArchiveBudget(announced: limit, packed: input.length, free: nil)
        let reader = try ArchiveReader(input, as: .raw(packing), name: name)
        guard try reader.next() != nil else { throw Failure.damagedArchive(name, "it is empty") }
        return try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 4096) { buffer in
            var seen: Int64 = 0
            while true {
                let count = try reader.read(into: buffer)
                if count == 0 { return try screen.finish() }
                seen += Int64(count)
                try screen.consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                // Headers tell what is to come, so a bomb is known by them; and they themselves take room.
                try budget.check(max(screen.total, seen - Int64(screen.entries.count + 1) * 4096 - (1 << 20)), of: name)
            }
        }
    }

    /// Of one that is not packed only the headers are read, however large its files are.
    private static func plainTar(_ input: ArchiveInput, name: String, limit: Int64) throws -> [ArchiveEntry] {
        var screen = TarScreen(archive: name)
        return try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 4096) { buffer in
            var position: Int64 = 0
            while position < input.length {
                try Task.checkCancellation()
                let count = try input.read(at: position, into: buffer)
                try screen.consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                position += Int64(count)
                guard screen.total <= limit else { throw Failure.archiveTooLarge(name, "it unpacks to more than was announced") }
                let jump = min(screen.skippable, input.length - position)
                screen.skip(jump)
                position += jump
            }
            return try screen.finish()
        }
    }

    /// `model.gguf` of `model.gguf.gz`.
    private static func inner(_ name: String) -> String {
        let file = name.split(separator: "/").last.map(String.init) ?? name
        for suffix in [".gz", ".xz", ".zst", ".zstd"] where file.lowercased().hasSuffix(suffix) && file.utf8.count > suffix.utf8.count {
            return String(file.dropLast(suffix.count))
        }
        return file + ".unpacked"
    }
}
