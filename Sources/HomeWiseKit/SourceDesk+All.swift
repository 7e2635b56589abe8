// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

extension SourceDesk {
    /// What all sources of a variant deliver together.
    struct Resolved: Sendable {
        /// Of the first source that answered, with the others' addresses behind its own.
        var delivery: Delivery
        var source: SourceReference
        /// Deliveries in another form (inside of archives), for when the first cannot be had after all.
        var alternatives: [(source: SourceReference, delivery: Delivery)] = []
        /// Sources that failed, or that offer something else than is meant.
        var leftOut: [(source: SourceReference, failure: Failure)] = []
    }

    /// Asks every source of a variant, and of what belongs to it.
    ///
    /// - Throws: the last source's `Failure` where none delivers, or the first that no other source can mend.
    func resolveAll(_ variant: ModelVariant, of model: ModelInfo) async throws -> Resolved {
        var resolved = try await together(variant.sources, of: model, SourceWish(variant, of: model))
        if let projector = variant.projector, !resolved.delivery.files.contains(where: { $0.role == .projector }) {
            try await add(projector, as: .projector, of: model, to: &resolved)
        }
        for companion in variant.companions ?? [] { try await add(companion, as: .support, of: model, to: &resolved) }
        return resolved
    }

    private func together(_ sources: [SourceReference], of model: ModelInfo, _ wish: SourceWish) async throws -> Resolved {
        var resolved: Resolved?
        var leftOut: [(SourceReference, Failure)] = []
        for source in sources {
            do {
                let delivery = try await resolve(source, named: model.name, wish: wish).sealed(by: wish.digest, source: source.kind)
                guard let known = resolved else {
                    resolved = Resolved(delivery: delivery, source: source)
                    continue
                }
                let merged = try known.delivery.adding(delivery, source: source.kind)
                if merged == known.delivery { resolved?.alternatives.append((source, delivery)) }
                resolved?.delivery = merged
            } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
                tell(model, source, failure)
                leftOut.append((source, failure))
            }
        }
        guard var resolved else {
            throw leftOut.last?.1 ?? Failure.noCandidate(reasons: ["the registry names no source for \(model.name)"])
        }
        resolved.leftOut = leftOut
        return resolved
    }

    private func add(_ companion: ModelVariant.Companion, as role: ModelFileRole, of model: ModelInfo, to resolved: inout Resolved)
        async throws
    {
        let part = try await together(companion.sources, of: model, SourceWish(digest: companion.sha256))
        resolved.leftOut += part.leftOut
        guard var file = part.delivery.files.first else { return }
        if let wanted = companion.sha256 {
            if let offered = file.digest, offered != wanted {
                throw Failure.contradicted(file.path.name, source: part.source.kind, expected: wanted, offered: offered)
            }
            file.digest = wanted
            if file.isPlain { file.parts[0].file.digest = wanted }
        }
        file.role = role
        if let name = companion.name { file.path = try SafePath(untrusted: name) }
        resolved.delivery.files.append(file)
        for index in resolved.alternatives.indices
        where !resolved.alternatives[index].delivery.files.contains(where: { $0.path == file.path }) {
            resolved.alternatives[index].delivery.files.append(file)
        }
    }
}
