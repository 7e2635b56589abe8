// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

extension HomeWise {
    private var torch: TorchEnvironment {
        #if os(macOS)
            let machine = TorchRecipe.Machine(system: .macOS, hasCUDA: false)
        #else
            // Our worker computes on the processor; the build for graphics cards is four times as large.
            let machine = TorchRecipe.Machine(system: .linux, hasCUDA: false)
        #endif
        return TorchEnvironment(host: engineHost, cache: world.cache, machine: machine) { path, onWait in
            try await FileLock.hold(path, waiting: onWait)
        }
    }

    /// What installing the PyTorch engine would fetch, for a person to agree to.
    ///
    /// - Throws: `Failure.pythonMissing`, `Failure.torchNotOffered`.
    public func torchPlan() async throws -> TorchPlan { try await torch.plan() }

    /// Makes PyTorch's environment in the cache, where another store finds it too.
    func installTorch(_ shelf: EngineShelf, _ occasion: InstallEngine.Occasion, report: @escaping Report) async throws -> EngineManifest {
        var plan = try await torch.plan()
        if occasion != .missing {
            // Only once it is known that there is something to make it of.
            _ = try torch.remove()
            plan = try await torch.plan()
        }
        let manifest = try shelf.publish(await torch.install(plan) { report(.note($0)) }, from: nil)
        try store.inventory.use(engine: manifest.engine, version: manifest.version)
        report(.engineReady(manifest, isNew: !plan.isInstalled))
        return manifest
    }

    func removeTorch() throws { _ = try torch.remove() }
}
