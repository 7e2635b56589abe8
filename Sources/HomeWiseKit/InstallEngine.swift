// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// Gets a working llama.cpp: one that is on the PATH if it is good enough, else a build from the pinned source.
struct InstallEngine: Sendable {
    let recipe: EngineRecipe
    let world: World
    let store: ModelStore
    let host: EngineHost
    let sources: SourceDesk
    let fetch: FileFetch
    /// Extensions of this processor: a native build is made for them.
    let processor: [String]
    let report: Report

    enum Occasion: Sendable {
        /// None is here.
        case missing
        /// What is here does not work any more, or is too old.
        case renewal
        /// A person wants it made from source, whatever is there.
        case rebuild
    }

    private var shelf: EngineShelf { EngineShelf(folder: store.layout.engines, program: world.executable) }
    private var builds: EngineBuilds { EngineBuilds(cache: world.cache, recipe: recipe, processor: processor) }

    /// - Returns: the engine, installed, proven and in use.
    func run(_ occasion: Occasion) async throws -> EngineManifest {
        if occasion == .missing {
            if let found = try await useFound() { return found }
            if let here = try onShelf() { return try use(here, isNew: false) }
        }
        try createCache()
        let lock = try await FileLock.hold(builds.lock) { report(.waiting("the build of \(recipe.engine)")) }
        defer { withExtendedLifetime(lock) {} }
        if occasion == .renewal, let here = try await soundOnShelf() { return try use(here, isNew: false) }
        if occasion == .rebuild || !builds.isFinished { try await build() }
        return try await install()
    }

    private func onShelf() throws -> EngineManifest? {
        try shelf.installed(recipe.engine).first { $0.origin == .built && suits($0) }
    }

    /// Somebody else may have made it again while we waited for the lock.
    private func soundOnShelf() async throws -> EngineManifest? {
        guard let here = try onShelf() else { return nil }
        do { _ = try await EngineProof(host: host).prove(here) } catch let failure as Failure where failure.code == .engineStartFailed {
            return nil
        }
        return here
    }

    private func suits(_ manifest: EngineManifest) -> Bool {
        FileManager.default.isExecutableFile(atPath: manifest.server) && manifest.sourceDigest == recipe.archive
            && manifest.flags == recipe.flags && manifest.processor == processor
    }

    private func useFound() async throws -> EngineManifest? {
        switch try await FoundEngine(host: host, recipe: recipe).look() {
        case .none: return nil
        case .unsuitable(let path, let reason):
            report(.engineUnsuitable(path: path, reason: reason))
            return nil
        case .usable(var manifest):
            report(.engineFound(path: manifest.server, version: manifest.version))
            do { manifest.proof = try await EngineProof(host: host).prove(manifest) } catch let failure as Failure {
                report(.engineUnsuitable(path: manifest.server, reason: failure.message))
                return nil
            }
            return try use(shelf.publish(manifest, from: nil), isNew: true)
        }
    }

    private func use(_ manifest: EngineManifest, isNew: Bool) throws -> EngineManifest {
        try store.inventory.use(engine: manifest.engine, version: manifest.version)
        report(.engineReady(manifest, isNew: isNew))
        return manifest
    }

    private func createCache() throws {
        do { try FileManager.default.createDirectory(atPath: builds.folder, withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: builds.folder, error: error)
        }
    }

    /// Source, configuration, compilation: each goes on where an interrupted run stopped.
    private func build() async throws {
        try LlamaBuild.checkTools(host)
        try checkSpace()
        try await unpackSource()
        let build = LlamaBuild(recipe: recipe, host: host, source: builds.source, folder: builds.tree)
        try await build.run { progress in
            if case .compiling(let step, let total) = progress { report(.engineBuilding(step: step, of: total)) }
        }
        try EngineShelf.remove(builds.product)
        try EngineShelf.remove(builds.product + ".staging")
        try build.collect(into: builds.product + ".staging")
        guard rename(builds.product + ".staging", builds.product) == 0 else {
            throw Failure.cannotWrite(path: builds.product, errno: errno)
        }
        try builds.note(isProven: false)
        try EngineShelf.remove(builds.source)
        try EngineShelf.remove(builds.tree)
    }

    private func unpackSource() async throws {
        guard !FileManager.default.fileExists(atPath: builds.source) else { return }
        let index = try await sources.packageIndex()
        let file = try await index.file(of: recipe.package, version: recipe.version, form: .source)
        guard file.digest == recipe.archive else {
            throw Failure.corrupted(file.name, expected: recipe.archive, actual: file.digest ?? FileHash.digest(ofText: ""))
        }
        guard let archive = try await fetch.run(file) else { return }
        defer { withExtendedLifetime(archive.lock) {} }
        report(.unpacking(file.name))
        let staging = builds.source + ".staging"
        try EngineShelf.remove(staging)
        try Archive(path: archive.path, name: file.name).extractAll(below: recipe.sourceFolder, to: staging, limit: EngineBuilds.mostSource)
        guard rename(staging, builds.source) == 0 else {
            throw Failure.cannotWrite(path: builds.source, errno: errno)
        }
        try store.discard(transfer: archive.key)
    }

    private func checkSpace() throws {
        guard let free = StorageProbe.storage(of: builds.folder).free, free < EngineBuilds.space else { return }
        throw Failure(
            .diskFull, "Building the engine needs \(EngineBuilds.space) on the disk of \(builds.folder), but only \(free) are free.",
            remedy: "Free some space or set HOMEWISE_CACHE to a larger disk, then run the same command again.")
    }

    /// From the cache onto the shelf. A build that fails its proof is thrown away only for what is wrong with itself.
    private func install() async throws -> EngineManifest {
        for isSecond in [false, true] {
            do { return try await installCopy() } catch let failure as Failure where failure.code == .engineStartFailed {
                let note = builds.readNote()
                let isChanged = try builds.isChanged(since: note)
                let fate = BuildFate(
                    isChanged: isChanged, wasProven: note?.isProven == true, isSecond: isSecond, cause: failure.engineCause)
                if fate == .keep { throw failure.adding("build", builds.product) }
                if fate == .discard { try builds.discard() }
                if isSecond { throw failure }
                report(
                    .note(
                        "The engine did not prove itself: \(failure.firstLine) "
                            + (fate == .discard ? "Its build in the cache is damaged, and is made again." : "A fresh copy is tried.")))
                if fate == .discard { try await build() }
            }
        }
        throw Failure.engineMissing(recipe.engine)
    }

    private func installCopy() async throws -> EngineManifest {
        let staging = try shelf.staging(recipe.engine, version: recipe.version)
        do {
            try FileManager.default.createDirectory(
                atPath: URL(filePath: staging).deletingLastPathComponent().path, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: builds.product, toPath: staging)
        } catch {
            try EngineShelf.remove(staging)
            throw Failure.cannotWrite(path: staging, error: error)
        }
        var manifest = EngineManifest(
            engine: recipe.engine, version: recipe.version, origin: .built, server: staging + "/llama-server", sourceDigest: recipe.archive,
            flags: recipe.flags, processor: processor)
        report(.engineProving)
        do { manifest.proof = try await EngineProof(host: host).prove(manifest) } catch {
            // What does not start does not come onto the shelf.
            try EngineShelf.remove(staging)
            throw error
        }
        if builds.readNote()?.isProven != true { try builds.note(isProven: true) }
        return try use(shelf.publish(manifest, from: staging), isNew: true)
    }
}

/// Where builds lie in the cache, keyed by everything that makes one differ from another.
struct EngineBuilds: Sendable {
    /// 0.2 GB of source, 0.5 GB of objects, 0.1 GB of product, and some room.
    static let space = ByteCount(1_500_000_000)
    static let mostSource: Int64 = 1_000_000_000

    let folder: String

    init(cache: String, recipe: EngineRecipe, processor: [String]) {
        let parts = [recipe.archive.hex] + recipe.flags + recipe.targets + ["-"] + processor
        folder = "\(cache)/engines/\(recipe.engine)-\(recipe.version)-\(FileHash.digest(ofText: parts.joined(separator: "\n")).short)"
    }

    var source: String { folder + "/source" }
    var tree: String { folder + "/tree" }
    var product: String { folder + "/product" }
    var lock: String { folder + "/lock" }
    var isFinished: Bool { FileManager.default.fileExists(atPath: product + "/llama-server") }
}
