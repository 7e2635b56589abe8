// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Models that no registry names: a person gives the source itself.
extension HomeWise {
    /// The name by which all other operations know what a person typed: a name of the registry stays as it is; a source is asked
    /// what it has, and its answer becomes an entry of its own, kept for as long as the model is here.
    ///
    /// A source whose model is here already is not asked again.
    ///
    /// - Throws: `Failure.badInput` for what is neither, `Failure.unknownModel` with a hint, or the source's own failure.
    ///
    /// - Parameter format: the one to take where a repository has several.
    public func name(of typed: String, format: ModelFormat? = nil, report: @escaping Report) async throws -> String {
        switch try ModelSelector(parsing: typed) {
        case .catalogue(let name): return name
        case .repository(let name):
            do { _ = try registry.model(named: name) } catch let failure as Failure where failure.code == .unknownModel {
                throw Failure.perhapsRepository(name)
            }
            return name
        case .path(let path): return try await select(.file(Self.absolute(path, home: world.environment["HOME"])), format, report: report)
        case .source(let reference): return try await select(reference, format, report: report)
        }
    }

    private func select(_ reference: SourceReference, _ format: ModelFormat?, report: @escaping Report) async throws -> String {
        if let known = try store.inventory.note(.selection, key: reference.description, as: AdHocModel.self), try isHere(known) {
            return known.selector
        }
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let delivery = try await desk.resolve(reference, named: "\(reference)", wish: SourceWish(format: format))
        let model = try AdHocModel(reference, delivery, taken: taken(besides: reference))
        try store.inventory.note(model, .selection, key: reference.description, at: world.now())
        registryDesk.select(model)
        try await learn(of: model, from: delivery)
        return model.selector
    }

    /// Reads the header alone, so that what the model would take is known before it is fetched.
    private func learn(of model: AdHocModel, from delivery: Delivery) async throws {
        guard model.info.type == .gguf, let part = delivery.parts.first, part.packing == .plain, part.file.url.hasPrefix("http") else {
            return
        }
        do {
            let (header, bytes) = try await RemoteHeader(transport: transport, file: part.file).read { try GGUFHeader($0) }
            try store.inventory.note(ModelFacts(header, in: bytes), .facts, key: model.selector, at: world.now())
        } catch let failure as Failure where !Pull.anotherSourceMayHelp(failure) {
            throw failure
        } catch is Failure {
            // A source that cannot give it now leaves the estimate as it is, which names its own basis.
        } catch is FormatFault {
            // What it is instead is said once all of it is here.
        }
    }

    private func isHere(_ model: AdHocModel) throws -> Bool {
        guard try store.model(model.info.id, tag: model.quantization.lowercased()) != nil else { return false }
        registryDesk.select(model)
        return true
    }

    /// Names that mean another model. Two quantisations of one repository share theirs.
    private func taken(besides reference: SourceReference) throws -> Set<String> {
        let notes = try store.inventory.notes(.selection, as: AdHocModel.self)
        var taken = Set(try registry.models.flatMap { [$0.id] + ($0.aliases ?? []).map { $0.lowercased() } })
        for (text, model) in notes {
            let isSame = (try? SourceReference(parsing: text))?.family == reference.family
            if isSame { taken.remove(model.info.id) } else { taken.insert(model.info.id) }
        }
        return taken
    }

    private static func absolute(_ path: String, home: String?) -> String {
        let whole = path == "~" || path.hasPrefix("~/") ? (home ?? "") + path.dropFirst() : path
        return URL(filePath: whole).standardizedFileURL.absoluteURL.path
    }
}

extension AdHocModel {
    /// As commands name it.
    var selector: String { "\(info.id):\(quantization.lowercased())" }
}
