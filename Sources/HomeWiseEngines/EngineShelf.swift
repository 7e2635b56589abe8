// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension EngineManifest {
    /// A tool that lies beside the engine's server; `nil` where this engine does not bring it.
    package func tool(_ name: String) -> String? {
        let path = (server as NSString).deletingLastPathComponent + "/" + name
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

/// The engines that are installed: one folder each, complete when, and only when, its manifest is there.
package struct EngineShelf: Sendable {
    package let folder: String
    /// Homewise itself: the ONNX worker lies beside it.
    package let program: String

    package init(folder: String, program: String) {
        self.folder = folder
        self.program = program
    }

    /// Where an engine's libraries lie, below its own folder.
    package static let libraries = "lib"

    private static let manifestName = "manifest.json"

    /// Installed versions, in the order of their names. A folder without a manifest is an unfinished one and passed over.
    ///
    /// - Throws: `Failure.storeUnusable` for a manifest that cannot be read: it is reported, not removed.
    package func installed(_ engine: String) throws -> [EngineManifest] {
        let base = "\(folder)/\(engine)"
        guard FileManager.default.fileExists(atPath: base) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: base).sorted().filter { !$0.hasSuffix(".staging") }
            .compactMap { version in
                let path = "\(base)/\(version)/\(Self.manifestName)"
                guard let data = FileManager.default.contents(atPath: path) else { return nil }
                do { return try placed(JSONDecoder().decode(EngineManifest.self, from: data)) } catch let error as DecodingError {
                    throw Failure.unreadable(path: path, reason: error.complaint)
                }
            }
    }

    /// A built engine lies beside its manifest, wherever the store was moved to.
    private func placed(_ manifest: EngineManifest) -> EngineManifest {
        placed(manifest, in: "\(folder)/\(manifest.engine)/\(manifest.version)")
    }

    private func placed(_ manifest: EngineManifest, in place: String) -> EngineManifest {
        var manifest = manifest
        if manifest.origin == .built { manifest.server = place + "/llama-server" }
        if manifest.engine == ModelFormat.onnx.engine {
            manifest.server = (program as NSString).deletingLastPathComponent + "/homewise-onnx"
            manifest.arguments = ["--libraries", "\(place)/\(Self.libraries)"]
        }
        return manifest
    }

    /// What an engine of fetched libraries is while it lies in a folder.
    package func manifest(of recipe: LibraryRecipe, in place: String) -> EngineManifest {
        placed(EngineManifest(engine: recipe.engine, version: recipe.version, origin: .fetched, server: ""), in: place)
    }

    /// Whether all that its manifest speaks of is there.
    package func isWhole(_ manifest: EngineManifest) -> Bool {
        guard manifest.origin == .fetched, let libraries = manifest.arguments.last else { return true }
        return FileManager.default.isExecutableFile(atPath: manifest.server) && FileManager.default.fileExists(atPath: libraries)
    }

    /// Where an engine grows before it is proven; what an interrupted run left there is removed first.
    package func staging(_ engine: String, version: String) throws -> String {
        let path = "\(folder)/\(engine)/\(version).staging"
        try Self.remove(path)
        return path
    }

    /// Puts a proven engine on the shelf, in one step.
    ///
    /// - Returns: the manifest with the server's final place.
    package func publish(_ manifest: EngineManifest, from staging: String?) throws -> EngineManifest {
        let place = "\(folder)/\(manifest.engine)/\(manifest.version)"
        let staging = try staging ?? self.staging(manifest.engine, version: manifest.version)
        let manifest = placed(manifest, in: place)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
            try encoder.encode(manifest).write(to: URL(filePath: staging + "/" + Self.manifestName), options: .atomic)
        } catch { throw Failure.cannotWrite(path: staging, error: error) }
        // Aside first: removing many files takes longer than a start that finds nothing in its place may wait.
        let former = place + ".former.staging"
        try Self.remove(former)
        guard rename(place, former) == 0 || errno == ENOENT else { throw Failure.cannotWrite(path: place, errno: errno) }
        guard rename(staging, place) == 0 else { throw Failure.cannotWrite(path: place, errno: errno) }
        try Self.remove(former)
        return manifest
    }

    package func remove(_ manifest: EngineManifest) throws { try Self.remove("\(folder)/\(manifest.engine)/\(manifest.version)") }

    package static func remove(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw Failure.cannotWrite(path: path, error: error)
        }
    }
}
