// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A manifest on an OCI registry.
public struct OCIReference: Hashable, Sendable, CustomStringConvertible {
    public enum Version: Hashable, Sendable {
        case tag(String)
        case digest(Digest)
    }

    /// As people write it: `ghcr.io`, `docker.io`, `127.0.0.1:5000`.
    public var registry: String
    /// `organisation/name`, in as many parts as the registry likes.
    public var repository: String
    public var version: Version

    /// - Throws: `Failure.badInput` for names that the distribution specification does not allow.
    public init(registry: String, repository: String, version: Version) throws {
        let text = "\(registry)/\(repository)"
        guard PlainName.isAuthority(registry), Self.isRepository(repository) else { throw SourceReference.unreadable(text) }
        if case .tag(let tag) = version, !Self.isTag(tag) { throw SourceReference.unreadable("\(text):\(tag)") }
        self.registry = registry
        self.repository = repository
        self.version = version
    }

    /// `host[:port]/repository[:tag|@sha256:digest]`; the tag `latest` where none is named.
    init(parsing rest: String, in text: String) throws {
        guard let slash = rest.firstIndex(of: "/") else { throw SourceReference.unreadable(text) }
        var place = String(rest[rest.index(after: slash)...])
        var version = Version.tag("latest")
        if let at = place.firstIndex(of: "@") {
            version = try .digest(Digest(prefixed: String(place[place.index(after: at)...])))
            place = String(place[..<at])
            // The digest is what counts; a tag before it is for people.
            if let colon = place.lastIndex(of: ":") { place = String(place[..<colon]) }
        } else if let colon = place.lastIndex(of: ":") {
            version = .tag(String(place[place.index(after: colon)...]))
            place = String(place[..<colon])
        }
        try self.init(registry: String(rest[..<slash]), repository: place, version: version)
    }

    static func isRepository(_ text: String) -> Bool {
        text.utf8.count <= 255
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { PlainName.isOne($0) && !$0.hasSuffix(".") }
    }

    static func isTag(_ text: String) -> Bool { text.utf8.count <= 128 && PlainName.isOne(text) }

    /// Where its API answers; Docker's is not where its name says.
    public var host: String { ["docker.io", "index.docker.io"].contains(registry) ? "registry-1.docker.io" : registry }

    /// Plain http is for registries on this very machine alone.
    public var isLoopback: Bool { Self.isLoopback(host) }
    static func isLoopback(_ authority: String) -> Bool {
        let host = authority.hasPrefix("[") ? String(authority.prefix { $0 != "]" } + "]") : String(authority.prefix { $0 != ":" })
        return host == "localhost" || host == "[::1]" || host == "127.0.0.1"
    }

    public var baseURL: String { "\(isLoopback ? "http" : "https")://\(host)" }

    public var description: String {
        switch version {
        case .tag(let tag): "\(registry)/\(repository):\(tag)"
        case .digest(let digest): "\(registry)/\(repository)@\(digest)"
        }
    }
}

/// A model as Ollama names it.
public struct OllamaName: Hashable, Sendable, CustomStringConvertible {
    /// `nil` for Ollama's own registry.
    public var registry: String?
    public var namespace: String
    public var name: String
    public var tag: String

    /// `[host/][namespace/]name[:tag]`.
    init(parsing rest: String, in text: String) throws {
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), let last = parts.popLast() else { throw SourceReference.unreadable(text) }
        let halves = last.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        name = halves[0]
        tag = halves.count == 2 ? halves[1] : "latest"
        namespace = parts.popLast() ?? "library"
        registry = parts.popLast()
        guard PlainName.isOne(name), PlainName.isOne(namespace), OCIReference.isTag(tag),
            registry.map({ PlainName.isAuthority($0) }) ?? true
        else { throw SourceReference.unreadable(text) }
    }

    public static let home = "registry.ollama.ai"

    /// - Parameter home: the registry to ask where the name says none.
    public func reference(home: String = home) throws -> OCIReference {
        try OCIReference(registry: registry ?? home, repository: "\(namespace)/\(name)", version: .tag(tag))
    }

    public var description: String {
        let place = (registry.map { "\($0)/\(namespace)/" } ?? (namespace == "library" ? "" : "\(namespace)/")) + name
        return "\(place):\(tag)"
    }
}

extension Digest {
    /// `sha256:…`, as registries write it; no other algorithm is taken.
    public init(prefixed text: String) throws {
        guard text.hasPrefix("sha256:") else {
            throw Failure.badInput("“\(text.prefix(80))” is not a SHA-256 checksum.", remedy: "It has the form sha256: and 64 digits.")
        }
        try self.init(sha256: text.dropFirst(7))
    }
}
