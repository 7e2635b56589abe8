// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The page that the manager and the preloaded library share: how many threads are wanted, how many are in force.
package final class GovernorBoard: Sendable {
    /// Environment variable that names the file to the library.
    static let variable = "HOMEWISE_GOVERNOR_BOARD"
    private static let length = 12

    let path: String
    /// Address of three `UInt32`. It is mapped as long as this lives, and each word is written by one side alone: `wanted` by us,
    /// the others by the engine; words of four bytes are never seen half written.
    private let place: UInt

    /// - Throws: `Failure.cannotWrite`.
    init(path: String, threads: Int) throws {
        self.path = path
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        defer { close(file) }
        guard ftruncate(file, off_t(Self.length)) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        let address = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        guard let address, address != MAP_FAILED else { throw Failure.cannotWrite(path: path, errno: errno) }
        place = UInt(bitPattern: address)
        set(threads)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(bitPattern: place), Self.length)
        unlink(path)
    }

    /// Takes effect with the next token.
    package func set(_ threads: Int) { word(0)?.pointee = UInt32(clamping: max(1, threads)) }

    /// Threads of the last step; 0 before the first one.
    package var inForce: Int { Int(word(1)?.pointee ?? 0) }

    /// Steps that went through the library.
    package var steps: Int { Int(word(2)?.pointee ?? 0) }

    private func word(_ index: Int) -> UnsafeMutablePointer<UInt32>? {
        UnsafeMutableRawPointer(bitPattern: place)?.advanced(by: index * 4).assumingMemoryBound(to: UInt32.self)
    }
}
