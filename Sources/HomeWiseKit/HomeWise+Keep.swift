// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain
import HomeWiseStore

/// A model or an unfinished download, as `list` shows it.
public struct ListedModel: Sendable, Equatable, Encodable {
    public enum State: String, Sendable, Encodable {
        case sound, away, changed, damaged, missing
        /// What is written down of it cannot be read.
        case unreadable
        case unfinished
    }

    public var name: String
    public var quantization: String
    public var state: State
    public var size: ByteCount
    public var digest: Digest?
    public var path: String?
    public var source: String?
    public var format: ModelFormat?
    public var files: Int
    /// Of archives that are kept beside the files; not part of `size`.
    public var archives: ByteCount?
    /// Whether bytes of it lie outside the store.
    public var isAdopted = false
    /// The file of an unfinished one.
    public var file: String?
    /// Bytes that are here of an unfinished one.
    public var received: ByteCount?
    /// Whether somebody is fetching it now.
    public var isUnderWay: Bool?
    public var installedAt: Date?
    public var lastUsed: Date?

    /// 0 to 100, of an unfinished one.
    public var percent: Int? {
        received.map { size.bytes > 0 ? Int(min(100, Double($0.bytes) / Double(size.bytes) * 100)) : 0 }
    }
}

/// Keeping what is here.
extension HomeWise {
    /// Everything that is here or on its way, whatever its state.
    public func listing() throws -> [ListedModel] {
        let (models, broken) = try store.everything()
        return models.map(ListedModel.init)
            + broken.map {
                ListedModel(name: $0.name, quantization: $0.tag, state: .unreadable, size: ByteCount(0), files: 0)
            } + (try store.unfinished().map(ListedModel.init))
    }

    /// Holds a model's bytes for as long as the result lives.
    ///
    /// - Throws: `Failure.unknownModel` when it was removed a moment ago.
    func lease(on model: Installed, purpose: String) throws -> Lease {
        guard let here = try store.model(model.name, tag: model.quantization), let lease = try store.lease(here, purpose: purpose) else {
            throw Failure.modelGone("\(model.name):\(model.quantization)")
        }
        return lease
    }

    /// On a full disk a model runs all the same; only when it did stays unsaid.
    func noteUse(of model: Installed) throws {
        do { try store.inventory.touch(name: model.name, tag: model.quantization, at: world.now()) } catch let failure as Failure
            where failure.code == .diskFull
        {}
    }

    /// Models that are here under a name as a person writes it: “name”, “name:quantization”, or an alias of the registry.
    ///
    /// - Throws: `Failure.unknownModel`.
    func here(named text: String) throws -> [(name: String, tag: String)] {
        let (models, broken) = try store.everything()
        let all = models.map { (name: $0.name, tag: $0.tag) } + broken.map { (name: $0.name, tag: $0.tag) }
        let wanted = text.lowercased()
        let named = all.filter { ["\($0.name):\($0.tag)", $0.name].map { $0.lowercased() }.contains(wanted) }
        if !named.isEmpty { return named }
        if let (model, quantization) = try known(text) {
            let known = all.filter { $0.name == model.id && (quantization == nil || $0.tag == quantization?.lowercased()) }
            if !known.isEmpty { return known }
        }
        throw Failure.notHere(text, near: all.map { "\($0.name):\($0.tag)" })
    }

    /// - Throws: `Failure` where the registry itself cannot be read.
    private func known(_ name: String) throws -> (ModelInfo, String?)? {
        do { return try registry.model(named: name) } catch let failure as Failure where failure.code == .unknownModel { return nil }
    }
}

extension ListedModel {
    init(_ model: InstalledModel) {
        self.init(
            name: model.name, quantization: model.tag, state: State(model.state), size: model.size, digest: model.digest, path: model.path,
            source: model.source, format: model.format, files: model.files.count,
            archives: model.archives.isEmpty ? nil : ByteCount(model.archives.reduce(0) { $0 + $1.size.bytes }),
            isAdopted: model.files.contains(where: \.isAdopted),
            installedAt: model.installedAt, lastUsed: model.lastUsed)
    }

    init(_ transfer: Unfinished) {
        let parts = transfer.model.split(separator: ":", maxSplits: 1).map(String.init)
        self.init(
            name: parts.first ?? transfer.name, quantization: parts.count > 1 ? parts[1] : transfer.name, state: .unfinished,
            size: ByteCount(transfer.size), files: 1, file: transfer.name, received: ByteCount(transfer.received),
            isUnderWay: transfer.isUnderWay)
    }
}

extension ListedModel.State {
    init(_ state: FileState) {
        self =
            switch state {
            case .sound: .sound
            case .away: .away
            case .changed: .changed
            case .damaged: .damaged
            case .missing: .missing
            }
    }
}

extension Failure {
    static func notHere(_ name: String, near all: [String]) -> Failure {
        Failure(
            .unknownModel, "No model named “\(name.prefix(100))” is here.",
            remedy: all.isEmpty ? "Fetch one with: homewise pull NAME" : "Here are: \(all.prefix(8).joined(separator: ", ")).")
    }
}
