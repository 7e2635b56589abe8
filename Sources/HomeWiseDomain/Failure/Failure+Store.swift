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
        switch number {
        case ENOSPC, EDQUOT, EFBIG: diskFilled(path: path)
        case EIO: diskBroken(path: path)
        default: cannotWrite(path: path, reason: String(cString: strerror(number)))
        }
    }

    /// The disk itself fails: what was written there lately is not to be relied on.
    public static func diskBroken(path: String) -> Failure {
        Failure(
            .storeUnusable, "The disk of \(path) failed while it was written (\(String(cString: strerror(EIO)))).",
            remedy: "Check the disk and its cable (dmesg, smartctl). What was being written is fetched anew by the next run.",
            detail: ["lost": "yes", "path": path])
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

    public static func hereButClosed(_ file: String) -> Failure {
        Failure(
            .storeUnusable, "\(file) is in the store, but cannot be opened.",
            remedy: "See what is wrong with it: homewise verify --all", detail: ["file": file])
    }

    public static func damagedArchive(_ name: String, _ reason: String) -> Failure {
        Failure(
            .damagedArchive, "\(name) cannot be unpacked: \(reason).",
            remedy: "Run the same command again; if it stays, the source's file is faulty.")
    }
}

extension Failure {
    public static func storeMoved(_ path: String) -> Failure {
        Failure(
            .storeUnusable, "\(path) is not the folder any more that it was a moment ago.",
            remedy: "Its disk was unmounted or something was put in its place: put it back and run the same command again.")
    }

    public static func storeAway(_ home: String, memory: String) -> Failure {
        Failure(
            .storeUnusable, "The store that was at \(home) is not there: its disk is not mounted, or it was moved.",
            remedy: "Mount the disk or set HOMEWISE_HOME to where the store is now. To begin a new one there, remove \(memory).",
            detail: ["home": home])
    }

    public static func linkInStore(_ path: String) -> Failure {
        Failure(
            .storeUnusable, "\(path) is a link, and below its home HomeWise follows none.",
            remedy: "Move what it points to into its place, or set HOMEWISE_HOME to the other disk.")
    }

    public static func damagedRow(_ what: String) -> Failure {
        Failure(
            .storeUnusable, "What is written down of \(what) cannot be read.",
            remedy: "Fetch it again, or remove it with: homewise rm \(what)")
    }

    public static func damagedInventoryInUse(_ path: String, reason: String) -> Failure {
        Failure(
            .storeUnusable, "The inventory \(path) is damaged (\(reason)), and another HomeWise has it open.",
            remedy: "End the other one, then run the same command again: the inventory is made again from what lies beside it.",
            detail: ["path": path])
    }

    public static func blobGone(_ name: String) -> Failure {
        Failure(
            .storeUnusable, "\(name) was removed while it was being taken in.",
            remedy: "Run the same command again: it is fetched anew.")
    }

    public static func sameName(_ path: String) -> Failure {
        Failure(
            .unsafePath, "Two files of the model would be “\(path.prefix(200))” on this disk.",
            remedy: "Choose another source, or a disk that tells upper from lower case.")
    }
}

extension Failure {
    public static func changedMeanwhile(_ path: String) -> Failure {
        Failure(
            .storeUnusable, "\(path) changed while it was being read.",
            remedy: "Something is writing to it: wait until that is done and run the same command again.")
    }

    public static func foreignFileWrong(_ path: String, expected: Digest, actual: Digest) -> Failure {
        Failure(
            .digestMismatch, "\(path) is not what its keeper says: it is damaged or was changed.",
            remedy: "It was left as it is. Fetch the model instead.", detail: ["expected": "\(expected)", "actual": "\(actual)"])
    }

    public static func cannotShare(_ path: String, _ reason: String) -> Failure {
        Failure(
            .badInput, "\(path) \(reason).", remedy: "Take it in by reference, which costs nothing, or as a copy.", detail: ["path": path])
    }
}

extension Failure {
    public static func nameTooLong(_ name: String, longest: Int) -> Failure {
        Failure(
            .unsafePath, "“\(name.prefix(80))…” is too long a name for this disk, which takes \(longest) bytes.",
            remedy: "Choose another source, or set HOMEWISE_HOME to another disk.")
    }

    public static func fileTooLarge(_ name: String, size: ByteCount, largest: ByteCount) -> Failure {
        Failure(
            .diskFull, "\(name) has \(size), and the store's disk takes no file over \(largest) (it is a FAT disk).",
            remedy: "Set HOMEWISE_HOME to a disk of another kind, or choose a model in several smaller files.")
    }
}

extension Failure {
    public static func noRealNames(_ name: String) -> Failure {
        Failure(
            .badInput,
            "\(name) is one of several files that must lie beside one another, and the store's disk has no hard links to show them so.",
            remedy: "Set HOMEWISE_HOME to a disk of another kind, or choose the model as one GGUF file.")
    }
}

extension Failure {
    public static func modelGone(_ key: String) -> Failure {
        Failure(.unknownModel, "\(key) is not here any more.", remedy: "Fetch it again with: homewise pull \(key)")
    }
}

extension Failure.Code {
    public static let inUse = Self(rawValue: "in_use")
}

extension Failure {
    public static func inUse(_ key: String, by users: String) -> Failure {
        Failure(
            .inUse, "\(key) is in use by \(users).", remedy: "Nothing was removed. End what uses it and run the same command again.",
            detail: ["model": key])
    }
}

extension Failure {
    public static func noOlderVersion(_ key: String) -> Failure {
        Failure(
            .badInput, "No older version of \(key) is whole here.",
            remedy: "Older versions are there until they are pruned; fetch the one you want with: homewise pull")
    }
}
