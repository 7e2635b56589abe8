// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseSources
import HomeWiseStore

extension HomeWise {
    /// What a model's own file says, and what is wrong with it.
    public struct Inspection: Sendable, Encodable {
        public var path: String
        public var size: ByteCount
        public var facts: ModelFacts
        /// Tensors in the file; `nil` where the format has none to count.
        public var tensors: Int?
        /// What a person should know of the file.
        public var notes: [String]
    }

    /// Reads a file that a person names, or an installed model.
    ///
    /// - Throws: `Failure.malformedModel` with file and field, `Failure.unknownModel`, `Failure.storeUnusable`.
    public func inspect(_ name: String) throws -> Inspection {
        if name.contains("/") || FileManager.default.fileExists(atPath: name) { return try inspect(file: name) }
        let (model, quantization) = try registry.model(named: name)
        let here = try installed().filter { $0.name == model.id && (quantization == nil || $0.quantization.lowercased() == quantization) }
        guard let found = here.first else {
            throw Failure.badInput(
                "\(model.name) is not here yet.", remedy: "Fetch it with: homewise pull \(model.id); or see homewise plan \(model.id)")
        }
        return try inspect(file: found.path)
    }

    /// What the headers of the models that are here say, by “model:quantization”.
    func factsOfInstalled() throws -> [String: ModelFacts] {
        var all: [String: ModelFacts] = [:]
        for model in try store.models() {
            // One file that is gone or damaged is no reason to know nothing of the others; `doctor` names it.
            do { all[model.key] = try facts(of: model) } catch is Failure { continue }
        }
        return all
    }

    /// From the notes, or else from the file, once. A file that cannot be read as a model has none; running it will say so.
    func facts(of model: InstalledModel) throws -> ModelFacts? {
        let digest = model.digest
        if let known = try store.inventory.note(.facts, key: digest.hex, as: ModelFacts.self) { return known }
        // Weights in several files are known as a whole by their folder alone.
        let isFolder = model.format == .pytorch && model.files.count { $0.role == .weights } > 1
        let facts: ModelFacts
        do { facts = try inspect(file: isFolder ? model.folder ?? model.path : model.path).facts } catch let failure as Failure
            where failure.code == .malformedModel
        { return nil }
        try store.inventory.note(facts, .facts, key: digest.hex, at: world.now())
        return facts
    }
}
