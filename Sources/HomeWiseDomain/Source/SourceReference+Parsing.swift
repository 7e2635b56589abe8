// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SourceReference {
    /// - Throws: `Failure.badInput` or `Failure.unsafePath`, naming the part that is wrong.
    public init(parsing text: String) throws {
        guard let colon = text.firstIndex(of: ":") else { throw Self.unreadable(text) }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "hf": self = try .hub(RepositoryReference(parsing: rest, in: text, defaultRevision: "main"))
        case "modelscope": self = try .modelScope(RepositoryReference(parsing: rest, in: text, defaultRevision: "master"))
        case "ollama": self = try .ollama(OllamaName(parsing: rest, in: text))
        case "oci": self = try .oci(OCIReference(parsing: rest, in: text))
        case "index": self = try .packageIndex(Self.members(parsing: rest, in: text))
        case "https", "http":
            guard rest.hasPrefix("//"), rest.utf8.count > 2 else { throw Self.unreadable(text) }
            guard !rest.dropFirst(2).prefix(while: { !"/?#".contains($0) }).contains("@") else { throw Self.holdsPassword }
            self = .web(text)
        case "file" where rest.hasPrefix("/") && !rest.utf8.contains(0): self = .file(rest)
        default: throw Self.unreadable(text)
        }
    }

    /// A piece without `package==version#` is a further member of the package before it.
    private static func members(parsing rest: String, in text: String) throws -> [PackageMember] {
        var members: [PackageMember] = []
        for piece in rest.split(separator: "+", omittingEmptySubsequences: false) {
            let halves = piece.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 1, let previous = members.last {
                let member = try SafePath(untrusted: String(piece))
                members.append(.init(package: previous.package, version: previous.version, member: member))
                continue
            }
            let requirement = halves[0].split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2, requirement.count == 3, requirement[1].isEmpty, PlainName.isOne(requirement[0]),
                PlainName.isOne(requirement[2])
            else { throw unreadable(text) }
            let member = try SafePath(untrusted: String(halves[1]))
            members.append(.init(package: String(requirement[0]), version: String(requirement[2]), member: member))
        }
        return members
    }

    /// It would be kept with the model and shown; so it is not even repeated here.
    private static var holdsPassword: Failure {
        .badInput("The address holds a name or a password.", remedy: "Give it without: what stands before the @ is no part of a source.")
    }

    static func unreadable(_ text: String) -> Failure {
        .badInput(
            "“\(text.prefix(200))” is not a source.",
            remedy:
                "Sources look like hf:org/repo:Q4_K_M, hf:org/repo/file@revision, ollama:name:tag, oci:host/repo:tag, modelscope:org/repo/file, index:package==version#member, https://… or file:/…."
        )
    }
}

/// Names as hubs, registries and indexes give them. None of them can become another part of an address.
enum PlainName {
    /// Letters, digits, `-`, `_` and `.`, not beginning with `.` or `-`.
    static func isOne(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0 || "-_.".utf8.contains($0) }
    }

    /// A branch, tag, commit or `refs/pr/1`.
    static func isRevision(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 200 && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isOne($0) }
    }

    /// A host, and a port where one is named: `hub.example:8080`, `[::1]:5000`.
    static func isAuthority(_ text: some StringProtocol) -> Bool {
        var host = String(text)
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let port = UInt16(host[host.index(after: colon)...]), port > 0 else { return false }
            host = String(host[..<colon])
        }
        return isOne(host) && !host.hasSuffix(".") && !host.contains("..") && !host.contains("_") || host == "[::1]"
    }

    static func isHex(_ text: some StringProtocol, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }
}
