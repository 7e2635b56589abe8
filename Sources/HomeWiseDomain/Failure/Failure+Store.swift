// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension Failure {
    public static func diskTooSmall(path: String, needed: ByteCount, free: ByteCount) -> Failure {
        Failure(
            .diskFull, "\(needed) are needed on the disk of \(path), but only \(free) are free.",
            remedy:
                "Free \(ByteCount(max(0, needed.bytes - free.bytes))) or set HOMEWISE_HOME to a larger disk, then run the same command again.",
            detail: ["needed": "\(needed.bytes)", "free": "\(free.bytes)", "path": path])
    }

    public static func diskFilled(path: String) -> Failure {
        Failure(
            .diskFull, "The disk of \(path) is full.",
            remedy: "Free some space and run the same command again: it goes on where it stopped.", detail: ["path": path])
    }

    public static func cannotWrite(path: String, reason: String) -> Failure {
        Failure(
            .storeUnusable, "\(path) cannot be written (\(reason)).",
            remedy: "Check that the folder exists and belongs to you, or set HOMEWISE_HOME to another one.")
    }

    /// A write that the system refused, by its error number: a full disk is told from everything else.
    public static func cannotWrite(path: String, errno number: Int32) -> Failure {
        [ENOSPC, EDQUOT, EFBIG].contains(number)
            ? diskFilled(path: path) : cannotWrite(path: path, reason: String(cString: strerror(number)))
    }

    /// A write that failed inside Foundation, which wraps the system's error number.
    public static func cannotWrite(path: String, error: any Error) -> Failure {
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
        guard inner.domain == NSPOSIXErrorDomain, let number = Int32(exactly: inner.code) else {
            return outer.domain == NSCocoaErrorDomain && outer.code == CocoaError.fileWriteOutOfSpace.rawValue
                ? diskFilled(path: path) : cannotWrite(path: path, reason: outer.localizedDescription)
        }
        return cannotWrite(path: path, errno: number)
    }

    public static func unreadable(path: String, reason: String) -> Failure {
        Failure(
            .storeUnusable, "\(path) cannot be read (\(reason)).",
            remedy: "Check that it exists and that you may read it.")
    }

    public static func unsafePath(_ path: String) -> Failure {
        Failure(
            .unsafePath, "“\(path.prefix(200))” is not a safe file name.",
            remedy: "The source is faulty or hostile; nothing was written. Choose another source.")
    }

    public static func damagedArchive(_ name: String, _ reason: String) -> Failure {
        Failure(
            .damagedArchive, "\(name) cannot be unpacked: \(reason).",
            remedy: "Run the same command again; if it stays, the source's file is faulty.")
    }
}
