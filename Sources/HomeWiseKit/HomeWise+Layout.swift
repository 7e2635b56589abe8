// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// What the engine itself says that a model would take.
extension HomeWise {
    /// Asks the engine to lay out a model that is here or whose header can be fetched.
    ///
    /// - Returns: `nil` where there is no engine to ask, or no header to be had; the analytic estimate stands then.
    func layout(of fit: Fit) async throws -> MemoryEstimate? {
        guard fit.placement == .cpu, let manifest = try engineInUse(), let tool = LlamaFit(manifest: manifest, host: engineHost),
            let header = try await header(of: fit)
        else { return nil }
        let key =
            "1 \(header.key) \(Self.build(manifest)) \(fit.options.arguments.joined(separator: " ")) \(probe.cpu().features.joined(separator: ","))"
        if let known = try store.inventory.note(.layout, key: key, as: MemoryEstimate.self) { return known }
        let estimate = try await LayoutInquiry(tool: tool, folder: store.layout.run).estimate(
            header.value, header.facts, header.source, fit.options)
        try store.inventory.note(estimate, .layout, key: key, at: world.now())
        return estimate
    }

    /// What tells one build of an engine from another of the same version.
    static func build(_ manifest: EngineManifest) -> String {
        "\(manifest.version) \(manifest.flags.joined(separator: " ")) \(manifest.processor.joined(separator: ","))"
    }

    struct Header {
        /// What stands for the file in the notes.
        var key: String
        var value: GGUFHeader
        var facts: ModelFacts
        var source: BytePrefix
    }

    private func header(of fit: Fit) async throws -> Header? {
        if let here = try store.models().first(where: { $0.key == fit.key }) {
            let file = try MappedFile(path: here.path)
            guard let header = try? GGUFHeader(file) else { return nil }
            let bytes = try file.withBytes(0..<min(file.length, header.dataOffset)) { [UInt8]($0) }
            let source = BytePrefix(bytes, length: file.length)
            return try Header(key: here.digest.hex, value: header, facts: ModelFacts(header, in: source), source: source)
        }
        return try await remoteHeader(of: fit)
    }

    /// The header alone, by range, from the first source that serves the bare file.
    private func remoteHeader(of fit: Fit) async throws -> Header? {
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: false) { _ in }
        for source in fit.variant.sources {
            do {
                let delivery = try await desk.resolve(source, for: fit.model, variant: fit.variant)
                guard let part = delivery.parts.first, delivery.parts.count == 1, part.packing == .plain else { continue }
                let (header, bytes) = try await RemoteHeader(transport: transport, file: part.file).read { try GGUFHeader($0) }
                let facts = try ModelFacts(header, in: bytes)
                try store.inventory.note(facts, .facts, key: fit.key, at: world.now())
                let key = part.file.digest?.hex ?? "\(part.file.url) \(bytes.length)"
                return Header(key: key, value: header, facts: facts, source: bytes)
            } catch is Failure {
                // A source that cannot give it now leaves the estimate as it is, which says so itself.
                continue
            } catch is FormatFault { continue }
        }
        return nil
    }
}
