// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A relative path that stays inside the folder it is joined to, whoever supplied it.
public struct SafePath: Hashable, Sendable, CustomStringConvertible {
    public let value: String

    /// - Throws: `Failure.unsafePath` for absolute paths, `..`, empty parts, backslashes, control characters,
    ///   parts over 255 bytes and paths over 1024 bytes.
    public init(untrusted value: String) throws {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe =
            value.utf8.count <= 1024
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
                    && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0 != "\\" }
            }
        guard isSafe else { throw Failure.unsafePath(value) }
        self.value = value
    }

    /// The file's own name; a part of a safe path is one.
    init(lastOf path: SafePath) { value = path.name }

    /// The last part: the file's own name.
    public var name: String { String(value.split(separator: "/").last ?? "") }
    public var description: String { value }
}
