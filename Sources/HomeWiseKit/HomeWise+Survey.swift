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
        let files = try resolved.delivery.files.map { file in
            let keys = Set(file.parts.compactMap(\.file.digest))
            let already = try rows.filter { keys.contains($0.key) }.reduce(Int64(0)) { try $0 + store.inventory.bytesHere(of: $1) }
            return try Survey.File(
                name: file.path.value, size: file.size.map { ByteCount($0) }, digest: file.digest,
                isHere: file.digest.map { try store.place(of: $0) != nil } ?? false, already: ByteCount(already),
                places: file.parts.flatMap { $0.file.addresses.map { "\($0.source) (\(Self.host(of: $0.url)))" } }.uniqued())
        }
        var seen: Set<String> = []
        let missing = zip(resolved.delivery.files, files).filter { !$1.isHere }
        let bytes = missing.reduce(Int64(0)) { sum, pair in
            pair.0.parts.filter { seen.insert($0.file.url).inserted }.reduce(sum) { $0 + ($1.file.size ?? 0) } - pair.1.already.bytes
        }
        return Survey(
            model: fit.key, revision: resolved.delivery.revision, license: resolved.delivery.license ?? fit.model.license, files: files,
            toFetch: ByteCount(max(0, bytes)), free: desk.freeSpace())
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
