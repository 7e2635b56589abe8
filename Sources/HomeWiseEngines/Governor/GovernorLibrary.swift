// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Makes the library, once for each version of its source, and proves that an engine heeds it.
package struct GovernorLibrary: Sendable {
    package var host: EngineHost
    /// Folder in the cache where it lies.
    package var folder: String

    package init(host: EngineHost, folder: String) {
        self.host = host
        self.folder = folder
    }

    /// - Returns: where it lies; `nil` with a reason where it cannot be made here.
    package func made() async throws -> (path: String?, reason: String?) {
        let path = "\(folder)/libhomewise-governor-\(Self.version).so"
        // The loader takes a blank or a colon for the end of a name (ld.so(8), LD_PRELOAD).
        if path.contains(where: { $0 == " " || $0 == ":" }) { return (nil, "the path of the cache has a blank or a colon") }
        if FileManager.default.fileExists(atPath: path) { return (path, nil) }
        guard let compiler = ["cc", "gcc", "clang"].lazy.compactMap(host.find).first else { return (nil, "no C compiler is here") }
        let source = "\(folder)/governor-\(UInt64.random(in: .min ... .max)).c"
        defer { for left in [source, source + ".so"] { unlink(left) } }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(GovernorSource.code.utf8).write(to: URL(filePath: source))
        } catch { return (nil, "\(folder) cannot be written") }
        let arguments = ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", source + ".so", source, "-ldl"]
        let (exit, lines) = try await host.process(compiler, arguments).run(within: .seconds(30))
        guard exit?.isSuccess == true, rename(source + ".so", path) == 0 else {
            return (nil, "it does not compile: \(lines.first ?? "no word")")
        }
        return (path, nil)
    }

    /// Names a build: FNV-1a of the source, so that a changed one is made anew.
    package static let version: String = {
        let hash = GovernorSource.code.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }()

    /// Whether the engine's steps go through the library: it loads a test model and writes a token with it.
    package func isHeeded(by manifest: EngineManifest, library: String) async throws -> Bool {
        try await EngineProof(host: host).steps(of: manifest, governor: library) > 0
    }
}
