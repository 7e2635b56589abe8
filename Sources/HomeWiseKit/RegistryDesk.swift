// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseStore
import Synchronization

/// All that is known of models, read when somebody first asks: a look at the hardware need not wait for it.
final class RegistryDesk: Sendable {
    typealias Known = (registry: ModelRegistry, findings: [String])

    private let base: Data?
    private let store: ModelStore
    private let known = Mutex<Known?>(nil)
    /// Models that no registry names, chosen in this run.
    private let selected = Mutex<[AdHocModel]>([])

    /// - Parameter base: JSON used instead of the registry that comes with the program.
    init(base: Data?, store: ModelStore) {
        self.base = base
        self.store = store
    }

    /// - Throws: `Failure.badInput` for a registry that cannot be read.
    func read() throws -> Known {
        try known.withLock { known in
            if let known { return known }
            let first = try base.map { try ModelRegistry(json: $0, name: "in HOMEWISE_REGISTRY") } ?? EmbeddedRegistry.load()
            var all = try overlaid(first)
            // What a registry names keeps its name.
            all.registry = try ModelRegistry(models: adHoc()).overlaid(by: all.registry)
            known = all
            return all
        }
    }

    /// Makes a model known that no registry names.
    func select(_ model: AdHocModel) {
        selected.withLock { $0.append(model) }
        known.withLock { $0 = nil }
    }

    /// Those that are here, and those that were just chosen.
    private func adHoc() throws -> [ModelInfo] {
        let here = Set(try store.models().map(\.key))
        let kept = try store.inventory.notes(.selection, as: AdHocModel.self).sorted { $0.key < $1.key }.map(\.value)
            .filter { here.contains("\($0.info.id):\($0.quantization.lowercased())") }
        var byName: [String: AdHocModel] = [:]
        for model in kept + selected.withLock({ $0 }) {
            byName[model.info.id] = byName[model.info.id].map { model.adding(variantsOf: $0.info) } ?? model
        }
        return byName.values.map(\.info).sorted { $0.id < $1.id }
    }

    /// With the added ones laid over it. One that cannot be read is left out and named.
    private func overlaid(_ base: ModelRegistry) throws -> Known {
        var (registry, findings) = (base, [String]())
        for added in try store.inventory.notes(.registry, as: HomeWise.AddedRegistry.self).values.sorted(by: { $0.name < $1.name }) {
            do {
                let data = try Data(contentsOf: URL(filePath: store.layout.registry(added.name)))
                registry = try registry.overlaid(by: ModelRegistry(json: data, name: added.name))
            } catch {
                let failure = Failure.wrapping(error, doing: "reading the registry \(added.name)")
                findings.append("The registry \(added.name) is left out: \(failure.message) To read it anew: homewise registry refresh")
            }
        }
        return (registry, findings)
    }
}

extension HomeWise {
    /// Every model that is known here.
    ///
    /// - Throws: `Failure.badInput` for a registry that cannot be read.
    public var registry: ModelRegistry { get throws { try registryDesk.read().registry } }
}
