// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Proves an engine by the only proof that counts: it loads a model and writes a token.
package struct EngineProof: Sendable {
    package var host: EngineHost

    package init(host: EngineHost) { self.host = host }

    /// - Returns: what was seen, for the manifest.
    /// - Throws: `Failure.engineStartFailed` with the engine's last words.
    package func prove(_ manifest: EngineManifest) async throws -> String {
        let seconds = try await smoke(manifest, governor: nil) { $0.secondsToReady }
        return "loaded a test model and wrote a token in \(seconds.rounded(toPlaces: 2)) s"
    }

    /// Steps that went through a governor's library while a token was written.
    func steps(of manifest: EngineManifest, governor: String) async throws -> Int {
        try await smoke(manifest, governor: governor) { $0.board?.steps ?? 0 }
    }

    private func smoke<Value: Sendable>(
        _ manifest: EngineManifest, governor: String?, _ look: @escaping @Sendable (EngineServer.Session) -> Value
    ) async throws -> Value {
        let path = "\(host.runFolder)/smoke-\(UInt64.random(in: .min ... .max)).gguf"
        do { try Data(SmokeModel.bytes()).write(to: URL(filePath: path)) } catch {
            throw Failure.cannotWrite(path: path, error: error)
        }
        defer { unlink(path) }
        var plan = LaunchPlan(model: path, alias: "smoke", options: ContextOptions(context: 64), threads: 1, reasons: [])
        plan.task = .completion
        var server = EngineServer(LlamaCPP(manifest, governor: governor), host: host)
        server.patience = .init(silence: 30)
        return try await server.run(plan) { look($0) }
    }
}

extension EngineProof {
    /// Proves that an engine can load a model that stands under no name yet.
    ///
    /// - Parameter files: the weights first, each with where its bytes lie; it is shown to the engine under its path.
    /// - Throws: `Failure.engineStartFailed` with the engine's last words.
    package func prove(_ manifest: EngineManifest, loading files: [(path: SafePath, place: String)], threads: Int) async throws {
        guard let first = files.first else { return }
        let folder = "\(host.runFolder)/smoke-\(UInt64.random(in: .min ... .max))"
        defer {
            // It holds links alone.
            try? FileManager.default.removeItem(atPath: folder)
        }
        do {
            for file in files {
                let link = URL(filePath: "\(folder)/\(file.path)")
                try FileManager.default.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(at: link, withDestinationURL: URL(filePath: file.place))
            }
        } catch { throw Failure.cannotWrite(path: folder, error: error) }
        var plan = LaunchPlan(
            model: "\(folder)/\(first.path)", alias: "update", options: ContextOptions(context: 64), threads: threads, reasons: [])
        plan.task = .completion
        _ = try await EngineServer(LlamaCPP(manifest), host: host).run(plan) { $0.secondsToReady }
    }
}
