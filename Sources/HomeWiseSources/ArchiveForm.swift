// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// What an archive is, by its first bytes, and what those unpack to.
enum ArchiveForm: Equatable {
    case zip
    case tar(ArchiveReader.Packing)
    /// One file, packed.
    case single(ArchiveReader.Packing)

    /// - Throws: `Failure.damagedArchive` for what is none of these, and for what is packed more than once.
    static func detect(_ input: ArchiveInput, name: String) throws -> ArchiveForm {
        let start = try input.withBytes(0..<min(input.length, Int64(FormatDetection.bytesNeeded))) { Array($0) }
        let packing: ArchiveReader.Packing
        switch FormatDetection.container(of: start) {
        case .zip: return .zip
        case .tar: return .tar(.none)
        case .gzip: packing = .gzip
        case .xz: packing = .xz
        case .zstandard: packing = .zstandard
        default: throw Failure.damagedArchive(name, "it is neither zip nor tar, nor packed with gzip, xz or zstd")
        }
        switch try FormatDetection.container(of: inside(input, packing, name: name)) {
        case .tar: return .tar(packing)
        case .gzip, .xz, .zstandard, .bzip2, .zip, .sevenZip: throw Failure.damagedArchive(name, "it is packed more than once")
        default: return .single(packing)
        }
    }

    private static func inside(_ input: ArchiveInput, _ packing: ArchiveReader.Packing, name: String) throws -> [UInt8] {
        let reader = try ArchiveReader(input, as: .raw(packing), name: name)
        guard try reader.next() != nil else { return [] }
        return try withUnsafeTemporaryAllocation(byteCount: FormatDetection.bytesNeeded, alignment: 16) { buffer in
            var filled = 0
            while filled < buffer.count {
                let count = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                if count == 0 { break }
                filled += count
            }
            return Array(buffer[..<filled])
        }
    }
}
