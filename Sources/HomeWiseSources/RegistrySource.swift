// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// An OCI registry, Ollama's and Docker's included: a manifest names layers by their digests, and the files of a model are layers.
package struct RegistrySource: Source {
    private let transport: Transport
    private let reference: OCIReference
    private let credentials: RegistryCredentials
    /// For people: `registry`, `Ollama registry`.
    private let kind: String
    /// For people, and for files that have no name of their own.
    private let title: String
    private let keeper: Gatekeeper

    /// - Parameter keeper: whose logins it takes; the registry's own where nothing else is said.
    package init(
        transport: Transport, reference: OCIReference, credentials: RegistryCredentials, kind: String = "registry", title: String? = nil,
        keeper: Gatekeeper? = nil
    ) {
        self.keeper = keeper ?? .registry(reference.registry)
        self.transport = transport
        self.reference = reference
        self.credentials = credentials
        self.kind = kind
        self.title = title ?? reference.description
    }

    package var host: String { reference.host }

    /// Indexes inside of indexes; real ones have one level.
    private static let deepest = 3

    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        let client = RegistryClient(transport: transport, reference: reference, credentials: credentials, keeper: keeper)
        let (image, digest) = try await image(client)
        let artifact = try OCIArtifact(image, name: title, host: host)
        let authorization = await client.authorization
        let files = artifact.files.map { file in
            let address = RemoteAddress(
                url: "\(reference.baseURL)/v2/\(reference.repository)/blobs/\(file.layer.digest)", authorization: authorization,
                source: kind, keeper: keeper)
            let remote = RemoteFile(name: file.path.name, addresses: [address], size: file.layer.size, digest: file.layer.digest)
            return Delivery.File(path: file.path, role: file.role, parts: [.init(remote)])
        }
        return Delivery(
            files: files, revision: digest.description, owner: String(reference.repository.prefix { $0 != "/" }),
            license: image.annotations["org.opencontainers.image.licenses"].map { String($0.prefix(100)) })
    }

    /// Follows indexes down to an image. Each level is named by the digest of the next, so that no circle can be made; depth can.
    private func image(_ client: RegistryClient) async throws -> (OCIManifest.Image, Digest) {
        var version = reference.version
        for _ in 0...Self.deepest {
            let (manifest, digest) = try await client.manifest(version)
            switch manifest {
            case .image(let image): return (image, digest)
            case .index(let entries): version = .digest(try Self.choose(among: entries, of: title).descriptor.digest)
            }
        }
        throw Failure.badReply(host: host, "indexes inside of indexes, more than \(Self.deepest) deep")
    }

    /// A model is for every machine; where a registry tells machines apart all the same, this one's is taken.
    static func choose(among entries: [OCIManifest.Entry], of title: String) throws -> OCIManifest.Entry {
        let known = OCIManifest.imageTypes + OCIManifest.indexTypes
        let real = entries.filter {
            known.contains($0.descriptor.mediaType) && $0.descriptor.annotations["vnd.docker.reference.type"] == nil
        }
        if let only = real.first, real.count == 1 { return only }
        let here = real.filter { $0.platform == platform }
        if let own = here.first, here.count == 1 { return own }
        guard !real.isEmpty else { throw Failure.noModelFiles(title, format: "a form that HomeWise knows") }
        throw Failure.severalPlatforms(title, real.map { "\($0.platform ?? "anything") (\($0.descriptor.digest.short))" })
    }

    #if arch(arm64)
        private static let platform = "linux/arm64"
    #else
        private static let platform = "linux/amd64"
    #endif
}
