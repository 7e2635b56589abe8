// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Proves ONNX's libraries by the only proof that counts: our worker opens them, loads a model and gives a vector.
package struct WorkerProof: Sendable {
    package var host: EngineHost

    package init(host: EngineHost) { self.host = host }

    /// - Returns: what was seen, for the manifest.
    /// - Throws: `Failure.engineStartFailed` with the worker's last words.
    package func prove(_ manifest: EngineManifest) async throws -> String {
        let folder = "\(host.runFolder)/smoke-\(UInt64.random(in: .min ... .max))"
        // What is left of it is swept with the folder of runs.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, content) in SmokeEmbedder.files() { try content.write(to: URL(filePath: "\(folder)/\(name)")) }
        } catch { throw Failure.cannotWrite(path: folder, error: error) }
        var plan = LaunchPlan(model: folder, alias: "smoke", options: ContextOptions(context: 32), threads: 1, reasons: [])
        plan.task = .embedding
        var server = EngineServer(WorkerEngine(manifest), host: host)
        server.patience = .init(silence: 60)
        let seconds = try await server.run(plan) { session in
            let vectors = try await session.client.embed(["hi", "Hi"])
            guard vectors.count == 2, vectors[0].count == 4, vectors[0] == vectors[1] else {
                throw Failure.engineDidNotStart(ExitCause(.failed, "its vectors are wrong"), tail: [])
            }
            return session.secondsToReady
        }
        return "gave a vector in \(seconds.rounded(toPlaces: 2)) s"
    }
}
