// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The files of a model beside one another, read without following links out of the folder.
package struct ModelFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// Plain files by name, with their sizes. What is a link, a folder or a device is not among them.
    ///
    /// - Throws: `Failure` for a folder that cannot be read.
    package func files() throws -> [String: Int64] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw Failure.unreadable(path: path, reason: error.localizedDescription)
        }
        var files: [String: Int64] = [:]
        for name in names {
            if let size = Self.size(ofPlainFile: "\(path)/\(name)") { files[name] = size }
        }
        return files
    }

    /// - Returns: `nil` where there is no such plain file.
    /// - Throws: `FormatFault.tooLarge`, `Failure`.
    package func bytes(_ name: String, atMost limit: Int64 = 32 << 20) throws -> [UInt8]? {
        let file = "\(path)/\(name)"
        guard let size = Self.size(ofPlainFile: file) else { return nil }
        guard size <= limit else { throw FormatFault.tooLarge(name, "\(size) bytes; \(limit) is the limit") }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure.unreadable(path: file, reason: "it cannot be opened")
        }
        return [UInt8](data)
    }

    /// Lengths of the files that a model says its data lies in; links on the way count as missing (THREATS C5).
    package func lengths(of paths: Set<SafePath>) -> [SafePath: Int64] {
        var lengths: [SafePath: Int64] = [:]
        for wanted in paths where !hasLink(wanted) {
            if let size = Self.size(ofPlainFile: "\(path)/\(wanted)") { lengths[wanted] = size }
        }
        return lengths
    }

    /// Whether a folder between here and the file is a link.
    private func hasLink(_ wanted: SafePath) -> Bool {
        var place = path
        for part in wanted.value.split(separator: "/").dropLast() {
            place += "/\(part)"
            var status = stat()
            guard lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return true }
        }
        return false
    }

    private static func size(ofPlainFile path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }
}
