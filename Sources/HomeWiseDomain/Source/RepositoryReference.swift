// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A repository on a hub, and what of it is meant.
public struct RepositoryReference: Hashable, Sendable {
    public enum Part: Hashable, Sendable {
        case file(SafePath)
        /// The files of one quantisation, or where none is named what the hub's folder offers first.
        case folder(quantization: String?)
    }

    /// `organisation/name`.
    public var repository: String
    public var part: Part
    /// A branch, tag or commit.
    public var revision: String

    /// - Parameter revision: a branch, tag or commit, of characters that an address may hold.
    /// - Throws: `Failure.badInput` for names that no hub gives.
    public init(repository: String, part: Part, revision: String) throws {
        let names = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ PlainName.isOne($0) }), PlainName.isRevision(revision) else {
            throw SourceReference.unreadable("\(repository)@\(revision)")
        }
        self.repository = repository
        self.part = part
        self.revision = revision
    }

    /// `org/repo`, `org/repo:QUANT`, `org/repo/path/to/file`, each with `@revision` behind it or not.
    init(parsing rest: String, in text: String, defaultRevision: String) throws {
        let halves = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        var revision = halves.count == 2 ? String(halves[1]) : defaultRevision
        var place = String(halves[0])
        var quantization: String?
        let parts = { place.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false) }
        if parts().count == 2 { (place, quantization) = try Self.cut(place, in: text) }
        // Either order reads well: repo:QUANT@revision and repo@revision:QUANT.
        if halves.count == 2, quantization == nil, parts().count == 2 { (revision, quantization) = try Self.cut(revision, in: text) }
        let names = parts()
        guard names.count >= 2, names.prefix(2).allSatisfy({ PlainName.isOne($0) }), PlainName.isRevision(revision) else {
            throw SourceReference.unreadable(text)
        }
        let part: Part = names.count == 3 ? try .file(SafePath(untrusted: String(names[2]))) : .folder(quantization: quantization)
        try self.init(repository: "\(names[0])/\(names[1])", part: part, revision: revision)
    }

    private static func cut(_ text: String, in whole: String) throws -> (String, String?) {
        guard let colon = text.lastIndex(of: ":") else { return (text, nil) }
        let name = text[text.index(after: colon)...]
        guard PlainName.isOne(name) else { throw SourceReference.unreadable(whole) }
        return (String(text[..<colon]), String(name))
    }

    /// The whole at one revision of it.
    public func pinned(to revision: String) throws -> RepositoryReference {
        try RepositoryReference(repository: repository, part: part, revision: revision)
    }

    /// Who publishes it.
    public var owner: String { String(repository.prefix { $0 != "/" }) }
    public var name: String { String(repository.drop { $0 != "/" }.dropFirst()) }
    public var quantization: String? { if case .folder(let quantization) = part { quantization } else { nil } }
    /// Whether the revision is a commit, so that it always means the same.
    public var isPinned: Bool { PlainName.isHex(revision, digits: 40) }

    /// As a source names it, the revision included.
    var text: String {
        let place =
            switch part {
            case .file(let path): "\(repository)/\(path)"
            case .folder(let quantization): repository + (quantization.map { ":\($0)" } ?? "")
            }
        return "\(place)@\(revision)"
    }
}
