// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A folder that is being filled with what an archive holds. Everything is opened relative to the folder above, and no
/// link is ever followed, so nothing can come to lie outside, whoever changes the folder meanwhile.
struct ArchiveFolder: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// Makes the folder, which must not be there yet.
    ///
    /// - Throws: `Failure.cannotWrite`.
    init(at path: String) throws {
        guard mkdir(path, 0o755) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Bytes that are free for this person on the folder's disk.
    var free: Int64? { Self.free(on: descriptor) }

    static func free(on descriptor: Int32) -> Int64? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        let (bytes, overflows) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflows ? .max : Int64(clamping: bytes)
    }

    func makeFolder(_ member: SafePath) throws {
        close(try descend(into: member.value.split(separator: "/")))
    }

    /// Makes a new file and the folders above it, and hands its descriptor to the body.
    func withNewFile<Value>(_ member: SafePath, isExecutable: Bool, _ body: (Int32) throws -> Value) throws -> Value {
        let parts = member.value.split(separator: "/")
        let parent = try descend(into: parts.dropLast())
        defer { close(parent) }
        let file = openat(parent, member.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.cannotWrite(path: "\(path)/\(member)", errno: errno) }
        defer { close(file) }
        let value = try body(file)
        // The only rights that exist here, whatever the archive or the person's mask says.
        guard fchmod(file, isExecutable ? 0o755 : 0o644) == 0 else { throw Failure.cannotWrite(path: "\(path)/\(member)", errno: errno) }
        return value
    }

    /// - Returns: a descriptor that the caller closes.
    private func descend(into folders: some Sequence<Substring>) throws -> Int32 {
        var current = dup(descriptor)
        for folder in folders {
            let name = String(folder)
            if mkdirat(current, name, 0o755) != 0, errno != EEXIST { throw refused(name, closing: current) }
            let next = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw refused(name, closing: current) }
            close(current)
            current = next
        }
        guard current >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        return current
    }

    private func refused(_ name: String, closing descriptor: Int32) -> Failure {
        let failure = Failure.cannotWrite(path: "\(path)/…/\(name)", errno: errno)
        close(descriptor)
        return failure
    }

    // MARK: Removal

    /// Removes a folder with all that is in it, where it is there; a link in it is removed, not followed.
    ///
    /// - Throws: `Failure.cannotWrite`.
    static func remove(_ path: String) throws {
        guard let failure = remove(path, in: AT_FDCWD) else { return }
        throw Failure.cannotWrite(path: path, errno: failure)
    }

    /// - Returns: the system's number for what went wrong; `nil` where the name is gone.
    private static func remove(_ name: String, in parent: Int32) -> Int32? {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return nil }
        guard errno == EISDIR || errno == EPERM else { return errno }
        let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return errno }
        // The stream takes the descriptor over.
        guard let stream = fdopendir(folder) else {
            let number = errno
            close(folder)
            return number
        }
        let failure = names(in: stream).lazy.compactMap { remove($0, in: dirfd(stream)) }.first
        closedir(stream)
        if let failure { return failure }
        return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? nil : errno
    }

    private static func names(in stream: OpaquePointer) -> [String] {
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
