// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// How found models come into the store.
public enum ImportWay: String, Sendable, Codable, CaseIterable {
    /// They stay where they are; should somebody change or remove them, it is noticed.
    case inPlace = "in-place"
    /// A second name for the same bytes on the same disk.
    case link
    /// A copy that shares its blocks with the file until one of the two is written to; only some disks can.
    case reflink
    /// Shares blocks as `reflink` where the disk can.
    case copy
    /// They are in the store afterwards and not where they were.
    case move

    var adoption: Adoption {
        switch self {
        case .inPlace: .reference
        case .link: .hardLink
        case .reflink: .reflink
        case .copy: .copy
        case .move: .move
        }
    }
}

/// Taking in what is on this machine already.
extension HomeWise {
    /// Finds models that other tools keep here, or those at a path that a person names. Nothing is changed, and nothing is hashed.
    ///
    /// - Parameter path: `nil` for the places of all tools that are known.
    /// - Throws: `Failure` where there is nothing at the path.
    public func findModels(at path: String? = nil) throws -> ScanReport {
        let scan = ModelScan(environment: world.environment)
        var report = try path.map { try scan.look(at: $0) } ?? scan.everywhere()
        let known = try registry
        for index in report.models.indices { report.models[index] = try named(report.models[index], in: known) }
        report.settle()
        return report
    }

    /// Takes one found model in: its headers are read strictly, every file is hashed, and it can then be run by its name.
    ///
    /// - Parameter later: models that are to be taken in after it: a move leaves what they need in its place for them.
    /// - Throws: `Failure.malformedModel`, `Failure.digestMismatch`, `Failure.badInput` where the disk cannot do what was asked for;
    ///   then nothing is taken, and nothing is gone from where it was.
    public func importModel(
        _ found: FoundModel, how: ImportWay = .inPlace, before later: [FoundModel] = [], report: @escaping Report = { _ in }
    ) throws -> Installed {
        let notes = try screen(found)
        for note in notes { report(.note(note)) }
        let found = try placed(found, report)
        let sizes = Dictionary(found.files.map { ($0.path, $0.size) }) { first, _ in first }
        let model = try store.adopt(
            found, how: how.adoption, at: world.now(), sparing: Set(later.flatMap(\.files).map(\.target)),
            seen: { path, done in report(.progress(name: path.name, TransferStatus(received: done, total: sizes[path] ?? done))) },
            stayed: { place, failure in
                report(.note("\(found.key) is in the store, but \(place) is still where it was: \(failure.message) Remove it yourself."))
            })
        try makeKnown(model)
        let installed = Installed(model)
        report(.installed(installed))
        return installed
    }

    /// Whether the store has the very same files under this name already.
    public func isImported(_ found: FoundModel) throws -> Bool { try imported(found) != nil }

    /// As `isImported`; what an earlier run took in and could not make known any more is made known now.
    public func recognize(_ found: FoundModel) throws -> Bool {
        guard let model = try imported(found) else { return false }
        try makeKnown(model)
        return true
    }

    private func imported(_ found: FoundModel) throws -> InstalledModel? {
        try store.models().first { model in
            (model.key == found.key || Self.isFurther(model, of: found)) && model.files.map(\.size.bytes) == found.files.map(\.size)
                && zip(model.files, found.files).allSatisfy { $1.digest == nil || $1.digest == $0.digest }
        }
    }

    /// Whether a model is what `placed` made of one whose name was taken.
    private static func isFurther(_ model: InstalledModel, of found: FoundModel) -> Bool {
        model.name == found.name.value && model.source == found.source && model.tag.hasPrefix("\(found.tag)-")
    }

    /// What is here under a name is replaced by what comes from the same place alone; anything else gets another tag.
    func placed(_ found: FoundModel, _ report: Report) throws -> FoundModel {
        var found = found
        let before = found.key
        found.tag = try free(found.tag, of: found.name) { $0.source == found.source }
        if found.key != before { report(.note("\(before) is another model here: this one is taken in as \(found.key).")) }
        return found
    }

    /// The first tag, of the wanted one and those made of it, that no other model has.
    ///
    /// - Parameter isSame: whether a model that has the tag may be replaced.
    func free(_ tag: SafePath, of name: SafePath, where isSame: (InstalledModel) -> Bool) throws -> SafePath {
        let (models, broken) = try store.everything()
        let taken = Set(models.filter { !isSame($0) }.map(\.key) + broken.map(\.key))
        guard taken.contains("\(name):\(tag)") else { return tag }
        guard let number = (2...10_000).first(where: { !taken.contains("\(name):\(tag)-\($0)") }) else {
            throw Failure.badInput("\(name):\(tag) is here in too many versions.", remedy: "Remove some with: homewise rm")
        }
        return try SafePath(untrusted: "\(tag)-\(number)")
    }

    /// A file that the registry names is taken in under the registry's name; no other takes a name of the registry.
    func named(_ found: FoundModel, in registry: ModelRegistry) throws -> FoundModel {
        var found = found
        if found.files.count(where: { $0.role == .weights }) == 1, let digest = found.files[0].digest {
            for model in registry.models {
                guard let variant = model.variants?.first(where: { $0.sha256 == digest }) else { continue }
                found.name = try SafePath(untrusted: model.id)
                found.tag = try SafePath(untrusted: variant.quantization.lowercased())
                return found
            }
        }
        let adHoc = Set(try store.inventory.notes(.selection, as: AdHocModel.self).values.map(\.info.id))
        let taken = Set(registry.models.flatMap { [$0.id] + ($0.aliases ?? []).map { $0.lowercased() } }).subtracting(adHoc)
        if taken.contains(found.name.value) {
            found.name = ImportName.slug("\(found.name)-\(found.owner ?? found.origin.rawValue)")
        }
        return found
    }

    /// What our own readers do not understand goes to no engine.
    ///
    /// - Returns: what a person should know before anything loads it: a pickle that would run something.
    func screen(_ found: FoundModel) throws -> [String] {
        switch found.format {
        case .gguf:
            for file in found.files where file.role != .support { _ = try inspect(file: file.place) }
            return []
        case .onnx:
            _ = try inspect(file: found.files[0].place)
            return []
        case .pytorch:
            let first = found.files[0]
            if first.path.name.lowercased().hasSuffix(".safetensors") {
                _ = try inspect(file: String(first.place.dropLast(first.path.value.utf8.count + 1)))
                return []
            }
            // Each of them is a program of its own.
            return try found.files.filter { $0.role != .support }.flatMap { file in
                try inspect(file: file.place).notes.map { "\(file.path): \($0)" }
            }
        }
    }

    /// Gives a model that no registry names an entry of its own, so that it can be planned and run by its name.
    func makeKnown(_ model: InstalledModel) throws {
        let isNamed = try registry.models.contains { info in
            info.id == model.name && (info.variants ?? []).contains { $0.quantization.lowercased() == model.tag }
        }
        if isNamed { return }
        let reference = SourceReference.file(model.path)
        let delivery = try Delivery(
            files: model.files.map { file in
                let remote = RemoteFile(name: file.path, url: "file://\(file.place)", size: file.size.bytes, digest: file.digest)
                return try .init(path: SafePath(untrusted: file.path), role: file.role, parts: [.init(remote)])
            }, revision: nil, owner: model.owner, license: model.license)
        var known = try AdHocModel(reference, delivery)
        known.quantization = model.tag
        known.info.name = model.name
        known.info.description = "Taken in from \(model.source)"
        known.info.aliases = nil
        // What it is made for, its own files tell better than its name.
        if let facts = try facts(of: model), !facts.capabilities.isEmpty {
            known.info.capabilities = facts.capabilities
        }
        known.info.variants?[0].quantization = model.tag
        // Where it can be had again, if its keeper's name for it is one that we can ask.
        if let source = try? SourceReference(parsing: model.source) { known.info.variants?[0].sources = [source] }
        try store.inventory.note(known, .selection, key: "import \(model.key)", at: world.now())
        registryDesk.select(known)
    }
}
