// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// What became of the question whether a model has a newer version.
public struct UpdateCheck: Sendable, Encodable {
    public enum State: String, Sendable, Encodable {
        case upToDate = "up_to_date"
        case newer
        case held
        /// Its source does not have it any more.
        case gone
        /// Nothing tells one version from another there.
        case unpinned
        /// Its source did not answer.
        case unreachable
        /// The new version is here and in use.
        case updated
    }

    /// “name:quantization”.
    public var model: String
    public var state: State
    public var source: String
    public var revision: String?
    /// What the source has now.
    public var offered: String?
    /// Bytes over the line, where they are known.
    public var toFetch: ByteCount?
    /// Files that differ.
    public var files: [String] = []
    /// Why it is held.
    public var holds: [UpdateDecision.Hold] = []
    /// How the chat template changes, where the header could be read.
    public var template: TextDifference?
    public var failure: Failure?
    /// Whether the changed template was seen only once the new version was here.
    public var isTemplateLate = false
    var plan: UpdatePlan?

    enum CodingKeys: String, CodingKey {
        case model, state, source, revision, offered, toFetch, files, holds, template, failure
    }

    init(_ model: InstalledModel, _ state: State) {
        self.model = model.key
        self.state = state
        source = (try? SourceReference(parsing: model.source))?.kind ?? "unknown"
        revision = model.revision
    }
}

/// Everything that applying an update needs.
struct UpdatePlan: Sendable {
    let target: UpdateTarget
    let resolved: SourceDesk.Resolved
    let upstream: ModelVersion
}

/// Asks about one model. Nothing is changed.
struct UpdateInquiry: Sendable {
    let house: HomeWise
    let desk: SourceDesk
    let accepted: Set<UpdateDecision.Change>

    /// - Throws: `Failure` of this machine alone; what a source does wrong is told in the result.
    func run(_ model: InstalledModel) async throws -> UpdateCheck {
        let target = try UpdateTarget(model, house: house)
        var check = UpdateCheck(model, .unpinned)
        do {
            guard let resolved = try await target.resolve(desk) else { return check }
            try await judge(target, resolved, &check)
        } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
            check.failure = failure
            check.state = failure.code == .notAtSource ? .gone : .unreachable
            // The registry's own word is enough, and outranks a source that has something else (DL-73).
            if target.pinned == model.digest, failure.code != .notAtSource { check.state = .upToDate }
        }
        return check
    }

    private func judge(_ target: UpdateTarget, _ resolved: SourceDesk.Resolved, _ check: inout UpdateCheck) async throws {
        let upstream = ModelVersion(resolved.delivery, kind: resolved.source.kind, license: target.license)
        var decision = UpdateDecision(here: try here(target.model, beside: upstream), upstream: upstream)
        decision.accepted = accepted
        decision.former = try former(target.model)
        if let note = try house.store.inventory.note(.heldUpdate, key: target.model.key, as: HeldUpdate.self) {
            decision.failed = (note.fingerprint, note.failure.message)
        }
        if !decision.isLabelAlone { decision.isHereKnown = try await isKnown(target.model, resolved.source, upstream) }
        check.offered = upstream.revision
        switch decision.verdict {
        case .upToDate:
            // A label that a person waved through is taken over without a byte.
            check.state = accepted.isEmpty || !isRelabelled(decision) ? .upToDate : .newer
        case .unpinned: check.state = .unpinned
        case .newer(let files): (check.state, check.files) = (.newer, files)
        case .held(let holds): (check.state, check.holds) = (.held, holds)
        }
        guard check.state == .newer || check.state == .held else { return }
        check.plan = UpdatePlan(target: target, resolved: resolved, upstream: upstream)
        check.toFetch = try missing(resolved.delivery).map { ByteCount($0) }
        if !decision.isLabelAlone { check.template = try await template(target.model, resolved.delivery) }
    }

    private func isRelabelled(_ decision: UpdateDecision) -> Bool {
        var strict = decision
        strict.accepted = []
        return strict.verdict != .upToDate
    }

    /// The version that is here, told in whatever terms the source uses.
    private func here(_ model: InstalledModel, beside upstream: ModelVersion) throws -> ModelVersion {
        let git = Set(upstream.files.filter { $0.digest == nil && $0.gitBlob != nil }.map(\.path))
        let files = try model.files.map { file in
            ModelVersion.File(
                path: file.path, role: file.role, digest: file.digest,
                gitBlob: git.contains(file.path) && file.state == .sound ? try GitBlobHash.hex(ofFile: file.place) : nil,
                size: file.size.bytes)
        }
        let kind = (try? SourceReference(parsing: model.source))?.kind ?? ""
        return ModelVersion(kind: kind, revision: model.revision, owner: model.owner, license: model.license, files: files)
    }

    private func former(_ model: InstalledModel) throws -> [UpdateDecision.Former] {
        try house.store.olderVersions(name: model.name, tag: model.tag).map {
            .init(revision: $0.revision, weights: $0.weights, isLater: $0.installedAt > model.installedAt)
        }
    }

    /// A hub keeps every commit for as long as its history stands.
    private func isKnown(_ model: InstalledModel, _ source: SourceReference, _ upstream: ModelVersion) async throws -> Bool? {
        guard case .hub(let repository) = source, let revision = model.revision, revision != upstream.revision,
            case .hub? = try? SourceReference(parsing: model.source)
        else { return nil }
        do {
            _ = try await desk.resolve(.hub(repository.pinned(to: revision)), named: model.key, wish: SourceWish(format: model.format))
            return true
        } catch let failure as Failure where failure.detail["reason"] == "RevisionNotFound" { return false } catch is Failure { return nil }
    }

    private func missing(_ delivery: Delivery) throws -> Int64? {
        var seen: Set<String> = []
        var sum: Int64 = 0
        for file in delivery.files {
            if let digest = file.digest, try house.store.place(of: digest) != nil { continue }
            for part in file.parts where seen.insert(part.file.url).inserted {
                guard let size = part.file.size else { return nil }
                sum += size
            }
        }
        return sum
    }

    /// The header alone tells how the new version wants to be talked to (THREATS B14).
    private func template(_ model: InstalledModel, _ delivery: Delivery) async throws -> TextDifference? {
        guard let file = delivery.files.first, file.isPlain, file.path.name.lowercased().hasSuffix(".gguf"),
            file.parts[0].file.url.hasPrefix("http"), let old = try house.template(ofFile: model.path)
        else { return nil }
        do {
            let header = try await RemoteHeader(transport: house.transport, file: file.parts[0].file).read { try GGUFHeader($0) }.value
            return TextDifference(from: old, to: header.chatTemplate)
        } catch let failure as Failure where Pull.anotherSourceMayHelp(failure) {
            return nil
        } catch is FormatFault {
            // What it is instead is said when it is screened.
            return nil
        }
    }
}

/// An update that was tried and failed in a way that trying again does not mend.
struct HeldUpdate: Codable {
    var fingerprint: String
    var failure: Failure
}

extension HomeWise {
    /// How a new version's template differs from the old one's, in whatever file it stands; both are here.
    func templateChange(from old: InstalledModel, to new: InstalledModel) throws -> TextDifference? {
        func text(_ model: InstalledModel) throws -> String? {
            if let file = model.files.first(where: { $0.path.hasSuffix("chat_template.jinja") }) {
                let source = try MappedFile(path: file.place)
                return try source.withBytes(0..<min(source.length, Int64(HuggingFaceConfig.longestTemplate))) {
                    String(decoding: $0, as: UTF8.self)
                }
            }
            return try model.files.first.flatMap { try template(ofFile: $0.place) }
        }
        guard let before = try text(old), let after = try text(new) else { return nil }
        return TextDifference(from: before, to: after)
    }

    /// - Returns: `nil` for what is no GGUF; an empty text where it has no template.
    func template(ofFile path: String) throws -> String? {
        do { return try GGUFHeader(MappedFile(path: path)).chatTemplate } catch is FormatFault { return nil }
    }
}

extension GGUFHeader {
    var chatTemplate: String { metadata["tokenizer.chat_template"]?.text ?? "" }
}

extension ModelVersion {
    init(_ delivery: Delivery, kind: String, license: String?) {
        self.init(
            kind: kind, revision: delivery.revision, owner: delivery.owner, license: delivery.license ?? license,
            files: delivery.files.map { file in
                .init(
                    path: file.path.value, role: file.role, digest: file.digest,
                    gitBlob: file.isPlain ? file.parts[0].file.gitBlob : nil, size: file.size)
            })
    }
}
