// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// What llama.cpp's own converter is made of: a script, its parts and its library, out of the engine's source.
package struct ConverterTools: Sendable {
    /// Holds the parts; the program that it is.
    package let folder: String

    package init(folder: String) { self.folder = folder }

    /// Paths inside the engine's source.
    package static let parts = ["convert_hf_to_gguf.py", "conversion", "gguf-py/gguf", "LICENSE"]

    package var isWhole: Bool { Self.parts.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)") } }

    /// Takes the parts out of an unpacked source, in one step.
    ///
    /// - Throws: `Failure` where the source has no such part, or the folder cannot be written.
    package func take(from source: String) throws {
        let staging = folder + ".staging"
        try EngineShelf.remove(staging)
        do {
            for part in Self.parts {
                let place = URL(filePath: "\(staging)/\(part)")
                try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: URL(filePath: "\(source)/\(part)"), to: place)
            }
        } catch { throw Failure.cannotWrite(path: staging, error: error) }
        try EngineShelf.remove(folder)
        guard rename(staging, folder) == 0 else { throw Failure.cannotWrite(path: folder, errno: errno) }
    }
}
