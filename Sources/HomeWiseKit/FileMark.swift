// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// What tells cheaply that a person's file is the one that was read.
struct FileMark: Equatable {
    let place: String
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int
    private let number: UInt64

    /// - Throws: `Failure.unreadable` where there is no such file.
    init(_ place: String) throws {
        var status = stat()
        guard stat(place, &status) == 0 else { throw Failure.unreadable(path: place, reason: String(cString: strerror(errno))) }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        self.place = place
        (size, number) = (Int64(status.st_size), UInt64(status.st_ino))
        (seconds, nanoseconds) = (Int(time.tv_sec), Int(time.tv_nsec))
    }
}
