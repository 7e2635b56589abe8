// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// Gets an engine whose libraries are published: fetched, proven by their digests and by a load, and put on the shelf in one step.
struct InstallLibraries: Sendable {
    let recipe: LibraryRecipe
    let store: ModelStore
    let host: EngineHost
    let shelf: EngineShelf
    let sources: SourceDesk
    let fetch: FileFetch
    let report: Report

    /// - Parameter isRebuild: fetch them anew, whatever is here.
    func run(isRebuild: Bool) async throws -> EngineManifest {
        let lock = try await FileLock.hold("\(store.layout.run)/engine-\(recipe.engine).lock") {
            report(.waiting("the engine \(recipe.engine)"))
        }
        defer { withExtendedLifetime(lock) {} }
        if !isRebuild, let here = try shelf.installed(recipe.engine).first(where: { $0.version == recipe.version }), shelf.isWhole(here) {
            return try use(here, isNew: false)
        }
        try checkSpace()
        let staging = try shelf.staging(recipe.engine, version: recipe.version)
        do {
            try await gather(into: staging + "/" + EngineShelf.libraries)
            var manifest = shelf.manifest(of: recipe, in: staging)
            report(.engineProving)
            manifest.proof = try await WorkerProof(host: host).prove(manifest)
            return try use(shelf.publish(manifest, from: staging), isNew: true)
        } catch {
            // What does not start is not kept.
            try EngineShelf.remove(staging)
            throw error
        }
    }

    private func use(_ manifest: EngineManifest, isNew: Bool) throws -> EngineManifest {
        try store.inventory.use(engine: manifest.engine, version: manifest.version)
        report(.engineReady(manifest, isNew: isNew))
        return manifest
    }

    private func checkSpace() throws {
        guard let free = StorageProbe.storage(of: shelf.folder).free, free < recipe.space else { return }
        throw Failure(
            .diskFull, "The engine \(recipe.engine) needs \(recipe.space) on the disk of \(shelf.folder), but only \(free) are free.",
            remedy: "Free some space, then run the same command again.")
    }

    private func gather(into folder: String) async throws {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: folder, error: error)
        }
        let index = try await sources.packageIndex()
        for library in recipe.libraries {
            let package = try await index.file(of: library.package, version: library.version, form: .binary(platform: recipe.platform))
            guard let archive = try await fetch.run(package) else { throw Failure.engineMissing(recipe.engine) }
            defer { withExtendedLifetime(archive.lock) {} }
            report(.unpacking(library.name))
            let digest = try unpack(library, from: Archive(path: archive.path, name: package.name), into: folder)
            if let expected = library.digest, digest != expected {
                throw Failure.corrupted(library.name, expected: expected, actual: digest)
            }
            try store.discard(transfer: archive.key)
        }
    }

    private func unpack(_ library: LibraryRecipe.Library, from archive: Archive, into folder: String) throws -> Digest {
        var join = try MemberJoin(path: "\(folder)/\(library.name)")
        do { try join.append(library.member, of: archive, limit: recipe.space.bytes) } catch {
            join.abandon()
            throw error
        }
        return join.finish().digest
    }
}
