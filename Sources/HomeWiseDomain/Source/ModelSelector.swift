// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// What a person may type where a model is meant.
public enum ModelSelector: Hashable, Sendable {
    /// A name or alias of the registry, perhaps with a quantisation.
    case catalogue(String)
    case source(SourceReference)
    /// A file or folder here, as it was typed.
    case path(String)
    /// `org/repo`: a name that no registry has, but hubs do.
    case repository(String)

    /// - Throws: `Failure.badInput` for what looks like a source and is none.
    public init(parsing typed: String) throws {
        let text = typed.trimmed
        guard !text.isEmpty, text.utf8.count <= 4096, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw Failure.badInput("“\(typed.prefix(100))” names no model.", remedy: "See the names with: homewise list --all")
        }
        if ["/", "./", "../", "~/"].contains(where: { text.hasPrefix($0) }) || [".", "..", "~"].contains(text) {
            self = .path(text)
        } else if let link = try WebLink(text)?.reference() {
            self = .source(link)
        } else if let scheme = Self.scheme(of: text) {
            self = try .source(SourceReference(parsing: scheme))
        } else if text.contains("/") {
            self = try Self.place(text)
        } else {
            self = .catalogue(text)
        }
    }

    private static let schemes = ["hf", "huggingface", "ollama", "oci", "docker", "modelscope", "ms", "index", "https", "http", "file"]

    /// In the form that sources have; other tools write `hf://`, `ollama://` or `ms://`.
    private static func scheme(of text: String) -> String? {
        guard let colon = text.firstIndex(of: ":"), schemes.contains(text[..<colon].lowercased()) else { return nil }
        let name = text[..<colon].lowercased()
        var rest = String(text[text.index(after: colon)...])
        if ["https", "http"].contains(name) { return "\(name):\(rest)" }
        // The catalogue may have a model of that name: “docker:7b” is none of ours, “hf:” always is.
        if rest.hasPrefix("//") { rest = String(rest.dropFirst(name == "file" ? 2 : 2)) }
        let known = ["huggingface": "hf", "ms": "modelscope"][name] ?? name
        return known == "docker"
            ? "oci:\(rest.contains(".") || rest.contains("localhost") ? rest : "docker.io/\(rest)")" : "\(known):\(rest)"
    }

    /// `ghcr.io/org/model:tag` has a host, `org/repo` has none.
    private static func place(_ text: String) throws -> ModelSelector {
        let first = text.prefix { $0 != "/" }
        let isHost = first.contains(".") || first.contains(":") || first == "localhost"
        return isHost ? try .source(SourceReference(parsing: "oci:\(text)")) : .repository(text)
    }
}

/// An address of a hub's page, as it is copied from a browser.
private struct WebLink {
    let host: String
    let path: [String]
    let isWhole: Bool

    /// - Returns: `nil` for what is no address of a host that we know pages of.
    init?(_ text: String) throws {
        var rest = Substring(text)
        isWhole = ["https://", "http://"].contains { text.lowercased().hasPrefix($0) }
        if isWhole { rest = rest.drop { $0 != "/" }.dropFirst(2) }
        host = rest.prefix { $0 != "/" }.lowercased().replacing(/^www\./, with: "")
        guard Self.hosts.contains(host) else { return nil }
        let place = rest.dropFirst(rest.prefix { $0 != "/" }.count).prefix { $0 != "?" && $0 != "#" }
        path = place.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
    }

    private static let hosts = ["huggingface.co", "hf.co", "modelscope.cn", "modelscope.ai", "ollama.com", "registry.ollama.ai"]

    func reference() throws -> SourceReference {
        switch host {
        case "huggingface.co", "hf.co": try hub(path, scheme: "hf", defaultRevision: "main")
        case "modelscope.cn", "modelscope.ai":
            try hub(path.first == "models" ? Array(path.dropFirst()) : path, scheme: "modelscope", defaultRevision: "master")
        default: try SourceReference(parsing: "ollama:" + (path.first == "library" ? Array(path.dropFirst()) : path).joined(separator: "/"))
        }
    }

    /// `org/repo`, `org/repo/tree/rev/folder`, `org/repo/blob/rev/file`, `org/repo/resolve/rev/file`.
    private func hub(_ path: [String], scheme: String, defaultRevision: String) throws -> SourceReference {
        guard path.count >= 2, !["datasets", "spaces", "collections", "papers"].contains(path[0]) else {
            throw Failure.badInput("\(host)/\(path.joined(separator: "/")) is no model.", remedy: "Give the address of a model's page.")
        }
        let name = "\(path[0])/\(path[1])"
        guard path.count > 3, ["tree", "blob", "resolve", "raw", "file"].contains(path[2]) else {
            let file =
                path.count > 2 && !["tree", "files", "summary", "discussions"].contains(path[2])
                ? "/" + path[2...].joined(separator: "/") : ""
            return try SourceReference(parsing: "\(scheme):\(name)\(file)")
        }
        // ModelScope says file/view/revision/path.
        let rest = path[2] == "file" && path[3] == "view" ? path[4...] : path[3...]
        guard let revision = rest.first else { return try SourceReference(parsing: "\(scheme):\(name)@\(defaultRevision)") }
        let file = rest.dropFirst().joined(separator: "/")
        return try SourceReference(parsing: "\(scheme):\(name)\(file.isEmpty ? "" : "/\(file)")@\(revision)")
    }
}
