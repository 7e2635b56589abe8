// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseStore

/// A model that is here, and whom to ask about it.
struct UpdateTarget: Sendable {
    enum Origin: Sendable {
        /// An entry of a registry.
        case entry(ModelInfo, ModelVariant)
        /// A source that a person named, as they named it.
        case typed(SourceReference, AdHocModel)
        /// Only where it came from is known.
        case source(SourceReference)
        /// Nobody is to be asked: it was brought from this machine or in an archive, or nobody wrote down from where.
        case none
    }

    let model: InstalledModel
    let origin: Origin

    init(_ model: InstalledModel, house: HomeWise) throws {
        self.model = model
        let notes = try house.store.inventory.notes(.selection, as: AdHocModel.self)
        let entry = try house.registry.models.first { $0.id == model.name }
        let variant = entry?.variants?.first { $0.quantization.lowercased() == model.tag }
        let typed = notes.first { $0.value.info.id == model.name && $0.value.quantization.lowercased() == model.tag }
        if let typed, let reference = try? SourceReference(parsing: typed.key),
            entry.map({ $0.aliases?.contains(typed.key) == true }) ?? true
        {
            origin = .typed(reference, typed.value)
        } else if let entry, let variant, !variant.sources.isEmpty, !variant.isOnlyInArchives {
            origin = .entry(entry, variant)
        } else if let source = try? SourceReference(parsing: model.source), source.kind != "file", !source.isArchive {
            origin = .source(source)
        } else {
            origin = .none
        }
    }

    /// What to fetch: as the registry has it, or as the source says now, under the name that the model has here.
    func wanted(_ delivery: Delivery) throws -> (info: ModelInfo, variant: ModelVariant, adHoc: AdHocModel?) {
        switch origin {
        case .entry(let info, let variant): return (info, variant, nil)
        case .typed(let reference, let old): return try renamed(AdHocModel(reference, delivery), as: old.info.name)
        case .source(let reference): return try renamed(AdHocModel(reference, delivery), as: model.name)
        case .none: throw Failure.notServed(model.key, source: "store")
        }
    }

    private func renamed(_ fresh: AdHocModel, as name: String) throws -> (ModelInfo, ModelVariant, AdHocModel?) {
        var fresh = fresh
        fresh.info.name = name
        guard var variant = fresh.info.variants?.first else { throw Failure.noModelFiles(name, format: "a form that HomeWise knows") }
        // Its own name for itself may have changed; what it is called here has not.
        if variant.quantization.lowercased() != model.tag { variant.quantization = model.tag.uppercased() }
        (fresh.quantization, fresh.info.variants) = (variant.quantization, [variant])
        return (fresh.info, variant, fresh)
    }

    /// The digest that the registry pins the weights to.
    var pinned: Digest? { if case .entry(_, let variant) = origin { variant.sha256 } else { nil } }

    /// The registry's word where the source says nothing.
    var license: String? { if case .entry(let info, _) = origin { info.license } else { nil } }

    func resolve(_ desk: SourceDesk) async throws -> SourceDesk.Resolved? {
        switch origin {
        case .entry(let info, let variant): return try await desk.resolveAll(variant, of: info)
        case .typed(let reference, let known):
            return try await one(reference, desk, quantization: known.quantization, format: known.info.type)
        case .source(let reference): return try await one(reference, desk, quantization: model.tag, format: model.format)
        case .none: return nil
        }
    }

    private func one(_ reference: SourceReference, _ desk: SourceDesk, quantization: String, format: ModelFormat?) async throws
        -> SourceDesk.Resolved
    {
        let wish = SourceWish(quantization: QuantizationName(exactly: quantization)?.description, format: format)
        return SourceDesk.Resolved(delivery: try await desk.resolve(reference, named: model.key, wish: wish), source: reference)
    }
}
