// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// The hidden first verb of every child: this program becomes its guard.
    ///
    /// - Returns: the status to exit with, or `nil` when the arguments are a person's.
    public static func runGuardIfAsked(arguments: [String]) -> Int32? { Guard.runIfAsked(arguments: arguments) }

    private var shelf: EngineShelf { EngineShelf(folder: store.layout.engines) }

    /// Engines that can be installed.
    public static let engineNames = ["llama.cpp"]

    /// - Throws: `Failure.badInput` for a name that is no engine's.
    private func pinnedRecipe(_ engine: String) throws -> EngineRecipe {
        guard Self.engineNames.contains(engine) else {
            throw Failure.badInput(
                "There is no engine named “\(engine)”.", remedy: "Engines are: \(Self.engineNames.joined(separator: ", ")).")
        }
        return try .llamaCPP()
    }

    /// Installs an engine and puts it to use. What is there already and works is not made again.
    public func installEngine(_ engine: String = "llama.cpp", isRebuild: Bool = false, report: @escaping Report) async throws
        -> EngineManifest
    {
        let recipe = try pinnedRecipe(engine)
        if !isRebuild, let manifest = try engineInUse() {
            report(.engineReady(manifest, isNew: false))
            return manifest
        }
        let sources = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let fetch = FileFetch(store: store, transport: transport, limits: world.limits, now: world.now, purpose: engine, report: report)
        return try await InstallEngine(
            recipe: recipe, world: world, store: store, host: engineHost, sources: sources, fetch: fetch,
            processor: probe.cpu().features, report: report
        ).run(isRebuild: isRebuild)
    }

    /// Installed engines, and the version in use.
    public func engines() throws -> [(manifest: EngineManifest, isInUse: Bool)] {
        try Self.engineNames.flatMap { engine in
            let current = try store.inventory.currentEngine(engine)
            return try shelf.installed(engine).map { ($0, $0.version == current) }
        }
    }

    public func useEngine(_ engine: String, version: String) throws -> EngineManifest {
        let manifest = try installedEngine(engine, version: version)
        try store.inventory.use(engine: engine, version: version)
        return manifest
    }

    /// Removes an installed engine; one that was found on the PATH is only forgotten.
    public func removeEngine(_ engine: String, version: String?) throws -> [EngineManifest] {
        _ = try pinnedRecipe(engine)
        let all = try shelf.installed(engine)
        let doomed = try version.map { try [installedEngine(engine, version: $0)] } ?? all
        guard !doomed.isEmpty else { throw Failure.engineMissing(engine) }
        for manifest in doomed {
            try shelf.remove(manifest)
            if try store.inventory.currentEngine(engine) == manifest.version {
                try store.inventory.use(engine: engine, version: all.first { !doomed.contains($0) }?.version)
            }
        }
        return doomed
    }

    private func installedEngine(_ engine: String, version: String) throws -> EngineManifest {
        _ = try pinnedRecipe(engine)
        let all = try shelf.installed(engine)
        guard let manifest = all.first(where: { $0.version == version }) else {
            throw Failure.badInput(
                "\(engine) \(version) is not installed.",
                remedy: all.isEmpty
                    ? "Run: homewise engine install \(engine)" : "Installed are: \(all.map(\.version).joined(separator: ", ")).")
        }
        return manifest
    }

    /// The engine that models are run with, if it is there and made for this processor.
    func engineInUse() throws -> EngineManifest? {
        guard let version = try store.inventory.currentEngine("llama.cpp"),
            let manifest = try shelf.installed("llama.cpp").first(where: { $0.version == version }),
            FileManager.default.isExecutableFile(atPath: manifest.server)
        else { return nil }
        return Set(manifest.processor).isSubset(of: probe.cpu().features) ? manifest : nil
    }
}

extension HomeWise {
    /// Whether models can be run now.
    public func hasEngine() throws -> Bool { try engineInUse() != nil }
}
