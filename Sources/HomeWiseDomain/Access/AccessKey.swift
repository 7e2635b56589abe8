// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// A key that a person made for a program. Of the key itself only its hash is kept.
public struct AccessKey: Sendable, Equatable, Codable {
    public let name: String
    public let scope: AccessScope
    public let createdAt: Date
    /// SHA-256 of the key's text. A slow hash would be for passwords, which can be guessed; of 256 random bits nobody tries them all.
    public let hash: Digest

    public init(name: String, scope: AccessScope, createdAt: Date, hash: Digest) {
        (self.name, self.scope, self.createdAt, self.hash) = (name, scope, createdAt, hash)
    }

    /// A name of 1 to 64 letters, digits, dots, hyphens and underscores.
    ///
    /// - Throws: `Failure.badInput`.
    public static func check(name: String) throws {
        let isSound =
            (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0 || [0x2d, 0x2e, 0x5f].contains($0)
            }
        guard isSound else {
            throw Failure.badInput(
                "“\(name.printable)” is no name for a key.", remedy: "Give 1 to 64 letters, digits, dots, hyphens or underscores.")
        }
    }

    /// - Parameter bytes: 32 random ones.
    public static func text(of bytes: [UInt8]) -> String {
        "hw-" + bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension Sequence<AccessKey> {
    /// Whose key it is. All are compared, each to its end, so that the time tells nothing of where they differ.
    public func holder(of hash: Digest) -> AccessKey? {
        var holder: AccessKey?
        for key in self where key.hash.isEqualInConstantTime(to: hash) { holder = key }
        return holder
    }
}

extension Digest {
    func isEqualInConstantTime(to other: Digest) -> Bool {
        let (mine, theirs) = (Array(hex.utf8), Array(other.hex.utf8))
        guard mine.count == theirs.count else { return false }
        var difference: UInt8 = 0
        for index in mine.indices { difference |= mine[index] ^ theirs[index] }
        return difference == 0
    }
}
