// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The second phase: libarchive unpacks, and what it sees must be what the list says, entry by entry and byte by byte.
struct ArchiveExtraction {
    private let listing: ArchiveListing
    private let name: String
    private let budget: ArchiveBudget
    private let reader: ArchiveReader
    /// Places in the list that are still to come.
    private var wanted: Set<Int>
    private var index = -1
    private var written: Int64 = 0

    /// - Parameters:
    ///   - name: of the archive, for messages.
    ///   - wanted: entries, by their place in the list.
    init(_ input: ArchiveInput, _ listing: ArchiveListing, name: String, budget: ArchiveBudget, wanted: Set<Int>) throws {
        self.listing = listing
        self.name = name
        self.budget = budget
        self.wanted = wanted
        reader = try ArchiveReader(input, as: Self.view(listing.form), name: name)
    }

    /// Goes on to the next entry that is wanted, in the order of the archive.
    ///
    /// - Returns: its place in the list; `nil` after the last.
    mutating func next() throws -> Int? {
        while !wanted.isEmpty {
            guard let seen = try reader.next() else { throw differs("it has fewer entries") }
            index += 1
            guard index < listing.entries.count else { throw differs("it has more entries") }
            try check(seen, listing.entries[index])
            if wanted.remove(index) != nil { return index }
        }
        return nil
    }

    private static func view(_ form: ArchiveForm) -> ArchiveReader.View {
        switch form {
        case .zip: .zip
        case .tar(let packing): .tar(packing)
        case .single(let packing): .raw(packing)
        }
    }

    /// Names in other alphabets come out of libarchive as the locale has them, so those are held to place and size alone.
    private func check(_ seen: ArchiveReader.Entry, _ entry: ArchiveEntry) throws {
        if case .single = listing.form { return }
        switch entry.kind {
        case .file:
            guard seen.type == S_IFREG, !seen.isLink, seen.size == entry.size else { throw differs("a file is something else") }
        case .folder: guard seen.type == S_IFDIR, !seen.isLink else { throw differs("a folder is something else") }
        case .link, .other: return
        }
        if entry.name.utf8.allSatisfy({ $0 < 0x80 }), let name = seen.name, Self.trimmed(name) != Self.trimmed(entry.name) {
            throw differs("a name is another")
        }
    }

    private static func trimmed(_ name: String) -> Substring { name.hasSuffix("/") ? name.dropLast() : name[...] }

    /// Two readers see different archives: that is how an attack looks.
    private func differs(_ how: String) -> Failure { .damagedArchive(name, "two ways to read it differ: \(how)") }

    /// Reads the entry to its end. Every byte is counted before it is handed on.
    ///
    /// - Returns: bytes of the entry.
    mutating func copy(to sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        let size = listing.entries[index].size
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var length: Int64 = 0
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { break }
            length += Int64(count)
            written += Int64(count)
            if let size, length > size { throw differs("a file is longer than it says") }
            try budget.check(written, of: name)
            try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        if let size, length != size { throw differs("a file is shorter than it says") }
        return length
    }
}
