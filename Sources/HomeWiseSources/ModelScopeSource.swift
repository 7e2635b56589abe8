// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// ModelScope, or a server that speaks its API. It tells a SHA-256 of every file, but no commit: the digests are what is pinned.
package struct ModelScopeSource: Source {
    private let transport: Transport
    /// Without a slash at its end.
    private let endpoint: String
    private let token: String?
    private let reference: RepositoryReference

    package init(transport: Transport, endpoint: String, token: String?, reference: RepositoryReference) {
        self.transport = transport
        self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        self.token = token
        self.reference = reference
    }

    package var host: String { URL(string: endpoint)?.authority ?? endpoint }

    private var authorization: String? { token.map { "Bearer \($0)" } }

    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        let (files, unsafe) = try await listing()
        let selection = try RepositoryPicker(place: "modelscope:\(reference.repository)", host: host, files: files).pick(
            reference.part, wish: wish)
        return Delivery(
            files: selection.items.map { item in
                item.delivered { RemoteFile(name: $1, addresses: addresses(of: $0), size: $0.size, digest: $0.digest) }
            }, revision: reference.isPinned ? reference.revision : nil, owner: reference.owner,
            warnings: selection.warnings + [ListedFile.leftOut(unsafe, of: reference.repository)].compactMap { $0 })
    }

    /// Its page's own address, and where a digest proves that both are one, the one that its official client takes.
    private func addresses(of file: ListedFile) -> [RemoteAddress] {
        let revision = AddressPart.component(reference.revision)
        let page = "\(endpoint)/models/\(reference.repository)/resolve/\(revision)/\(AddressPart.path(file.path))"
        let client =
            "\(endpoint)/api/v1/models/\(reference.repository)/repo?Revision=\(revision)&FilePath=\(AddressPart.component(file.path.value))"
        return (file.digest == nil ? [page] : [page, client]).map {
            RemoteAddress(url: $0, authorization: authorization, source: "ModelScope", keeper: .modelScope)
        }
    }

    /// The server ends a list here without saying so.
    private static let truncation = 3000

    /// - Returns: the files, and how many are left out for their names.
    private func listing() async throws -> ([ListedFile], unsafe: Int) {
        // Of a file in a folder only that folder is asked for.
        let folder: String? =
            if case .file(let path) = reference.part, path.value.contains("/") {
                String(path.value[..<(path.value.lastIndex(of: "/") ?? path.value.endIndex)])
            } else { nil }
        let root = folder.map { "&Root=\(AddressPart.component($0))" } ?? ""
        let answer = try await transport.ask(
            "\(endpoint)/api/v1/models/\(reference.repository)/repo/files?Revision=\(AddressPart.component(reference.revision))&Recursive=True\(root)",
            authorization: authorization)
        guard answer.status == 200 else { throw refusal(answer.status, nil) }
        let data = try await answer.metadata(upTo: 32 << 20, transport: transport)
        let page: Page
        do { page = try JSONDecoder().decode(Page.self, from: data) } catch let error as DecodingError {
            throw Failure.badReply(host: host, "no file list (\(error.complaint))")
        }
        guard page.success != false, page.code ?? 200 == 200, let entries = page.data?.files else {
            throw refusal(page.code ?? 404, page.message)
        }
        let listed = entries.filter { $0.type != "tree" }
        let files = try listed.compactMap { try file($0) }
        if entries.count >= Self.truncation, folder == nil {
            throw Failure.badReply(host: host, "a list that ends at \(Self.truncation) files").adding("retry", "no")
        }
        return (files, listed.count - files.count)
    }

    private func file(_ entry: Page.Entry) throws -> ListedFile? {
        // A name that is no safe path is never asked for, and need not spoil the rest.
        guard let path = try? SafePath(untrusted: entry.path) else { return nil }
        guard entry.size == 0 || RemoteFile.plausibleSizes.contains(entry.size) else {
            throw Failure.badReply(host: host, "\(entry.path.prefix(100)) of \(entry.size) bytes")
        }
        let digest = try entry.sha256.flatMap { $0.isEmpty ? nil : try Digest(sha256: $0) }
        return ListedFile(path: path, size: entry.size, digest: digest)
    }

    private func refusal(_ status: Int, _ message: String?) -> Failure {
        switch status {
        case 401, 403:
            Failure(
                .sourceRefused, "\(host) does not hand out \(reference.repository)\(token == nil ? "" : " with your token").",
                remedy: "It may be private or gated: ask for access on its page and set MODELSCOPE_API_TOKEN.",
                detail: ["host": host, "status": "\(status)"])
        case 404, 10_010_205_001...:
            Failure(
                .notAtSource, "\(host) knows no repository \(reference.repository) with the revision \(reference.revision).",
                remedy: "Check the name; revisions there are often called master.",
                detail: ["host": host, "status": "\(status)"].merging(message.map { ["message": String($0.prefix(200))] } ?? [:]) { $1 })
        default: Failure.refused(host: host, status: status, what: reference.repository, by: .modelScope)
        }
    }

    private struct Page: Decodable {
        struct Entry: Decodable {
            let path: String
            let type: String?
            let size: Int64
            let sha256: String?

            enum CodingKeys: String, CodingKey {
                case path = "Path"
                case type = "Type"
                case size = "Size"
                case sha256 = "Sha256"
            }
        }
        struct Content: Decodable {
            let files: [Entry]?
            enum CodingKeys: String, CodingKey { case files = "Files" }
        }
        let code: Int?
        let success: Bool?
        let message: String?
        let data: Content?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case success = "Success"
            case message = "Message"
            case data = "Data"
        }
    }
}
