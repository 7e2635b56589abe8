// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Asks a hub what a repository holds at a revision.
struct HubListing {
    let transport: Transport
    let endpoint: HubSource.Endpoint

    struct Listed {
        var commit: String
        /// As the hub calls it by now.
        var repository: String
        var files: [ListedFile]
        /// Files of which it tells no size.
        var unproven: Set<String>
        var license: String?
        var warnings: [String]
        /// Whether its files are for those alone who accepted its terms; the listing is for everybody.
        var isGated = false
        /// Files whose names lead outside of a folder, or cannot be one here.
        var unsafe = 0
    }

    /// Bytes; the largest repositories list some ten thousand files.
    private static let largest = 32 << 20

    /// - Throws: `Failure` for each of the hub's refusals.
    func read(_ reference: RepositoryReference) async throws -> Listed {
        let address = "\(endpoint.url)/api/models/\(reference.repository)/revision/\(AddressPart.component(reference.revision))?blobs=true"
        let answer = try await transport.ask(address, authorization: endpoint.authorization)
        guard answer.status == 200 else { throw refusal(answer, reference) }
        let info: HubAnswer = try await decode(answer, "no file list")
        guard Self.isCommit(info.sha) else { throw Failure.badReply(host: endpoint.host, "“\(info.sha.prefix(60))” is not a commit") }
        if info.disabled == true { throw Failure.disabled(reference.repository, host: endpoint.host, status: 200) }
        let now = currentName(info.id ?? info.modelId, reference)
        var listed = Listed(
            commit: info.sha, repository: now, files: [], unproven: [], license: info.license,
            warnings: now.lowercased() == reference.repository.lowercased() ? [] : ["\(reference.repository) is called \(now) by now."])
        listed.isGated = info.gated?.isClosed == true
        var entries = info.siblings.map {
            Entry(path: $0.rfilename, size: $0.lfs?.size ?? $0.size, lfs: $0.lfs?.sha256, blob: $0.blobId, xet: $0.xetHash)
        }
        // Some mirrors tell names alone; their tree tells more.
        if entries.contains(where: { $0.size == nil }) {
            entries = try await HubTree(listing: self).read(now, commit: info.sha, reference) ?? entries
        }
        for entry in entries { try add(entry, to: &listed) }
        if let warning = ListedFile.leftOut(listed.unsafe, of: now) { listed.warnings.append(warning) }
        return listed
    }

    /// A gated repository says only with its first file whether the gate is open; that is asked before anything is planned.
    func checkGate(_ address: String, _ reference: RepositoryReference) async throws {
        let answer = try await transport.ask(address, headers: [("Range", "bytes=0-0")], authorization: endpoint.authorization)
        guard [200, 206].contains(answer.status) else { throw refusal(answer, reference) }
    }

    struct Entry {
        var path: String
        var size: Int64?
        var lfs: String?
        var blob: String?
        var xet: String?
    }

    private func add(_ entry: Entry, to listed: inout Listed) throws {
        // A name that is no safe path is never asked for, and need not spoil the rest.
        guard let path = try? SafePath(untrusted: entry.path) else {
            listed.unsafe += 1
            return
        }
        guard let size = entry.size else {
            listed.unproven.insert(entry.path)
            return
        }
        guard size == 0 || RemoteFile.plausibleSizes.contains(size) else {
            throw Failure.badReply(host: endpoint.host, "\(entry.path.prefix(100)) of \(size) bytes")
        }
        let blob = entry.blob.flatMap { Self.isCommit($0) ? $0 : nil }
        try listed.files.append(
            ListedFile(
                path: path, size: size, digest: entry.lfs.map { try Digest(sha256: $0) }, gitBlob: entry.lfs == nil ? blob : nil,
                isXetOnly: entry.xet != nil && entry.lfs == nil))
    }

    /// The hub answers under the new name where a repository was renamed.
    private func currentName(_ id: String?, _ reference: RepositoryReference) -> String {
        guard let id, let known = try? RepositoryReference(repository: id, part: reference.part, revision: "main") else {
            return reference.repository
        }
        return known.repository
    }

    /// 40 hexadecimal digits, as git names commits and contents.
    static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }

    func decode<Value: Decodable>(_ answer: Transport.Answer, _ what: String) async throws -> Value {
        let data = try await answer.metadata(upTo: Self.largest, transport: transport)
        do { return try JSONDecoder().decode(Value.self, from: data) } catch let error as DecodingError {
            throw Failure.badReply(host: endpoint.host, "\(what) (\(error.complaint))")
        }
    }

    /// The hub says in headers of its own what is the matter.
    func refusal(_ answer: Transport.Answer, _ reference: RepositoryReference) -> Failure {
        let (name, host, hasToken) = (reference.repository, endpoint.host, endpoint.token != nil)
        if answer.header("X-Error-Message")?.contains("Invalid credentials") == true {
            return .tokenRefused(host: host, variable: "HF_TOKEN")
        }
        switch answer.header("X-Error-Code") {
        case "GatedRepo": return .gated(name, endpoint: endpoint.url, hasToken: hasToken, status: answer.status)
        case "RepoNotFound": return .noRepository(name, host: host, hasToken: hasToken, status: answer.status)
        case "RevisionNotFound": return .noRevision(reference.revision, of: name, host: host)
        case "EntryNotFound":
            if case .file(let path) = reference.part { return .unlisted(path.value, in: name, host: host) }
            return .refused(host: host, status: answer.status, what: name, by: .hub)
        case "DisabledRepo": return .disabled(name, host: host, status: answer.status)
        default: return .refused(host: host, status: answer.status, what: name, by: .hub)
        }
    }
}

/// What `/api/models/…/revision/…?blobs=true` answers, as far as it matters here.
struct HubAnswer: Decodable {
    struct Sibling: Decodable {
        struct LFS: Decodable {
            let sha256: String
            let size: Int64
        }
        let rfilename: String
        let size: Int64?
        let blobId: String?
        let lfs: LFS?
        let xetHash: String?
    }
    let sha: String
    let id: String?
    let modelId: String?
    let siblings: [Sibling]
    let tags: [String]?
    let disabled: Bool?
    let gated: Gate?

    /// `false`, `"auto"` or `"manual"`.
    struct Gate: Decodable {
        let isClosed: Bool

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let isGated = try? container.decode(Bool.self) {
                isClosed = isGated
            } else {
                isClosed = try !container.decode(String.self).isEmpty
            }
        }
    }

    var license: String? {
        tags?.first { $0.hasPrefix("license:") }.map { String($0.dropFirst(8).prefix(100)) }
    }
}

/// A repository's tree, page by page.
struct HubTree {
    let listing: HubListing

    /// Pages of a thousand files each; a model has a handful.
    private static let mostPages = 50

    private struct Item: Decodable {
        struct LFS: Decodable {
            let oid: String
            let size: Int64
        }
        let type: String
        let path: String
        let size: Int64?
        let oid: String?
        let lfs: LFS?
        let xetHash: String?
    }

    /// - Returns: `nil` where this hub has no trees.
    func read(_ repository: String, commit: String, _ reference: RepositoryReference) async throws -> [HubListing.Entry]? {
        let (endpoint, transport) = (listing.endpoint, listing.transport)
        var address: String? = "\(endpoint.url)/api/models/\(repository)/tree/\(commit)?recursive=true"
        var entries: [HubListing.Entry] = []
        for _ in 0..<Self.mostPages {
            guard let page = address else { return entries }
            let answer = try await transport.ask(page, authorization: endpoint.authorization)
            if answer.status == 404, entries.isEmpty { return nil }
            guard answer.status == 200 else { throw listing.refusal(answer, reference) }
            let items: [Item] = try await listing.decode(answer, "no tree")
            entries += items.filter { $0.type == "file" }.map {
                .init(path: $0.path, size: $0.lfs?.size ?? $0.size, lfs: $0.lfs?.oid, blob: $0.oid, xet: $0.xetHash)
            }
            address = try next(answer)
        }
        throw Failure.badReply(host: endpoint.host, "a list of more than \(Self.mostPages) pages")
    }

    /// `Link: <…>; rel="next"`, on the hub itself alone: the token goes with it.
    private func next(_ answer: Transport.Answer) throws -> String? {
        guard let link = answer.header("Link"), link.contains("rel=\"next\""), link.hasPrefix("<"), let end = link.firstIndex(of: ">")
        else {
            return nil
        }
        let target = URL(string: String(link[link.index(after: link.startIndex)..<end]), relativeTo: answer.url)?.absoluteURL
        guard let target, let home = URL(string: listing.endpoint.url), Origin(target) == Origin(home) else {
            throw Failure.badReply(host: listing.endpoint.host, "a next page in another place")
        }
        return target.absoluteString
    }
}
