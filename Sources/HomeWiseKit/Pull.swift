// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Gets one variant of a model from the first source that serves it right: space, transfer, checksum, unpacking, publication.
struct Pull: Sendable {
    let model: ModelInfo
    let variant: ModelVariant
    let store: ModelStore
    let sources: SourceDesk
    let fetch: FileFetch
    let now: @Sendable () -> Date
    let report: Report
    /// Whether it replaces a version that is here: what is here then is no answer.
    var isReplacing = false
    /// Whether archives stay beside what comes out of them (`keep_compressed`).
    var isKeepingArchives = false
    /// A further proof before publication, given every file where it lies now.
    var proof: @Sendable ([ScreenedFile]) async throws -> Void = { _ in }

    init(
        fit: Fit, store: ModelStore, sources: SourceDesk, fetch: FileFetch, now: @escaping @Sendable () -> Date, report: @escaping Report
    ) {
        self.init(model: fit.model, variant: fit.variant, store: store, sources: sources, fetch: fetch, now: now, report: report)
    }

    init(
        model: ModelInfo, variant: ModelVariant, store: ModelStore, sources: SourceDesk, fetch: FileFetch,
        now: @escaping @Sendable () -> Date, report: @escaping Report
    ) {
        (self.model, self.variant) = (model, variant)
        self.store = store
        self.sources = sources
        self.fetch = fetch
        self.now = now
        self.report = report
    }

    private var tag: String { variant.quantization.lowercased() }

    /// - Throws: the last source's `Failure`, or the first that no other source can mend (a full disk).
    func run() async throws -> InstalledModel {
        if let here = try here() { return here }
        if let model = try await adoptOrphan() { return model }
        report(.phase(model: model.name, .requirements))
        let resolved = try await sources.resolveAll(variant, of: model)
        var last: Failure?
        for (source, delivery) in [(resolved.source, resolved.delivery)] + resolved.alternatives {
            do { return try await installRenewing(delivery, from: source) } catch let failure as Failure where mayHelp(failure) {
                report(.sourceFailed(model: model.name, source: source.kind, failure: failure))
                last = failure
            }
        }
        throw last ?? Failure.noCandidate(reasons: ["the registry names no source for \(model.name)"])
    }

    /// The model as it was proven before, if the registry still means the same bytes.
    private func here() throws -> InstalledModel? {
        guard !isReplacing, let model = try store.model(model.id, tag: tag) else { return nil }
        if variant.sha256.map({ $0 == model.digest }) ?? true { return model }
        // Or the older version that a person went back to.
        return try store.inventory.note(.wentBack, key: model.key, as: Digest.self) == model.digest ? model : nil
    }

    /// A run that ended between the file's place and its row left all that is needed, where the model is one file.
    private func adoptOrphan() async throws -> InstalledModel? {
        guard !isReplacing, variant.files == nil, variant.projector == nil, variant.companions == nil, let expected = variant.sha256,
            let orphan = try store.orphan(expected, for: "\(model.id):\(tag)", purpose: "fetching")
        else { return nil }
        let file = try ProvenFile(
            path: SafePath(untrusted: "\(model.id)-\(tag).gguf"), role: .weights, digest: expected, content: .fresh(orphan.path))
        defer { withExtendedLifetime(orphan.lease) {} }
        try await screen([file])
        return try publish([file], source: variant.sources.first)
    }

    /// A new source cannot mend what is wrong with this machine.
    static func anotherSourceMayHelp(_ failure: Failure) -> Bool {
        ![.diskFull, .storeUnusable, .interrupted].contains(failure.code)
    }

    /// Where the bytes are known and were refused, another source has the same ones.
    private func mayHelp(_ failure: Failure) -> Bool {
        Self.anotherSourceMayHelp(failure) && !(failure.code == .malformedModel && variant.sha256 != nil)
    }

    /// A login of a registry lasts some minutes, a download may last for hours: as long as one brings something, the source
    /// is asked for the next.
    private func installRenewing(_ delivery: Delivery, from source: SourceReference) async throws -> InstalledModel {
        var (delivery, received) = (delivery, try bytesReceived())
        while true {
            do { return try await install(delivery, from: source) } catch let failure as Failure where failure.detail["status"] == "401" {
                let now = try bytesReceived()
                guard now > received else { throw failure }
                received = now
                delivery = try await sources.resolve(source, for: model, variant: variant)
            }
        }
    }

    private func bytesReceived() throws -> Int64 {
        try store.inventory.transfers().filter { $0.model == fetch.purpose }.reduce(0) { try $0 + store.inventory.bytesHere(of: $1) }
    }

    /// Every file, then all of them at once under the model's name.
    func install(_ delivery: Delivery, from source: SourceReference) async throws -> InstalledModel {
        guard !delivery.files.isEmpty else { throw Failure.badReply(host: source.kind, "it names no file") }
        let delivery = try delivery.sealed(by: variant.sha256, source: source.kind)
        report(.phase(model: model.name, .space))
        try store.check(delivery.files.map { ($0.path, $0.size) })
        try checkSpace(for: delivery)
        var gathering = Gathering(
            store: store, fetch: fetch, name: model.name, source: source, mostBytes: variant.size.bytes + variant.size.bytes / 10,
            isHere: { try here() != nil }, report: report)
        gathering.isKeepingArchives = isKeepingArchives
        for part in delivery.parts { gathering.wanted[part.file.url, default: 0] += 1 }
        report(.phase(model: model.name, .transfer))
        for file in delivery.files {
            // Another run may have brought the whole model while this one waited for a file.
            guard try await gathering.gather(file) else { return try await run() }
        }
        report(.phase(model: model.name, .verification))
        do { try await screen(gathering.proven) } catch let failure as Failure where failure.code == .malformedModel {
            // What is refused once is refused for ever: its bytes are not kept.
            try gathering.abandon()
            throw failure
        }
        report(.phase(model: model.name, .preparation))
        let model = try publish(gathering.proven + gathering.archives, source: source, delivery)
        try gathering.finish()
        return model
    }

    /// Nothing that our parsers refuse ever stands under a name.
    private func screen(_ files: [ProvenFile]) async throws {
        let screened = try files.map { file in
            ScreenedFile(path: file.path, role: file.role, digest: file.digest, place: try place(of: file))
        }
        try ModelScreen(
            format: variant.format ?? model.type,
            files: screened.map { try .init(path: $0.path, role: $0.role, source: MappedFile(path: $0.place)) }
        ).check()
        try await proof(screened)
    }

    private func place(of file: ProvenFile) throws -> String {
        switch file.content {
        case .fresh(let path), .shared(let path), .adopted(let path): return path
        case .present:
            guard let place = try store.place(of: file.digest) else { throw Failure.blobGone(file.path.value) }
            return place
        }
    }

    private func publish(_ files: [ProvenFile], source: SourceReference?, _ delivery: Delivery? = nil) throws -> InstalledModel {
        let label = try ModelLabel(
            name: SafePath(untrusted: model.id), tag: SafePath(untrusted: tag), source: source?.description ?? "",
            format: variant.format ?? model.type, revision: delivery?.revision, owner: delivery?.owner,
            license: delivery?.license ?? model.license)
        let installed = try store.publish(files: files, as: label, at: now())
        report(.installed(Installed(installed)))
        return installed
    }

    /// Looks before the first byte; the space itself is then reserved file by file.
    private func checkSpace(for delivery: Delivery) throws {
        var seen: Set<String> = []
        var needed = Planner.diskReserve.bytes
        for file in delivery.files {
            if let digest = file.digest, try store.place(of: digest) != nil { continue }
            if file.parts.count > 1, file.parts.allSatisfy({ $0.packing == .plain }) {
                // Its parts are fetched into their places in it.
                let whole = try Gathering.whole(of: file, in: store)
                needed += max(0, whole.size - whole.bytesReserved)
                continue
            }
            var coming: [Int64] = []
            for part in file.parts where seen.insert(part.file.url).inserted {
                let reserved = part.file.digest.map { store.bytesReserved(forTransfer: $0) } ?? 0
                coming.append(max(0, (part.file.size ?? variant.size.bytes) - reserved))
            }
            // Archives are let go one after the other, unless they are kept or hold more than this file.
            let isEachAlone = !isKeepingArchives && delivery.files.count == 1
            needed += isEachAlone ? coming.max() ?? 0 : coming.reduce(0, +)
            // What is packed lies there twice until it is whole.
            let joined = file.digest.map { store.bytesReserved(forTransfer: $0) } ?? 0
            if !file.isPlain { needed += max(0, (file.size ?? variant.size.bytes) - joined) }
        }
        guard let free = sources.freeSpace(), free.bytes < needed else { return }
        throw Failure.diskTooSmall(path: store.layout.home, needed: ByteCount(needed), free: free)
    }
}

/// A file of a model that was proven and read, and stands under no name yet.
struct ScreenedFile: Sendable {
    let path: SafePath
    let role: ModelFileRole
    let digest: Digest
    let place: String
}
