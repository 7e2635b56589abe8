// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A folder of the store, held open. What lies in it is reached from here by its own name alone and never through a
/// link, so that nobody who swaps a folder for a link can make HomeWise write or remove anything elsewhere.
final class StoreFolder: Sendable {
    /// For messages.
    let path: String
    let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The store's home. A person may have made that one a link; what is below it may be none.
    ///
    /// - Throws: `Failure.storeUnusable`.
    static func home(_ path: String) throws -> StoreFolder {
        let descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        return StoreFolder(path: path, descriptor: descriptor)
    }

    /// - Throws: `Failure.storeUnusable` when the path that this was opened at leads elsewhere now: a disk was unmounted, or
    ///   somebody put another folder or a link in its place.
    func check() throws {
        var (mine, there) = (stat(), stat())
        guard fstat(descriptor, &mine) == 0, stat(path, &there) == 0, mine.st_dev == there.st_dev, mine.st_ino == there.st_ino,
            mine.st_nlink > 0
        else { throw Failure.storeMoved(path) }
    }

    /// A folder below this one.
    ///
    /// - Parameters:
    ///   - relative: names joined by slashes, made by `Layout` and from digests and safe paths.
    ///   - isLasting: whether a folder that is made must outlive a power cut: what only shows what stands elsewhere need not.
    /// - Returns: `nil` where it is not there and is not to be made.
    /// - Throws: `Failure.storeUnusable` for a link or anything else that is no folder.
    func folder(_ relative: String, creating: Bool = false, isLasting: Bool = true) throws -> StoreFolder? {
        var here = self
        for part in try SafePath(untrusted: relative).value.split(separator: "/") {
            guard let next = try here.child(String(part), creating: creating, isLasting: isLasting) else { return nil }
            here = next
        }
        return here
    }

    private func child(_ name: String, creating: Bool, isLasting: Bool = true) throws -> StoreFolder? {
        let full = "\(path)/\(name)"
        if creating {
            if mkdirat(descriptor, name, 0o700) == 0 {
                // A flush of the new folder alone says nothing of its own name, which stands in this one.
                if isLasting { try flush() }
            } else if errno != EEXIST {
                throw Failure.cannotWrite(path: full, errno: errno)
            }
        }
        let opened = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            let number = errno
            if number == ENOENT, !creating { return nil }
            throw isLink(name) ? Failure.linkInStore(full) : Failure.unreadable(path: full, reason: String(cString: strerror(number)))
        }
        return StoreFolder(path: full, descriptor: opened)
    }

    private func isLink(_ name: String) -> Bool { status(name).map { $0.st_mode & S_IFMT == S_IFLNK } ?? false }

    /// - Returns: `nil` where there is nothing of this name. A link is told of itself, not of what it points to.
    func status(_ name: String) -> stat? {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    /// Names in this folder, without itself and its parent, in no order.
    func names() throws -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes what was renamed or made in this folder survive a power cut.
    func flush() throws {
        guard FileBytes.flush(descriptor) else { throw Failure.cannotWrite(path: path, errno: errno) }
    }
}

extension StoreFolder {
    /// - Returns: whether there was something to remove. A link is removed, not what it points to; a folder is refused.
    @discardableResult func remove(_ name: String) throws -> Bool {
        if unlinkat(descriptor, name, 0) == 0 { return true }
        guard errno == ENOENT else { throw Failure.cannotWrite(path: "\(path)/\(name)", errno: errno) }
        return false
    }

    /// Removes a folder with all that is in it; links in it are removed and not followed.
    func removeTree(_ name: String) throws {
        guard let status = status(name) else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            try remove(name)
            return
        }
        guard let child = try child(name, creating: false) else { return }
        for inner in try child.names() { try child.removeTree(inner) }
        if unlinkat(descriptor, name, AT_REMOVEDIR) != 0, errno != ENOENT {
            throw Failure.cannotWrite(path: "\(path)/\(name)", errno: errno)
        }
    }

    /// Removes a folder if it is empty.
    ///
    /// - Returns: whether it is gone now.
    @discardableResult func removeIfEmpty(_ name: String) throws -> Bool {
        if unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return true }
        guard [ENOTEMPTY, EEXIST, ENOTDIR].contains(errno) else { throw Failure.cannotWrite(path: "\(path)/\(name)", errno: errno) }
        return false
    }

    /// Takes a file from anywhere on the same disk into this folder, over what has the name.
    ///
    /// - Parameter folder: where the file is, by its name; without it the file is a path.
    func take(_ file: String, from folder: StoreFolder? = nil, as name: String) throws {
        guard renameat(folder?.descriptor ?? AT_FDCWD, file, descriptor, name) == 0 else {
            throw Failure.cannotWrite(path: "\(path)/\(name)", errno: errno)
        }
    }

    /// Bytes that are free when a folder is gone: files that have another name elsewhere free nothing.
    func bytes(ofTree name: String) throws -> Int64 {
        guard let status = status(name) else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return status.st_nlink > 1 ? 0 : ModelStore.allocated(status) }
        guard let child = try child(name, creating: false) else { return 0 }
        return try child.names().reduce(0) { try $0 + child.bytes(ofTree: $1) }
    }

    /// Renames within this folder, over what has the new name.
    func rename(_ name: String, to other: String) throws {
        guard renameat(descriptor, name, descriptor, other) == 0 else {
            throw Failure.cannotWrite(path: "\(path)/\(other)", errno: errno)
        }
    }

    /// Writes a small file so that either the old or the new one is there, whole, whenever the power fails.
    func write(_ data: Data, as name: String) throws {
        let fresh = ".\(name.prefix(100)).\(getpid()).\(UInt32.random(in: .min ... .max)).new"
        let file = openat(descriptor, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.cannotWrite(path: "\(path)/\(name)", errno: errno) }
        do {
            defer { close(file) }
            try Self.write(data, to: file, path: "\(path)/\(name)")
            try rename(fresh, to: name)
        } catch {
            unlinkat(descriptor, fresh, 0)
            throw error
        }
        try flush()
    }

    private static func write(_ data: Data, to file: Int32, path: String) throws {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
            rest = rest.dropFirst(count)
        }
        guard FileBytes.flush(file) else { throw Failure.cannotWrite(path: path, errno: errno) }
    }

    /// - Returns: `nil` where there is no such plain file, or where it is larger than the limit.
    func read(_ name: String, atMost limit: Int = 16 << 20) throws -> Data? {
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if [ENOENT, ELOOP, EMLINK].contains(errno) { return nil }
            throw Failure.unreadable(path: "\(path)/\(name)", reason: .errno)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else { return nil }
        var data = Data(count: Int(status.st_size))
        // Shorter than it was a moment ago is what it is now.
        guard let count = data.withUnsafeMutableBytes({ FileBytes.readAll(into: $0, from: file) }) else {
            throw Failure.unreadable(path: "\(path)/\(name)", reason: .errno)
        }
        return data.prefix(count)
    }
}
