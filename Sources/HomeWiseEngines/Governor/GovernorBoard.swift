// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// The page that the manager and the preloaded library share: how many threads are wanted, how many are in force.
package final class GovernorBoard: Sendable {
    /// Environment variable that names the file to the library.
    static let variable = "HOMEWISE_GOVERNOR_BOARD"
    private static let length = 12

    let path: String
    /// Address of three `UInt32`. It is mapped as long as this lives, and each word is written by one side alone: `wanted` by us,
    /// the others by the engine; words of four bytes are never seen half written.
    private let place: UInt
    private let fewest: Mutex<Int>

    /// - Throws: `Failure.cannotWrite`.
    init(path: String, threads: Int) throws {
        self.path = path
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        defer { close(file) }
        // Written, and not only made long: a store to a page that a full disk has no room for ends the program.
        let zeros = [UInt8](repeating: 0, count: Self.length)
        guard write(file, zeros, zeros.count) == zeros.count else { throw Self.gaveUp(path) }
        let address = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        guard let address, address != MAP_FAILED else { throw Self.gaveUp(path) }
        place = UInt(bitPattern: address)
        fewest = Mutex(threads)
        set(threads)
    }

    private static func gaveUp(_ path: String) -> Failure {
        let reason = errno
        unlink(path)
        return Failure.cannotWrite(path: path, errno: reason)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(bitPattern: place), Self.length)
        unlink(path)
    }

    /// Takes effect with the next token.
    package func set(_ threads: Int) {
        fewest.withLock { $0 = min($0, threads) }
        word(0)?.pointee = UInt32(clamping: max(1, threads))
    }

    /// The fewest threads since this was asked last: what an answer was written with.
    package func takeFewest() -> Int {
        let now = Int(word(0)?.pointee ?? 0)
        return fewest.withLock { fewest in
            defer { fewest = now }
            return fewest
        }
    }

    /// Threads of the last step; 0 before the first one.
    package var inForce: Int { Int(word(1)?.pointee ?? 0) }

    /// Steps that went through the library.
    package var steps: Int { Int(word(2)?.pointee ?? 0) }

    private func word(_ index: Int) -> UnsafeMutablePointer<UInt32>? {
        UnsafeMutableRawPointer(bitPattern: place)?.advanced(by: index * 4).assumingMemoryBound(to: UInt32.self)
    }
}
