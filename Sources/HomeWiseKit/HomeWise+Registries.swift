// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Registries beside the one that comes with the program. Each is kept as it was last read, and that copy is used while
/// the network is away.
extension HomeWise {
    /// A registry that a person added.
    public struct AddedRegistry: Sendable, Codable, Equatable {
        public var name: String
        /// Address or path that it comes from.
        public var origin: String
        /// What the server called this version of it.
        var tag: String?
        public var models: Int
    }

    /// - Throws: `Failure.badInput` for what is no registry, `Failure.noNetwork`.
    public func addRegistry(_ origin: String) async throws -> AddedRegistry {
        let isWeb = origin.hasPrefix("https://") || origin.hasPrefix("http://")
        let origin = isWeb ? origin : URL(filePath: origin).absoluteURL.path
        let name = try freeName(for: origin)
        guard let fetched = try await readRegistry(origin, tag: nil) else { throw Failure.badReply(host: origin, "nothing") }
        return try keep(fetched, name: name, origin: origin)
    }

    public func addedRegistries() throws -> [AddedRegistry] {
        try store.inventory.notes(.registry, as: AddedRegistry.self).values.sorted { $0.name < $1.name }
    }

    /// - Throws: `Failure.badInput` for a name that was not added.
    public func removeRegistry(_ name: String) throws {
        guard try addedRegistries().contains(where: { $0.name == name }) else {
            throw Failure.badInput("No registry named “\(name)” was added.", remedy: "See which were: homewise registry list")
        }
        try store.inventory.forget(.registry, key: name)
        unlink(store.layout.registry(name))
    }

    /// Reads all added registries anew.
    ///
    /// - Returns: for each, the failure that kept it as it was, or `nil`.
    public func refreshRegistries() async throws -> [(registry: AddedRegistry, failure: Failure?)] {
        var results: [(AddedRegistry, Failure?)] = []
        for registry in try addedRegistries() {
            do {
                // A copy that is damaged is fetched anew, whatever the server says of changes.
                let isSound =
                    (try? ModelRegistry(json: Data(contentsOf: URL(filePath: store.layout.registry(registry.name))), name: "")) != nil
                guard let fetched = try await readRegistry(registry.origin, tag: isSound ? registry.tag : nil) else {
                    results.append((registry, nil))
                    continue
                }
                results.append((try keep(fetched, name: registry.name, origin: registry.origin), nil))
            } catch let failure as Failure { results.append((registry, failure)) }
        }
        return results
    }

    /// Reads a registry without keeping it.
    public func validateRegistry(_ origin: String) async throws -> ModelRegistry {
        guard let fetched = try await readRegistry(origin, tag: nil) else { throw Failure.badReply(host: origin, "nothing") }
        return try ModelRegistry(json: fetched.data, name: origin)
    }

    private func readRegistry(_ origin: String, tag: String?) async throws -> RegistryFetch.Fetched? {
        if origin.hasPrefix("https://") || origin.hasPrefix("http://") {
            return try await RegistryFetch(transport: transport).fetch(origin, unless: tag)
        }
        let folder = ModelFolder(
            (origin as NSString).deletingLastPathComponent.isEmpty ? "." : (origin as NSString).deletingLastPathComponent)
        do {
            guard let bytes = try folder.bytes((origin as NSString).lastPathComponent, atMost: 16 << 20) else {
                throw Failure.unreadable(path: origin, reason: "there is no such plain file")
            }
            return RegistryFetch.Fetched(data: Data(bytes), tag: nil)
        } catch let fault as FormatFault { throw Failure.unreadable(path: origin, reason: fault.reason) }
    }

    private func keep(_ fetched: RegistryFetch.Fetched, name: String, origin: String) throws -> AddedRegistry {
        let registry = try ModelRegistry(json: fetched.data, name: origin)
        let added = AddedRegistry(name: name, origin: origin, tag: fetched.tag, models: registry.models.count)
        let path = store.layout.registry(name)
        do {
            try FileManager.default.createDirectory(atPath: store.layout.registries, withIntermediateDirectories: true)
            try fetched.data.write(to: URL(filePath: path), options: .atomic)
        } catch { throw Failure.cannotWrite(path: path, error: error) }
        try store.inventory.note(added, .registry, key: name, at: world.now())
        return added
    }

    /// A name that no registry of another origin has.
    private func freeName(for origin: String) throws -> String {
        let name = Self.registryName(origin)
        let taken = Set(try addedRegistries().filter { $0.origin != origin }.map(\.name))
        guard taken.contains(name) else { return name }
        return (2...).lazy.map { "\(name)-\($0)" }.first { !taken.contains($0) } ?? name
    }

    /// The last part of the origin, in characters that a file name may have.
    static func registryName(_ origin: String) -> String {
        // A query may hold a secret, and names nothing.
        let place = origin.prefix { $0 != "?" && $0 != "#" }
        let last = place.split(separator: "/").last.map(String.init) ?? origin
        let stem = last.hasSuffix(".json") ? String(last.dropLast(5)) : last
        let safe = stem.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }
        return String(safe.prefix(60)).isEmpty ? "registry" : String(safe.prefix(60))
    }
}
