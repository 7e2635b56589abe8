// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A model that another tool, or a person, keeps on this machine. It was looked at, not read: nothing of it is proven yet.
public struct FoundModel: Sendable, Equatable, Encodable {
    /// Who keeps it.
    public enum Origin: String, Sendable, Encodable, CaseIterable {
        case ollama
        case lmStudio = "lm-studio"
        case huggingFace = "hugging-face"
        case llamaCpp = "llama.cpp"
        case folder

        /// As its makers write it.
        public var title: String {
            switch self {
            case .ollama: "Ollama"
            case .lmStudio: "LM Studio"
            case .huggingFace: "Hugging Face"
            case .llamaCpp: "llama.cpp"
            case .folder: "a folder"
            }
        }
    }

    public struct File: Sendable, Equatable {
        /// Below the model's folder, under the name that it has where it comes from.
        public var path: SafePath
        public var role: ModelFileRole
        /// Where it is: an absolute path, under the name that its keeper shows; that may be a link to `target`.
        public var place: String
        /// Where the bytes are, with all links followed.
        public var target: String
        /// Bytes.
        public var size: Int64
        /// Nanoseconds since 1970.
        public var modified: Int64
        public var inode: UInt64
        /// What its keeper says that it is.
        public var digest: Digest?

        public init(
            path: SafePath, role: ModelFileRole, place: String, target: String, size: Int64, modified: Int64, inode: UInt64,
            digest: Digest? = nil
        ) {
            self.path = path
            self.role = role
            self.place = place
            self.target = target
            self.size = size
            self.modified = modified
            self.inode = inode
            self.digest = digest
        }
    }

    /// In the form that commands use; made from the keeper's name.
    public var name: SafePath
    /// The quantisation where one is known, else what tells it from others of the name.
    public var tag: SafePath
    public var format: ModelFormat
    public var origin: Origin
    /// As its keeper calls it: `llama3.2:3b`, `org/repo`.
    public var title: String
    /// As a source writes it, so that it can be fetched again: `ollama:llama3.2:3b`, `hf:org/repo@commit`, `file:/…`.
    public var source: String
    public var revision: String?
    public var owner: String?
    /// The weights first; never empty.
    public var files: [File]
    /// What a person should know of it, as sentences.
    public var notes: [String] = []

    public init(
        name: SafePath, tag: SafePath, format: ModelFormat, origin: Origin, title: String, source: String, revision: String? = nil,
        owner: String? = nil, files: [File], notes: [String] = []
    ) {
        self.name = name
        self.tag = tag
        self.format = format
        self.origin = origin
        self.title = title
        self.source = source
        self.revision = revision
        self.owner = owner
        self.files = files
        self.notes = notes
    }

    public var key: String { "\(name):\(tag)" }
    /// Bytes of all files.
    public var size: ByteCount { ByteCount(files.reduce(0) { $0 &+ $1.size }) }
}

extension FoundModel.File: Encodable {
    enum CodingKeys: String, CodingKey { case path, role, place, target, size, modified, inode, digest }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path.value, forKey: .path)
        try container.encode(role, forKey: .role)
        try container.encode(place, forKey: .place)
        try container.encode(target, forKey: .target)
        try container.encode(size, forKey: .size)
        try container.encode(modified, forKey: .modified)
        try container.encode(inode, forKey: .inode)
        try container.encodeIfPresent(digest, forKey: .digest)
    }
}

extension FoundModel {
    enum CodingKeys: String, CodingKey { case name, tag, format, origin, title, source, revision, owner, files, notes, size }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name.value, forKey: .name)
        try container.encode(tag.value, forKey: .tag)
        try container.encode(format, forKey: .format)
        try container.encode(origin, forKey: .origin)
        try container.encode(title, forKey: .title)
        try container.encode(source, forKey: .source)
        try container.encodeIfPresent(revision, forKey: .revision)
        try container.encodeIfPresent(owner, forKey: .owner)
        try container.encode(files, forKey: .files)
        try container.encode(notes, forKey: .notes)
        try container.encode(size, forKey: .size)
    }
}

/// What was found, and what could not be taken for a model. One bad item never hides another.
public struct ScanReport: Sendable, Equatable, Encodable {
    public struct Problem: Sendable, Equatable, Encodable {
        public var origin: FoundModel.Origin
        /// Where it is.
        public var place: String
        /// A sentence for a person.
        public var message: String

        public init(_ origin: FoundModel.Origin, _ place: String, _ message: String) {
            self.origin = origin
            self.place = place
            self.message = message
        }
    }

    public var models: [FoundModel] = []
    public var problems: [Problem] = []
    /// Folders that were looked through.
    public var places: [String] = []

    public init() {}

    public mutating func add(_ other: ScanReport) {
        models += other.models
        problems += other.problems
        places += other.places
    }

    /// Two models of different keepers may have one name: the later ones get another tag. The same files found in two
    /// ways are one model.
    public mutating func settle() {
        var seen: Set<[String]> = []
        models = models.filter { seen.insert([$0.key] + $0.files.map(\.target).sorted()).inserted }
        var taken: Set<String> = []
        for index in models.indices {
            let model = models[index]
            let tags = [model.tag.value, "\(model.tag)-\(model.origin.rawValue)"] + (2...1000).map { "\(model.tag)-\($0)" }
            for tag in tags where taken.insert("\(model.name):\(tag)").inserted {
                if let tag = try? SafePath(untrusted: tag) { models[index].tag = tag }
                break
            }
        }
    }
}
