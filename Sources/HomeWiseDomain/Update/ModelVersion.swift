// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What identifies one version of a model: as it is here, or as its source has it now. `nil` is unknown.
public struct ModelVersion: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        /// Below the model's folder.
        public var path: String
        public var role: ModelFileRole
        public var digest: Digest?
        /// Git's own name of the content, 40 hexadecimal digits.
        public var gitBlob: String?
        /// Bytes.
        public var size: Int64?

        public init(path: String, role: ModelFileRole = .weights, digest: Digest? = nil, gitBlob: String? = nil, size: Int64? = nil) {
            self.path = path
            self.role = role
            self.digest = digest
            self.gitBlob = gitBlob
            self.size = size
        }
    }

    /// Kind of the source that says so: owners of two kinds are not compared.
    public var kind: String
    /// A commit, or the digest of a manifest.
    public var revision: String?
    public var owner: String?
    public var license: String?
    public var files: [File]

    public init(kind: String, revision: String? = nil, owner: String? = nil, license: String? = nil, files: [File]) {
        self.kind = kind
        self.revision = revision
        self.owner = owner
        self.license = license
        self.files = files
    }

    /// Of its weights, as far as they are known.
    public var weights: Set<Digest> { Set(files.filter { $0.role == .weights }.compactMap(\.digest)) }

    /// The same for the same version, and for no other as far as the source tells.
    public var fingerprint: String {
        let marks = files.map { "\($0.path)=\($0.digest?.hex ?? $0.gitBlob ?? $0.size.map(String.init) ?? "?")" }.sorted()
        return ([revision ?? "-"] + marks).joined(separator: " ")
    }

    /// How another version's files differ from these.
    public enum Difference: Sendable, Equatable {
        case none
        /// Names of files that changed, came or went.
        case files([String])
        /// Nothing tells: neither digests nor a revision.
        case unknown
    }

    public func difference(to other: ModelVersion) -> Difference {
        var (changed, isUnsure) = ([String](), false)
        let (mine, theirs) = (Set(files.compactMap(\.digest)), Set(other.files.compactMap(\.digest)))
        for file in other.files where !(file.digest.map(mine.contains) ?? false) {
            switch files.first(where: { $0.path == file.path }).map({ Self.isSame($0, file) }) {
            case .some(true): break
            case .some(nil): isUnsure = true
            case .some(false), nil: changed.append(file.path)
            }
        }
        let names = Set(other.files.map(\.path))
        changed += files.filter { !names.contains($0.path) && !($0.digest.map(theirs.contains) ?? false) }.map(\.path)
        if !changed.isEmpty { return .files(changed) }
        guard isUnsure else { return .none }
        guard let revision, let offered = other.revision else { return .unknown }
        return revision == offered ? .none : .files(other.files.map(\.path))
    }

    /// - Returns: `nil` where nothing tells.
    private static func isSame(_ one: File, _ other: File) -> Bool? {
        if let mine = one.digest, let theirs = other.digest { return mine == theirs }
        if let mine = one.gitBlob, let theirs = other.gitBlob { return mine == theirs }
        if let mine = one.size, let theirs = other.size, mine != theirs { return false }
        return nil
    }
}
