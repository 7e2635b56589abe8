// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import NIOHTTP1

import struct Crypto.SHA256

/// Talks to one registry about one repository, and keeps what lets it in to itself.
actor RegistryClient {
    private let transport: Transport
    private let reference: OCIReference
    private let credentials: RegistryCredentials
    private let keeper: Gatekeeper
    /// What the registry wants to see with every request: a token of its own, or name and password; `nil` while it asked for nothing.
    private(set) var authorization: String?

    init(transport: Transport, reference: OCIReference, credentials: RegistryCredentials, keeper: Gatekeeper) {
        self.keeper = keeper
        self.transport = transport
        self.reference = reference
        self.credentials = credentials
    }

    private static let accepted = (OCIManifest.imageTypes + OCIManifest.indexTypes).joined(separator: ", ")

    /// - Throws: `Failure` for each way in which a registry can refuse, or lie.
    func manifest(_ version: OCIReference.Version) async throws -> (OCIManifest, Digest) {
        let name: String
        let expected: Digest?
        switch version {
        case .tag(let tag): (name, expected) = (tag, nil)
        case .digest(let digest): (name, expected) = (digest.description, digest)
        }
        let answer = try await get("manifests/\(name)")
        guard answer.status == 200 else { throw refusal(answer.status, name) }
        let data = try await answer.metadata(upTo: OCIManifest.largest, transport: transport)
        let digest = Digest(bytes: SHA256.hash(data: data))
        let said = try answer.header("Docker-Content-Digest").map { try Digest(prefixed: $0) }
        for other in [expected, said] {
            if let other, other != digest {
                throw Failure.contradicted("manifest of \(reference)", source: reference.registry, expected: other, offered: digest)
            }
        }
        let manifest = try OCIManifest(Array(data), contentType: answer.header("Content-Type"), host: reference.host)
        return (manifest, digest)
    }

    private func get(_ path: String) async throws -> Transport.Answer {
        let address = "\(reference.baseURL)/v2/\(reference.repository)/\(path)"
        let headers = [("Accept", Self.accepted)]
        let answer = try await transport.ask(
            address, headers: headers, authorization: authorization)
        guard answer.status == 401 else { return answer }
        authorization = try await login(answer)
        return try await transport.ask(address, headers: headers, authorization: authorization)
    }

    /// Answers a registry's challenge: nothing leaves this machine before the place that it names is found to be its own.
    private func login(_ answer: Transport.Answer) async throws -> String {
        // After a redirect it is somebody else who asks.
        guard let home = URL(string: reference.baseURL), Origin(answer.url) == Origin(home) else {
            throw Failure.realmRefused(registry: reference.registry, realm: answer.host)
        }
        let challenges = answer.headers["WWW-Authenticate"].flatMap { AuthChallenge.all(in: $0) }
        let name = credentials.basic(for: reference.registry)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) { return try await token(bearer.parameters, name) }
        guard challenges.contains(where: { $0.scheme == "basic" }), let name else { throw refusal(401, nil) }
        return name
    }

    private func token(_ parameters: [String: String], _ name: String?) async throws -> String {
        let realm = parameters["realm"] ?? ""
        let policy = RealmPolicy(registry: reference.host, isPlain: reference.isLoopback)
        guard policy.allows(realm) else { throw Failure.realmRefused(registry: reference.registry, realm: realm) }
        guard RealmPolicy.isHarmless(scope: parameters["scope"], for: reference.repository) else {
            throw Failure.badReply(host: reference.host, "it asks for rights to something else").adding("retry", "no")
        }
        var query = "scope=\(AddressPart.component("repository:\(reference.repository):pull"))"
        if let service = parameters["service"] { query += "&service=\(AddressPart.component(service.prefix(500)))" }
        let address = realm + (realm.contains("?") ? "&" : "?") + query
        let answer = try await transport.ask(address, authorization: name)
        guard answer.status == 200 else { throw refusal(answer.status, nil) }
        let data = try await answer.metadata(upTo: 1 << 20, transport: transport)
        let reply: TokenReply
        do { reply = try JSONDecoder().decode(TokenReply.self, from: data) } catch let error as DecodingError {
            throw Failure.badReply(host: answer.host, "no token (\(error.complaint))")
        }
        guard let token = reply.token ?? reply.accessToken, Self.isToken(token) else {
            throw Failure.badReply(host: answer.host, "no token")
        }
        return "Bearer \(token)"
    }

    private struct TokenReply: Decodable {
        let token: String?
        let accessToken: String?
        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
        }
    }

    /// Nothing that could become another header.
    static func isToken(_ text: String) -> Bool {
        (1...16_384).contains(text.utf8.count) && text.utf8.allSatisfy { 0x21...0x7e ~= $0 }
    }

    private func refusal(_ status: Int, _ name: String?) -> Failure {
        switch status {
        case 401, 403:
            return .registryNeedsLogin(
                reference.registry, repository: reference.repository, status: status,
                remedy: credentials.hint(for: reference.registry) ?? keeper.remedy)
        case 404:
            return Failure(
                .notAtSource, "\(reference.registry) has no \(reference.repository)\(name.map { ":\($0)" } ?? "").",
                remedy: "Check the name and the tag.", detail: ["host": reference.host, "status": "404"])
        default: return .refused(host: reference.host, status: status, what: "\(reference)", by: keeper)
        }
    }
}
