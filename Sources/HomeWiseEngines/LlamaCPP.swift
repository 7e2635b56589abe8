// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// llama.cpp: GGUF models for every task, on whatever device it was built for.
package struct LlamaCPP: Engine {
    package static let formats: Set<ModelFormat> = [.gguf]

    package var manifest: EngineManifest
    /// The library that sets its threads between two tokens; `nil` where there is none.
    package var governor: String?

    package init(_ manifest: EngineManifest, governor: String? = nil) {
        self.manifest = manifest
        self.governor = governor
    }

    package var isGoverned: Bool { governor != nil }
    package var libraries: [String] { [governor].compactMap(\.self) }

    package func command(for plan: LaunchPlan, socket: String, board: GovernorBoard?) -> EngineCommand {
        // Where gdb is installed an aborting llama.cpp would fork it for a trace and linger for seconds.
        var environment = ["GGML_NO_BACKTRACE": "1"]
        if let governor, let board { environment.merge(["LD_PRELOAD": governor, GovernorBoard.variable: board.path]) { $1 } }
        return EngineCommand(
            program: manifest.server, arguments: plan.llamaServerArguments(socket: socket, isGoverned: board != nil),
            environment: environment)
    }

    /// Devices that the engine itself can use, in its words; `nil` when it does not answer in time.
    package func devices(on host: EngineHost, within limit: Duration = .seconds(10)) async throws -> [String]? {
        let (exit, lines) = try await host.process(manifest.server, ["--list-devices"]).run(within: limit)
        guard exit?.isSuccess == true, let heading = lines.firstIndex(where: { $0.hasPrefix("Available devices") }) else { return nil }
        return lines[(heading + 1)...].map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && $0 != "(none)" }
    }
}
