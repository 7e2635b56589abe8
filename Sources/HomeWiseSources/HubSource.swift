// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The Hugging Face hub, or one that speaks its API, and mirrors of it: a repository, pinned to a commit.
package struct HubSource: Source {
    /// Where a hub answers, with the secret that belongs there and nowhere else.
    package struct Endpoint: Sendable, Equatable {
        /// Without a slash at its end.
        package var url: String
        package var token: String?
        /// For people.
        package var name: String

        package init(url: String, token: String?, name: String = "hub") {
            self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
            self.token = token
            self.name = name
        }

        /// Host, and port where one is named.
        package var host: String { URL(string: url)?.authority ?? url }
        var authorization: String? { token.map { "Bearer \($0)" } }
    }

    private let transport: Transport
    private let endpoints: [Endpoint]
    private let reference: RepositoryReference

    /// - Parameter endpoints: in the order of preference; never empty.
    package init(transport: Transport, endpoints: [Endpoint], reference: RepositoryReference) {
        precondition(!endpoints.isEmpty, "a hub without an address cannot be asked")
        self.transport = transport
        self.endpoints = endpoints
        self.reference = reference
    }

    package var host: String { endpoints[0].host }

    /// The first endpoint that answers decides on the commit; further ones add addresses of the very same files.
    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        var first: Failure?
        for (index, endpoint) in endpoints.enumerated() {
            do {
                let delivery = try await delivery(from: endpoint, reference, wish)
                return try await adding(endpoints[(index + 1)...], to: delivery, wish)
            } catch let failure as Failure { first = first ?? failure }
        }
        throw first ?? Failure.noRoute(host: host, reason: "no endpoint")
    }

    private func adding(_ mirrors: some Sequence<Endpoint>, to delivery: Delivery, _ wish: SourceWish) async throws -> Delivery {
        var merged = delivery
        for mirror in mirrors {
            do {
                let pinned = try reference.pinned(to: delivery.revision ?? reference.revision)
                merged = try await merged.adding(self.delivery(from: mirror, pinned, wish), source: mirror.name)
            } catch let failure as Failure { merged.warnings.append("\(mirror.name) is left out: \(failure.message)") }
        }
        return merged
    }

    private func delivery(from endpoint: Endpoint, _ reference: RepositoryReference, _ wish: SourceWish) async throws -> Delivery {
        let hub = HubListing(transport: transport, endpoint: endpoint)
        let listing = try await hub.read(reference)
        if reference.isPinned, listing.commit != reference.revision {
            throw Failure.otherRevision(
                reference.repository, host: endpoint.host, wanted: reference.revision, offered: listing.commit)
        }
        if case .file(let path) = reference.part, listing.unproven.contains(path.value) {
            throw Failure.badReply(host: endpoint.host, "it tells no checksum and size for \(path)")
        }
        let picker = RepositoryPicker(place: "hf:\(reference.repository)", host: endpoint.host, files: listing.files)
        let selection = try picker.pick(reference.part, wish: wish)
        let files = selection.items.map { item in
            item.delivered { file, name in
                let address = RemoteAddress(
                    url: "\(endpoint.url)/\(listing.repository)/resolve/\(listing.commit)/\(AddressPart.path(file.path))",
                    authorization: endpoint.authorization, source: endpoint.name, keeper: .hub)
                return RemoteFile(name: name, addresses: [address], size: file.size, digest: file.digest, gitBlob: file.gitBlob)
            }
        }
        if listing.isGated, let first = files.first { try await hub.checkGate(first.parts[0].file.url, reference) }
        return Delivery(
            files: files, revision: listing.commit, owner: String(listing.repository.prefix { $0 != "/" }), license: listing.license,
            warnings: selection.warnings + listing.warnings)
    }
}
