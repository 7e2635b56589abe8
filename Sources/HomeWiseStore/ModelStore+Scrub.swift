// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// How far a file was read, so that another day can go on there.
private struct ScrubPoint: Codable {
    var hash: HashState
    var size: Int64
    var modified: Int64
    var inode: UInt64
    /// Whether it was found wrong and is read for the second time.
    var isAgain: Bool?

    init(_ print: FilePrint, isAgain: Bool = false) {
        (hash, size, modified, inode, self.isAgain) = (HashState(), print.size, print.modified, print.inode, isAgain)
    }

    func fits(_ print: FilePrint) -> Bool {
        hash.isPlausible && hash.length <= size && FilePrint(size: size, modified: modified, inode: inode) == print
    }
}

extension ModelStore {
    /// Reads one blob as `verify` does, but so that nobody is disturbed: what it brings into memory leaves it at once, it waits as it
    /// is told, and it can stop anywhere and go on there another day.
    ///
    /// - Parameter pace: told after each MiB where the reading is; it may wait, and says whether to go on.
    /// - Returns: what is written down now; `nil` when it was to stop.
    /// - Throws: `CancellationError` as `pace` does; where it was is kept then too.
    package func scrub(_ digest: Digest, at now: Date, pace: (_ position: Int64) throws -> Bool) throws -> FileState? {
        let own = layout.blob(digest)
        // Of several places the one that is used; a bad one is known as such already.
        let places = try inventory.blobNotes().places[digest, default: []].filter { FilePrint(path: $0.path, followingLinks: true) != nil }
        let place = places.first { !$0.isDamaged } ?? places.first
        let isOwn = FilePrint(path: own, followingLinks: false) != nil
        let path = isOwn ? own : place?.path ?? own
        // What is not there cannot be read, and is told apart by `verify`.
        guard let print = FilePrint(path: path, followingLinks: !isOwn) else { return try prove(digest, at: now, pace) }
        var point =
            try inventory.note(.scrub, key: digest.hex, as: ScrubPoint.self).flatMap { $0.fits(print) ? $0 : nil } ?? ScrubPoint(print)
        while true {
            let isRight: Bool
            do {
                guard let found = try read(path, print.size, &point.hash, pace) else {
                    try keep(point, of: digest, at: now)
                    return nil
                }
                isRight = found == digest
            } catch is CancellationError {
                try keep(point, of: digest, at: now)
                throw CancellationError()
            } catch let failure as Failure where failure.code == .storeUnusable { isRight = false }
            guard FilePrint(path: path, followingLinks: !isOwn) == print else {
                try inventory.forget(.scrub, key: digest.hex)
                return try prove(digest, at: now, pace)
            }
            if isRight { break }
            guard point.isAgain != true else { return try condemn(digest, isOwn ? nil : place, at: now, pace) }
            // Whatever is wrong is looked at once more from its first byte before it is called so.
            point = ScrubPoint(print, isAgain: true)
            try keep(point, of: digest, at: now)
            guard try pace(0) else { return nil }
        }
        try inventory.forget(.scrub, key: digest.hex)
        try inventory.mark(digest, isSound: true, modified: isOwn ? print.modified : nil, at: now)
        if !isOwn, let place, place.print != print || place.isDamaged { try inventory.mark(place, as: print, damagedAt: nil) }
        return .sound
    }

    /// Reads it as `verify` does, at the pace of a scrub.
    ///
    /// - Returns: `nil` when it was to stop.
    private func prove(_ digest: Digest, at now: Date, _ pace: (Int64) throws -> Bool) throws -> FileState? {
        struct Stop: Error {}
        do { return try verify(digest, at: now) { guard try pace($0) else { throw Stop() } } } catch is Stop { return nil }
    }

    /// Writes down that bytes are wrong; where another place may have the right ones, that one is read.
    private func condemn(_ digest: Digest, _ place: Place?, at now: Date, _ pace: (Int64) throws -> Bool) throws -> FileState? {
        try inventory.forget(.scrub, key: digest.hex)
        if let place, !place.isDamaged {
            // It keeps the look that it was proven with: with another it is changed as well.
            try inventory.mark(place, as: place.print, damagedAt: now)
            let others = try inventory.blobNotes().places[digest, default: []]
            if others.contains(where: { !$0.isDamaged && FilePrint(path: $0.path, followingLinks: true) != nil }) {
                return try pace(0) ? scrub(digest, at: now, pace: pace) : nil
            }
        }
        try inventory.mark(digest, isSound: false, modified: nil, at: now)
        return .damaged
    }

    private func keep(_ point: ScrubPoint, of digest: Digest, at now: Date) throws {
        do { try inventory.note(point, .scrub, key: digest.hex, at: now) } catch let failure as Failure where failure.code == .diskFull {
            // The next round reads this file from its beginning.
        }
    }

    /// - Returns: the digest; `nil` when it was to stop before the end.
    private func read(_ path: String, _ size: Int64, _ hash: inout HashState, _ pace: (Int64) throws -> Bool) throws -> Digest? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let start = hash.length
            let wanted = Int(min(Int64(buffer.count), size - start))
            // The disk is to be asked, and not memory; what somebody has mapped stays there.
            Self.forget(descriptor, start, wanted)
            try Self.fill(buffer, wanted, from: descriptor, at: start, path)
            Self.forget(descriptor, start, wanted)
            let whole = wanted - wanted % HashState.block
            hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<whole]))
            let rest = UnsafeRawBufferPointer(rebasing: buffer[whole..<wanted])
            if start + Int64(wanted) >= size { return hash.finish(rest) }
            guard try pace(hash.length) else { return nil }
        }
    }

    private static func fill(_ buffer: UnsafeMutableRawBufferPointer, _ count: Int, from descriptor: Int32, at start: Int64, _ path: String)
        throws
    {
        var done = 0
        while done < count {
            let got = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(start) + off_t(done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Failure.unreadable(path: path, reason: got == 0 ? "it became shorter" : .errno) }
            done += got
        }
    }

    private static func forget(_ descriptor: Int32, _ start: Int64, _ count: Int) {
        #if canImport(Darwin)
            _ = fcntl(descriptor, F_NOCACHE, 1)
        #else
            posix_fadvise(descriptor, off_t(start), off_t(count), POSIX_FADV_DONTNEED)
        #endif
    }
}
