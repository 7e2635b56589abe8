// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Gets one damaged file of a model right again, from wherever the model can be had.
struct Repair: Sendable {
    let house: HomeWise
    let report: Report
    /// - Throws: the last source's `Failure`; the damaged file is then as it was, and marked.
    func run(_ file: InstalledFile, of model: InstalledModel) async throws {
        if try await house.mendFromArchive(file, of: model, report: report) { return }
        let info = try info(of: model)
        let desk = try SourceDesk(
            world: house.world, transport: house.transport, inventory: house.store.inventory, isForgiving: true, report: report)
        var last = Failure.noCandidate(reasons: ["nobody wrote down where \(model.key) came from"])
        for source in sources(of: model, info) {
            do {
                let delivery = try await desk.resolve(source, for: info)
                guard var wanted = try Self.find(file, in: delivery) else {
                    throw Failure.notServed(file.path, source: source.kind)
                }
                wanted.digest = file.digest
                return try await mend(file, wanted, model, source)
            } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
                report(.sourceFailed(model: model.name, source: source.kind, failure: failure))
                last = failure
            }
        }
        throw last
    }

    private func mend(_ file: InstalledFile, _ wanted: Delivery.File, _ model: InstalledModel, _ source: SourceReference) async throws {
        if !file.isAdopted, wanted.parts.count == 1, wanted.parts[0].packing == .plain,
            try await patch(file, from: wanted.parts[0].file)
        {
            return
        }
        let fetch = FileFetch(
            store: house.store, transport: house.transport, limits: house.world.limits, now: house.world.now, purpose: model.key,
            report: report)
        var gathering = Gathering(
            store: house.store, fetch: fetch, name: model.name, source: source, mostBytes: file.size.bytes, isHere: { false },
            report: report)
        for part in wanted.parts { gathering.wanted[part.file.url, default: 0] += 1 }
        _ = try await gathering.gather(wanted)
        for proven in gathering.proven {
            if case .fresh(let path) = proven.content { try house.store.replace(file.digest, with: path, at: house.world.now()) }
        }
        try gathering.finish()
    }

    /// Fetches only what is wrong of a file, where the very same file is served bare: an ordinary transfer into the blob, whose
    /// pieces count as here until the hash over them says otherwise.
    ///
    /// - Returns: `false` where nothing is known of its pieces: the file is fetched whole then.
    private func patch(_ file: InstalledFile, from remote: RemoteFile) async throws -> Bool {
        guard let patch = try house.store.patch(file.digest, size: file.size.bytes) else { return false }
        var remote = remote
        remote.digest = file.digest
        let transfer = Transfer(transport: house.transport, limits: house.world.limits, now: house.world.now)
        do {
            let fetched = try await transfer.run(remote, into: patch) { report(.progress(name: file.path, $0)) }
            guard fetched.digest == file.digest else { return false }
            try patch.finish()
        } catch let failure as Failure where [.storeUnusable, .digestMismatch].contains(failure.code) {
            // A place of the disk that does not give back what is written there, or another version at the source. Which of
            // the two it is, the whole file tells: it goes to another place.
            return false
        }
        report(
            .mended(
                name: file.path, pieces: patch.mended.count, fetched: ByteCount(patch.mended.reduce(0) { $0 + patch.grid.length(of: $1) })))
        return try house.store.verify(file.digest, at: house.world.now()) == .sound
    }

    /// By its digest where the source tells one, else by its name: what comes is proven in any case.
    private static func find(_ file: InstalledFile, in delivery: Delivery) throws -> Delivery.File? {
        if let same = delivery.files.first(where: { $0.digest == file.digest }) { return same }
        if file.role == .archive {
            guard
                let part = delivery.parts.first(where: {
                    $0.file.digest == file.digest || $0.file.name == (file.path as NSString).lastPathComponent
                })
            else { return nil }
            return try Delivery.File(path: SafePath(untrusted: file.path), role: .archive, parts: [.init(part.file)])
        }
        let unnamed = delivery.files.filter { $0.digest == nil }
        return unnamed.first { $0.path.value == file.path } ?? (delivery.files.count == 1 ? unnamed.first : nil)
    }

    /// Where it came from, then wherever else the registry knows.
    private func sources(of model: InstalledModel, _ info: ModelInfo) -> [SourceReference] {
        var sources: [SourceReference] = []
        if let own = try? SourceReference(parsing: model.source) { sources.append(own) }
        let variant = info.variants?.first { $0.quantization.lowercased() == model.tag }
        for source in variant?.sources ?? [] where !sources.contains(source) { sources.append(source) }
        return sources
    }

    /// The registry's entry, or one made up for a model that it does not know: only its name is spoken of.
    private func info(of model: InstalledModel) throws -> ModelInfo {
        if let known = try house.registry.models.first(where: { $0.id == model.name }) { return known }
        let entry = ["name": model.name, "type": (model.format ?? .gguf).rawValue, "size": "0", "tier": "compact"]
        return try JSONDecoder().decode(ModelInfo.self, from: JSONEncoder().encode(entry))
    }
}

extension Failure {
    static func notServed(_ file: String, source: String) -> Failure {
        Failure(
            .notAtSource, "The \(source) does not serve \(file) as it was any more.",
            remedy: "Fetch the model again with: homewise pull, or from another source.")
    }
}
