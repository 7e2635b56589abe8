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

    private var shelf: EngineShelf { EngineShelf(folder: store.layout.engines, program: world.executable) }

    /// Engines that can be installed.
    public static let engineNames = ModelFormat.allCases.map(\.engine)

    /// - Throws: `Failure.badInput` for a name that is no engine's.
    private func format(runBy engine: String) throws -> ModelFormat {
        guard let format = ModelFormat.run(by: engine) else {
            throw Failure.badInput(
                "There is no engine named “\(engine)”.", remedy: "Engines are: \(Self.engineNames.joined(separator: ", ")).")
        }
        return format
    }

    /// Installs an engine and puts it to use. What is there already and works is not made again.
    public func installEngine(_ engine: String = "llama.cpp", isRebuild: Bool = false, report: @escaping Report) async throws
        -> EngineManifest
    {
        let format = try format(runBy: engine)
        if !isRebuild, let manifest = try engineInUse(for: format) {
            report(.engineReady(manifest, isNew: false))
            return manifest
        }
        return try await install(format, isRebuild ? .rebuild : .missing, report)
    }

    /// Installs an engine again that does not work any more, or a newer one in the place of one that is too old.
    ///
    /// - Parameter broken: what is here, or was.
    func renewEngine(_ broken: EngineManifest, report: @escaping Report) async throws -> EngineManifest {
        let format = try format(runBy: broken.engine)
        // A foreign one that is broken may have been replaced by a good one; one that is too old has not.
        let isForeign = try broken.origin == .found && !hasNewerEngine(than: broken)
        return try await install(format, isForeign ? .missing : .renewal, report)
    }

    private func install(_ format: ModelFormat, _ occasion: InstallEngine.Occasion, _ report: @escaping Report) async throws
        -> EngineManifest
    {
        if format == .pytorch { return try await installTorch(shelf, occasion, report: report) }
        let sources = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let fetch = FileFetch(
            store: store, transport: transport, limits: world.limits, now: world.now, purpose: format.engine, report: report)
        if format == .onnx {
            return try await InstallLibraries(
                recipe: onnxRecipe(), store: store, host: engineHost, shelf: shelf, sources: sources, fetch: fetch, report: report
            ).run(isRebuild: occasion != .missing)
        }
        return try await InstallEngine(
            recipe: .llamaCPP(), world: world, store: store, host: engineHost, sources: sources, fetch: fetch,
            processor: probe.cpu().features, report: report
        ).run(occasion)
    }

    func onnxRecipe() throws -> LibraryRecipe {
        #if os(macOS)
            return try .onnx(.macOS, processor: probe.cpu().architecture)
        #else
            return try .onnx(.linux, processor: probe.cpu().architecture)
        #endif
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
        _ = try format(runBy: engine)
        let all = try shelf.installed(engine)
        let doomed = try version.map { try [installedEngine(engine, version: $0)] } ?? all
        guard !doomed.isEmpty else { throw Failure.engineMissing(engine) }
        for manifest in doomed {
            try shelf.remove(manifest)
            if try store.inventory.currentEngine(engine) == manifest.version {
                try store.inventory.use(engine: engine, version: all.first { !doomed.contains($0) }?.version)
            }
        }
        if doomed.contains(where: { $0.origin == .environment }) { try removeTorch() }
        return doomed
    }

    private func installedEngine(_ engine: String, version: String) throws -> EngineManifest {
        _ = try format(runBy: engine)
        let all = try shelf.installed(engine)
        guard let manifest = all.first(where: { $0.version == version }) else {
            throw Failure.badInput(
                "\(engine) \(version) is not installed.",
                remedy: all.isEmpty
                    ? "Run: homewise engine install \(engine)" : "Installed are: \(all.map(\.version).joined(separator: ", ")).")
        }
        return manifest
    }

    /// The engine that models of a format are run with, if it is there and made for this processor.
    func engineInUse(for format: ModelFormat = .gguf) throws -> EngineManifest? {
        guard let version = try store.inventory.currentEngine(format.engine),
            let manifest = try shelf.installed(format.engine).first(where: { $0.version == version }),
            FileManager.default.isExecutableFile(atPath: manifest.server)
        else { return nil }
        return Set(manifest.processor).isSubset(of: probe.cpu().features) ? manifest : nil
    }
}

extension HomeWise {
    /// Whether models of a format can be run now.
    public func hasEngine(for format: ModelFormat = .gguf) throws -> Bool { try engineInUse(for: format) != nil }

    /// The engine of a format that was in use and is gone, or was made for another processor; `nil` where none is missed.
    func lostEngine(for format: ModelFormat) throws -> EngineManifest? {
        guard let version = try store.inventory.currentEngine(format.engine), try engineInUse(for: format) == nil else { return nil }
        let known = try shelf.installed(format.engine).first { $0.version == version }
        return known ?? EngineManifest(engine: format.engine, version: version, origin: .built, server: "")
    }
}
