// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

import enum Crypto.Insecure

/// Git's name of a file's content: all that a hub publishes of small files. It is SHA-1, and so proves that nothing was lost on
/// the way, not that nobody meant harm; what decides on running code is never left to it.
package struct GitBlobHash {
    private var hash = Insecure.SHA1()

    /// - Parameter size: bytes of the whole content, which git puts in front.
    package init(size: Int64) { hash.update(data: Data("blob \(size)\u{0}".utf8)) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// 40 lower-case hexadecimal digits.
    package consuming func finish() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// - Throws: `Failure.unreadable`.
    package static func hex(ofFile path: String) throws -> String {
        do {
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? file.close() }
            let size = try file.seekToEnd()
            try file.seek(toOffset: 0)
            var hash = Self(size: Int64(clamping: size))
            while let block = try file.read(upToCount: 1 << 20), !block.isEmpty { block.withUnsafeBytes { hash.update($0) } }
            return hash.finish()
        } catch let error as CocoaError { throw Failure.unreadable(path: path, reason: error.localizedDescription) }
    }
}
