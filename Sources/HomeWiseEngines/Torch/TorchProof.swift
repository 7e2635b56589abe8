// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// Proves PyTorch's environment by the only proof that counts: our worker loads a model that it makes itself, and writes.
package struct TorchProof {
    var host: EngineHost

    package init(host: EngineHost) { self.host = host }

    /// - Returns: what was seen, for the manifest.
    /// - Throws: `Failure.engineStartFailed` with the worker's last words.
    package func prove(_ manifest: EngineManifest) async throws -> String {
        var plan = LaunchPlan(model: "", alias: "pytorch-proof", options: ContextOptions(context: 64), threads: 1, reasons: [])
        plan.task = .completion
        return try await EngineServer(TorchSelfTest(manifest), host: host).run(plan) { session in
            var text = ""
            do {
                for try await part in try await session.client.complete("hello", limit: 4) {
                    if case .text(let piece) = part { text += piece }
                }
            } catch { throw await session.explain(error) }
            guard !text.isEmpty else {
                throw Failure.engineDidNotStart(ExitCause(.failed, "it loaded a test model and wrote nothing"), tail: [])
            }
            return "loaded a test model and wrote a token, \(session.secondsToReady.rounded(toPlaces: 1)) s after its start"
        }
    }
}

/// The worker as it is started for any model, and with one of its own in place of it.
private struct TorchSelfTest: Engine {
    static let formats: Set<ModelFormat> = [.pytorch]

    private let worker: WorkerEngine

    init(_ manifest: EngineManifest) { worker = WorkerEngine(manifest) }

    var manifest: EngineManifest { worker.manifest }
    var isGoverned: Bool { worker.isGoverned }
    var libraries: [String] { worker.libraries }

    func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand {
        var command = worker.command(for: plan, socket: socket, board: board)
        if let place = command.arguments.firstIndex(of: "--model"), place + 1 < command.arguments.count {
            command.arguments.replaceSubrange(place...(place + 1), with: ["--selftest"])
        }
        return command
    }
}
