// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseSources
import HomeWiseStore

/// Gets llama.cpp's converter out of the same pinned source that the engine is built from.
struct InstallConverter: Sendable {
    let recipe: EngineRecipe
    let world: World
    let store: ModelStore
    let sources: SourceDesk
    let fetch: FileFetch
    let report: Report

    /// The source itself does not stay after a build: it is fetched again, once, and two megabytes of it are kept.
    private var folder: String { "\(world.cache)/engines/\(recipe.engine)-\(recipe.version)-converter-\(recipe.archive.short)" }

    /// - Returns: the converter, whole.
    func run() async throws -> ConverterTools {
        let tools = ConverterTools(folder: folder)
        guard !tools.isWhole else { return tools }
        do { try FileManager.default.createDirectory(atPath: world.cache + "/engines", withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: world.cache, error: error)
        }
        let lock = try await FileLock.hold(folder + ".lock") { report(.waiting("the converter of \(recipe.engine)")) }
        defer { withExtendedLifetime(lock) {} }
        guard !tools.isWhole else { return tools }
        let index = try await sources.packageIndex()
        let file = try await index.file(of: recipe.package, version: recipe.version, form: .source)
        guard file.digest == recipe.archive else {
            throw Failure.corrupted(file.name, expected: recipe.archive, actual: file.digest ?? FileHash.digest(ofText: ""))
        }
        guard let archive = try await fetch.run(file) else { throw Failure.interrupted("fetching the converter") }
        defer { withExtendedLifetime(archive.lock) {} }
        report(.unpacking(file.name))
        let source = folder + ".source"
        try EngineShelf.remove(source)
        try Archive(path: archive.path, name: file.name).extractAll(below: recipe.sourceFolder, to: source, limit: EngineBuilds.mostSource)
        try tools.take(from: source)
        try EngineShelf.remove(source)
        try store.discard(transfer: archive.key)
        return tools
    }
}

extension HomeWise {
    /// llama.cpp's converter, fetched where it is not here.
    func converterTools(report: @escaping Report) async throws -> ConverterTools {
        let recipe = try EngineRecipe.llamaCPP()
        let sources = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let fetch = FileFetch(
            store: store, transport: transport, limits: world.limits, now: world.now, purpose: recipe.engine, report: report)
        return try await InstallConverter(recipe: recipe, world: world, store: store, sources: sources, fetch: fetch, report: report).run()
    }
}
