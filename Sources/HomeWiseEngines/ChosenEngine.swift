// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// The engine that an order is run by, with what it is started with: a value, so that one start can have another engine than the last.
package struct ChosenEngine: Sendable, Equatable {
    package var manifest: EngineManifest
    /// The library that sets llama.cpp's threads while it runs; `nil` where there is none.
    package var governor: String?

    package init(_ manifest: EngineManifest, governor: String? = nil) {
        self.manifest = manifest
        self.governor = governor
    }

    package var engine: any Engine {
        manifest.engine == ModelFormat.gguf.engine ? LlamaCPP(manifest, governor: governor) : WorkerEngine(manifest)
    }
}
