// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// How far a scan goes before it says that this is no place for models.
package struct ScanLimits: Sendable {
    /// Files and folders looked at, in one root.
    package var entries = 200_000
    /// Folders inside one another.
    package var depth = 8
    /// Models in one root.
    package var models = 10_000

    package init() {}
}

/// A folder of another tool, looked through without writing, without following a link out of it, and with an end.
final class ScanFolder {
    /// Without links.
    let root: String
    private let limits: ScanLimits
    private var looked = 0

    /// - Returns: `nil` where there is no such folder. The root itself may be a link: the person chose it.
    init?(_ path: String, limits: ScanLimits) {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        var status = stat()
        guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        root = String(cString: real)
        self.limits = limits
    }

    enum Kind: Equatable { case file, folder, link, other }

    struct Entry {
        let name: String
        let kind: Kind
    }

    /// A plain file, links to it followed inside the root alone.
    struct File {
        /// Absolute.
        let target: String
        let print: FilePrint
    }

    func absolute(_ relative: String) -> String { relative.isEmpty ? root : "\(root)/\(relative)" }

    /// What is in a folder, by name.
    ///
    /// - Throws: `Failure` for a folder that cannot be read, and when the scan has seen enough.
    func entries(_ relative: String) throws -> [Entry] {
        let folder = Foundation.open(absolute(relative), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (relative.isEmpty ? 0 : O_NOFOLLOW))
        guard folder >= 0, let stream = fdopendir(folder) else { throw Failure.unreadable(path: absolute(relative), reason: .errno) }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while let next = readdir(stream) {
            let name = withUnsafeBytes(of: &next.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            // A name that is no text cannot be spoken of; models have none.
            guard let name = String(validating: name, as: UTF8.self), name != ".", name != ".." else { continue }
            looked += 1
            guard looked <= limits.entries else { throw Failure.scanTooLarge(root, entries: limits.entries) }
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            entries.append(Entry(name: name, kind: Self.kind(status)))
        }
        try Task.checkCancellation()
        return entries.sorted { $0.name < $1.name }
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
    }

    /// - Returns: `nil` where there is no plain file, or links to it lead out of the root.
    func file(_ relative: String) -> File? {
        guard let place = resolve(relative), let print = FilePrint(path: absolute(place), followingLinks: false) else { return nil }
        return File(target: absolute(place), print: print)
    }

    /// Follows links step by step, and never further than the root.
    ///
    /// - Returns: the place without links, relative to the root; `nil` where it leads outside or nowhere.
    private func resolve(_ relative: String) -> String? {
        var pending = Array(relative.split(separator: "/").map(String.init).reversed())
        var done: [String] = []
        var links = 0
        while let part = pending.popLast() {
            if part == "." { continue }
            if part == ".." {
                guard done.popLast() != nil else { return nil }
                continue
            }
            let place = absolute((done + [part]).joined(separator: "/"))
            var status = stat()
            guard lstat(place, &status) == 0 else { return nil }
            guard status.st_mode & S_IFMT == S_IFLNK else {
                done.append(part)
                continue
            }
            links += 1
            guard links <= 16, var target = Self.target(ofLink: place) else { return nil }
            if target.hasPrefix("/") {
                guard target.hasPrefix(root + "/") else { return nil }
                target = String(target.dropFirst(root.count + 1))
                done = []
            }
            pending += target.split(separator: "/").map(String.init).reversed()
        }
        return done.joined(separator: "/")
    }

    private static func target(ofLink path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let count = readlink(path, buffer.baseAddress!, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(validating: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// - Returns: `nil` where there is no such plain file.
    /// - Throws: `Failure` where it is larger than the limit or cannot be read.
    func read(_ relative: String, atMost limit: Int) throws -> [UInt8]? {
        guard let file = file(relative) else { return nil }
        guard file.print.size <= limit else {
            throw Failure.unreadable(path: absolute(relative), reason: "it is too large for what it should be")
        }
        return try Self.bytes(file.target, count: Int(file.print.size))
    }

    /// The first bytes of a file, for telling what it is.
    func start(_ file: File) throws -> [UInt8] {
        try Self.bytes(file.target, count: Int(min(file.print.size, Int64(FormatDetection.bytesNeeded))))
    }

    private static func bytes(_ path: String, count: Int) throws -> [UInt8] {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure.unreadable(path: path, reason: .errno) }
        defer { close(descriptor) }
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = Foundation.read(descriptor, buffer.baseAddress! + filled, count - filled)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { throw Failure.unreadable(path: path, reason: got == 0 ? "it became shorter" : .errno) }
                filled += got
            }
        }
    }

    /// A file below a folder, as a listing of it.
    struct Walked {
        let path: SafePath
        let file: File
    }

    /// All plain files of a folder and those below it, but hidden ones.
    ///
    /// - Parameters:
    ///   - follows: whether links to files are followed, inside the root alone.
    ///   - refused: told of what was passed over that a person may miss.
    func walk(_ relative: String, follows: Bool, refused: (String, String) -> Void) throws -> [Walked] {
        var found: [Walked] = []
        var pending = [(place: relative, below: "", depth: 0)]
        while let folder = pending.popLast() {
            for entry in try entries(folder.place) where !entry.name.hasPrefix(".") {
                let (place, below) = (Self.join(folder.place, entry.name), Self.join(folder.below, entry.name))
                switch entry.kind {
                case .folder where folder.depth < limits.depth: pending.append((place, below, folder.depth + 1))
                case .folder: refused(place, "It lies deeper than models do, and was not looked into.")
                case .link where !follows: refused(place, "It is a link, and was not followed; import what it points to.")
                case .file, .link:
                    guard let path = try? SafePath(untrusted: below), let file = file(place) else {
                        refused(place, entry.kind == .link ? Self.badLink : "Its name is not one that HomeWise uses.")
                        continue
                    }
                    found.append(Walked(path: path, file: file))
                case .other: continue
                }
            }
        }
        return found
    }

    static let badLink = "It is a link that leads nowhere, or out of the folder."

    static func join(_ folder: String, _ name: String) -> String { folder.isEmpty ? name : "\(folder)/\(name)" }
}

extension Failure {
    static func scanTooLarge(_ path: String, entries: Int) -> Failure {
        .badInput("\(path) has more than \(entries) files and folders.", remedy: "Name the folder that holds the models.")
    }
}
