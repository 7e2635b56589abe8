// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The Hugging Face hub, or one that speaks its API: resolves a file to a commit, its size and its LFS digest.
package struct HubSource: Sendable {
    package let transport: Transport
    /// `HF_ENDPOINT` or the hub's own address, without a slash at its end.
    package let endpoint: String
    /// Sent to the endpoint alone, never to where it redirects.
    private let token: String?

    package init(transport: Transport, endpoint: String, token: String?) {
        self.transport = transport
        self.endpoint = endpoint
        self.token = token
    }

    /// Host, and port where one is named.
    package var host: String { URL(string: endpoint)?.authority ?? endpoint }

    /// - Throws: `Failure.notAtSource` when repository, revision or file do not exist there; `Failure.sourceRefused`
    ///   when it is gated and the token does not open it.
    package func delivery(repository: String, file: SafePath, revision: String) async throws -> Delivery {
        let answer = try await transport.get(
            "\(endpoint)/api/models/\(repository)/revision/\(revision)?blobs=true", authorization: authorization,
            within: transport.policy.resolveWithin)
        guard answer.status == 200 else { throw Failure.refused(host: host, status: answer.status, what: repository) }
        let listing = try await read(answer)
        guard let entry = listing.siblings.first(where: { $0.rfilename == file.value }) else {
            throw Failure(
                .notAtSource, "\(repository) has no file \(file).", remedy: "Choose another model or source.", detail: ["host": host])
        }
        guard let lfs = entry.lfs, RemoteFile.plausibleSizes.contains(lfs.size) else {
            throw Failure.badReply(host: host, "it tells no checksum and size for \(file)")
        }
        let path = file.value.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? file.value
        let remote = try RemoteFile(
            name: file.name, url: "\(endpoint)/\(repository)/resolve/\(listing.sha)/\(path)", size: lfs.size,
            digest: Digest(sha256: lfs.sha256), authorization: authorization, source: "hub")
        return try Delivery(
            files: [.init(path: SafePath(untrusted: file.name), parts: [.init(remote)])], revision: listing.sha,
            owner: repository.split(separator: "/").first.map(String.init))
    }

    private var authorization: String? { token.map { "Bearer \($0)" } }

    private func read(_ answer: Transport.Answer) async throws -> Listing {
        let data = try await answer.data(upTo: 32 << 20, transport: transport)
        let listing: Listing
        do { listing = try JSONDecoder().decode(Listing.self, from: data) } catch let error as DecodingError {
            throw Failure.badReply(host: host, "no file list (\(error.complaint))")
        }
        guard listing.sha.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }), listing.sha.utf8.count == 40 else {
            throw Failure.badReply(host: host, "“\(listing.sha.prefix(60))” is not a commit")
        }
        return listing
    }

    private struct Listing: Decodable {
        struct Entry: Decodable {
            struct LFS: Decodable {
                let sha256: String
                let size: Int64
            }
            let rfilename: String
            let lfs: LFS?
        }
        let sha: String
        let siblings: [Entry]
    }
}
