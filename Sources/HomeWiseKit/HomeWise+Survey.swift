// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// What a pull would fetch, and from where.
public struct Survey: Sendable, Encodable {
    public struct File: Sendable, Encodable {
        public var name: String
        /// `nil` where no source tells it.
        public var size: ByteCount?
        public var digest: Digest?
        /// Whether these bytes are in the store already.
        public var isHere: Bool
        /// Of an unfinished transfer.
        public var already: ByteCount
        /// Where it can be had, the preferred place first.
        public var places: [String]
    }

    public var model: String
    public var revision: String?
    public var license: String?
    public var files: [File]
    /// Bytes over the line.
    public var toFetch: ByteCount
    public var free: ByteCount?
}

extension HomeWise {
    /// Asks the sources of a model and fetches nothing.
    ///
    /// - Parameter name: as for `obtain`; `nil` for the best of this machine.
    public func survey(_ name: String?, wish: Wish, report: @escaping Report) async throws -> Survey {
        let machine = try await hardware()
        let fit: Fit
        if let name {
            fit = try choose(named: name, wish: wish, machine: machine)
        } else {
            let choice = try choose(wish, machine: machine)
            guard let best = choice.candidates.first else {
                throw Failure.noCandidate(reasons: choice.rejected.map { "\($0.model.name): \($0.reason)" })
            }
            fit = best
        }
        let desk = try SourceDesk(world: world, transport: transport, inventory: store.inventory, isForgiving: true, report: report)
        let resolved = try await desk.resolveAll(fit.variant, of: fit.model)
        let rows = try store.inventory.transfers()
        let begun = try resolved.delivery.files.map { try self.begun($0, from: resolved.source, rows) }
        let files = try zip(resolved.delivery.files, begun).map { file, begun in
            try Survey.File(
                name: file.path.value, size: file.size.map { ByteCount($0) }, digest: file.digest,
                isHere: file.digest.map { try store.place(of: $0) != nil } ?? false, already: ByteCount(begun.joined + begun.partial),
                places: file.parts.flatMap { $0.file.addresses.map { "\($0.source) (\(Self.host(of: $0.url)))" } }.uniqued())
        }
        var seen: Set<String> = []
        var bytes: Int64 = 0
        for ((file, begun), row) in zip(zip(resolved.delivery.files, begun), files) where !row.isHere {
            let parts = file.parts.dropFirst(begun.members).filter { seen.insert($0.file.url).inserted }
            bytes = parts.reduce(bytes) { $0 + ($1.file.size ?? 0) } - begun.partial
        }
        return Survey(
            model: fit.key, revision: resolved.delivery.revision, license: resolved.delivery.license ?? fit.model.license, files: files,
            toFetch: ByteCount(max(0, bytes)), free: desk.freeSpace())
    }

    /// What an interrupted run left of a file.
    private struct Begun {
        /// Bytes of members that are joined; their archives are not fetched again.
        var joined: Int64 = 0
        /// Parts that these came out of.
        var members = 0
        /// Bytes of parts and archives.
        var partial: Int64 = 0
    }

    private func begun(_ file: Delivery.File, from source: SourceReference, _ rows: [TransferRow]) throws -> Begun {
        var (begun, keys) = (Begun(), Set<Digest>())
        if !file.isPlain, file.parts.allSatisfy({ $0.packing == .plain }) {
            // A source that tells no sizes has left nothing here.
            if file.parts.allSatisfy({ $0.file.size != nil }) { keys = Set(try Gathering.whole(of: file, in: store).keys) }
        } else {
            let note = try file.isPlain ? nil : Gathering.begun(file, Gathering.joinKey(of: file, from: source), in: store)
            (begun.joined, begun.members) = (note?.size ?? 0, note?.members ?? 0)
            keys = Set(file.parts.dropFirst(begun.members).map { FileFetch.key(of: $0.file) })
        }
        begun.partial = try rows.filter { keys.contains($0.key) }.reduce(0) { try $0 + store.inventory.bytesHere(of: $1) }
        return begun
    }

    private static func host(of url: String) -> String { url.hasPrefix("file:") ? "this machine" : URL(string: url)?.host ?? "the source" }
}

extension Sequence where Element: Hashable {
    /// Each once, in the order of its first appearance.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
