// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// Knows how to ask each kind of source, and which hosts are not worth asking just now.
actor SourceDesk {
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
        self.transport = transport
        self.inventory = inventory
        self.report = report
        avoided = isForgiving ? [:] : try inventory.avoidedHosts(at: world.now())
        isBiased = !avoided.isEmpty
    }

    /// - Throws: `Failure`; a host that cannot be reached is remembered.
    func resolve(_ source: SourceReference, for model: ModelInfo) async throws -> Delivery {
        let host = try await host(of: source)
        if let reason = avoided[host] {
            report(.skipped(model: model.name, source: source.kind, host: host, reason: reason))
            throw Failure.noRoute(host: host, reason: reason).adding("skipped", "yes")
        }
        report(.trying(model: model.name, source: source.kind, host: host))
        do { return try await delivery(of: source) } catch let failure as Failure where failure.code == .noNetwork {
            let reason = failure.message
            avoided[host] = "it did not answer a moment ago"
            try inventory.avoid(host: host, until: world.now() + Self.avoidance, reason: "it did not answer in the last ten minutes")
            throw Failure(failure.code, reason, remedy: failure.remedy, detail: failure.detail)
        }
    }

    nonisolated func freeSpace() -> ByteCount? { StorageProbe.storage(of: world.home).free }

    private func host(of source: SourceReference) async throws -> String {
        switch source {
        case .hub, .hubFolder: hub.host
        case .packageIndex: try await packageIndex().host
        case .web(let address): WebSource.host(of: address)
        case .file: "this machine"
        }
    }

    private func delivery(of source: SourceReference) async throws -> Delivery {
        switch source {
        case .hub(let repository, let file, let revision):
            return try await hub.delivery(repository: repository, file: file, revision: revision)
        case .hubFolder(let repository, _):
            throw Failure.badInput(
                "\(repository) is a folder, and those cannot be fetched yet.", remedy: "Choose a variant that is one file.")
        case .packageIndex(let members): return try await packageIndex().delivery(of: members)
        case .web(let address): return try await WebSource(transport: transport).delivery(of: address)
        case .file(let path):
            throw Failure.badInput(
                "Models cannot be taken from \(path) yet.", remedy: "Name a source on the hub, the package index or the web.")
        }
    }

    private var hub: HubSource {
        let endpoint = world.environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
        return HubSource(transport: transport, endpoint: endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint, token: hubToken)
    }

    /// `HF_TOKEN`, else the file where the hub's own tools keep it.
    private var hubToken: String? {
        let environment = world.environment
        if let token = environment["HF_TOKEN"], !token.isEmpty { return token }
        let folder = environment["HF_HOME"] ?? environment["HOME"].map { $0 + "/.cache/huggingface" }
        let path = environment["HF_TOKEN_PATH"] ?? folder.map { $0 + "/token" }
        let text = path.flatMap { FileManager.default.contents(atPath: $0) }.map { String(decoding: $0, as: UTF8.self) }
        let token = text?.trimmingCharacters(in: .whitespacesAndNewlines)
        return token?.isEmpty == false ? token : nil
    }

    func packageIndex() async throws -> PackageIndex {
        if let index { return index }
        let base = try await PipConfiguration(environment: world.environment).indexURL()
        let index = PackageIndex(transport: transport, base: base)
        self.index = index
        return index
    }
}
