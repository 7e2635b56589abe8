// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// A program that runs models: what it takes, and how it is started. All of them speak llama-server's HTTP on a private socket, so that
/// starting, watching and asking are the same for all (`EngineServer`, `EngineClient`).
package protocol Engine: Sendable {
    /// Formats of the models that it reads.
    static var formats: Set<ModelFormat> { get }
    var manifest: EngineManifest { get }
    /// Whether its threads can be changed while it runs.
    var isGoverned: Bool { get }
    /// Files and folders beside its program that it runs with.
    var libraries: [String] { get }
    /// - Parameter board: where its threads are set while it runs, for an engine that is governed.
    func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand
}

/// How a child is started. What is secret is not among the arguments, which everybody on the machine can read.
package struct EngineCommand: Sendable, Equatable {
    package var program: String
    package var arguments: [String]
    package var environment: [String: String]

    package init(program: String, arguments: [String], environment: [String: String] = [:]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }
}

/// A worker of ours: ONNX or PyTorch behind the same HTTP.
package struct WorkerEngine: Engine {
    package static let formats: Set<ModelFormat> = [.onnx, .pytorch]

    package var manifest: EngineManifest
    package let isGoverned = false

    package init(_ manifest: EngineManifest) { self.manifest = manifest }

    package var libraries: [String] {
        manifest.engine == TorchEnvironment.name ? TorchEnvironment.readable(manifest) : []
    }

    package func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand {
        EngineCommand(
            program: manifest.server, arguments: manifest.arguments + plan.workerArguments(socket: socket),
            // Threads that wait in a loop take the core that the others need.
            environment: ["OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "OMP_NUM_THREADS": "\(plan.threads)", "HF_HUB_OFFLINE": "1"])
    }
}
