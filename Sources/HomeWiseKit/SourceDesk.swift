// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// Knows how to ask each kind of source, and which hosts are not worth asking just now.
actor SourceDesk {
    private let settings: SourceSettings
    private let world: World
    private let transport: Transport
    private let inventory: Inventory
    private let report: Report
    /// Hosts that did not answer, with the reason: from the inventory and from this run.
    private var avoided: [String: String]
    private var index: PackageIndex?
    /// Whether earlier runs' experience keeps this desk from asking hosts.
    nonisolated let isBiased: Bool

    /// A host that did not answer is left alone for this long.
    static let avoidance: TimeInterval = 600

    /// - Parameter isForgiving: ask hosts again that earlier runs found silent.
    init(world: World, transport: Transport, inventory: Inventory, isForgiving: Bool, report: @escaping Report) throws {
        self.world = world
        settings = SourceSettings(environment: world.environment)
        self.transport = transport
        self.inventory = inventory
        self.report = report
        avoided = isForgiving ? [:] : try inventory.avoidedHosts(at: world.now())
        isBiased = !avoided.isEmpty
    }

    /// - Parameter variant: what of the source is meant, and the digest that outranks the source's own.
    /// - Throws: `Failure`; a host that cannot be reached is remembered.
    func resolve(_ source: SourceReference, for model: ModelInfo, variant: ModelVariant? = nil) async throws -> Delivery {
        let wish = variant.map { SourceWish($0, of: model) } ?? SourceWish()
        return try await resolve(source, named: model.name, wish: wish).sealed(by: variant?.sha256, source: source.kind)
    }

    /// - Parameter name: for people.
    func resolve(_ reference: SourceReference, named name: String, wish: SourceWish) async throws -> Delivery {
        let source = try await source(for: reference)
        if let reason = avoided[source.host] {
            report(.skipped(model: name, source: reference.kind, host: source.host, reason: reason))
            throw Failure.noRoute(host: source.host, reason: reason).adding("skipped", "yes")
        }
        report(.trying(model: name, source: reference.kind, host: source.host))
        do {
            let delivery = try await source.resolve(wish)
            for warning in delivery.warnings { report(.note(warning)) }
            return delivery
        } catch let failure as Failure where failure.code == .noNetwork {
            avoided[source.host] = "it did not answer a moment ago"
            try inventory.avoid(
                host: source.host, until: world.now() + Self.avoidance, reason: "it did not answer in the last ten minutes")
            throw failure
        }
    }

    func tell(_ model: ModelInfo, _ source: SourceReference, _ failure: Failure) {
        if failure.detail["skipped"] == nil { report(.sourceFailed(model: model.name, source: source.kind, failure: failure)) }
    }

    nonisolated func freeSpace() -> ByteCount? { StorageProbe.storage(of: world.home).free }

    private func source(for reference: SourceReference) async throws -> any Source {
        switch reference {
        case .hub(let repository): HubSource(transport: transport, endpoints: try settings.hubs(), reference: repository)
        case .modelScope(let repository):
            ModelScopeSource(
                transport: transport, endpoint: settings.modelScope, token: settings.modelScopeToken, reference: repository)
        case .ollama(let name):
            RegistrySource(
                transport: transport, reference: try name.reference(home: settings.ollamaRegistry), credentials: .none,
                kind: reference.kind, title: "\(name)", keeper: .ollama)
        case .oci(let oci): RegistrySource(transport: transport, reference: oci, credentials: try settings.registryCredentials())
        case .packageIndex(let members): PackageIndexSource(index: try await packageIndex(), members: members)
        case .web(let address): try WebSource(transport: transport, address: address)
        case .file(let path): FileSource(path: path)
        }
    }

    func packageIndex() async throws -> PackageIndex {
        if let index { return index }
        let base = try await PipConfiguration(environment: world.environment).indexURL()
        let index = PackageIndex(transport: transport, base: base)
        self.index = index
        return index
    }
}
