// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A place where the bytes of a file can be asked for, with the secret that belongs there.
public struct RemoteAddress: Sendable, Hashable {
    public var url: String
    /// Value of `Authorization`, sent to this URL's origin alone.
    public var authorization: String?
    /// What a person reads: “hub”, “mirror hf.example”, “package index”.
    public var source: String
    /// The address that a person configured and whose answer named this one; `nil` where a person named it. It decides whether
    /// this one may lead into a private network.
    public var namedBy: String?
    public var keeper: Gatekeeper

    public init(
        url: String, authorization: String? = nil, source: String = "web", namedBy: String? = nil, keeper: Gatekeeper = .web
    ) {
        self.keeper = keeper
        self.url = url
        self.authorization = authorization
        self.source = source
        self.namedBy = namedBy
    }
}

/// A file as a source describes it once resolved: what it is, and where its bytes can be asked for.
public struct RemoteFile: Sendable, Equatable {
    /// For people and error messages.
    public var name: String
    /// Where these very bytes are, the preferred place first; never empty. Several are only given where a digest is
    /// known, for that alone proves that they serve the same.
    public var addresses: [RemoteAddress]
    /// Bytes; `nil` where only the first answer will tell.
    public var size: Int64?
    /// Where the source publishes one.
    public var digest: Digest?
    /// The server's own name for these bytes (a strong ETag): all there is to tell two versions apart where no digest is published.
    public var version: String?
    /// Git's own name of the content (SHA-1, 40 hexadecimal digits), where a hub publishes nothing better: whoever has
    /// fetched the whole file checks it with `GitBlobHash`.
    public var gitBlob: String?

    /// A petabyte: what claims to be larger is a lie, and sums of such sizes are far from overflow.
    public static let plausibleSizes: ClosedRange<Int64> = 1...(1 << 50)

    public init(name: String, addresses: [RemoteAddress], size: Int64?, digest: Digest?, gitBlob: String? = nil) {
        precondition(!addresses.isEmpty, "a file without an address cannot be asked for")
        self.name = name
        self.addresses = addresses
        self.size = size
        self.digest = digest
        self.gitBlob = gitBlob
    }

    public init(name: String, url: String, size: Int64?, digest: Digest?, authorization: String? = nil, source: String = "web") {
        self.init(
            name: name, addresses: [RemoteAddress(url: url, authorization: authorization, source: source)], size: size, digest: digest)
    }

    /// The preferred address.
    public var url: String { addresses[0].url }
    public var authorization: String? { addresses[0].authorization }
}

/// What a source delivers for one variant of a model once it is asked: the model's files, and how each comes out of what is served.
public struct Delivery: Sendable, Equatable {
    public enum Packing: Sendable, Equatable {
        /// The file is what is wanted.
        case plain
        /// This member of an archive is wanted.
        case member(SafePath)
    }

    public struct Part: Sendable, Equatable {
        public var file: RemoteFile
        public var packing: Packing

        public init(_ file: RemoteFile, _ packing: Packing = .plain) {
            self.file = file
            self.packing = packing
        }
    }

    /// One file of the model.
    public struct File: Sendable, Equatable {
        /// Below the model's folder.
        public var path: SafePath
        public var role: ModelFileRole
        /// In order: where there are several, their contents are joined.
        public var parts: [Part]
        /// Of the whole file, where it is known; for a single plain part the part's own.
        public var digest: Digest?
        /// Bytes of the whole file, where they are known.
        public var size: Int64?

        public init(path: SafePath, role: ModelFileRole = .weights, parts: [Part], digest: Digest? = nil, size: Int64? = nil) {
            self.path = path
            self.role = role
            self.parts = parts
            let single = parts.count == 1 && parts[0].packing == .plain ? parts[0].file : nil
            self.digest = digest ?? single?.digest
            self.size = size ?? single?.size
        }
    }

    /// The weights first.
    public var files: [File]
    /// What the source's answer is pinned to: a commit, or the digest of a manifest.
    public var revision: String?
    /// Who publishes it and under which licence, where the source says so: a change of either is for a person to look at.
    public var owner: String?
    public var license: String?
    /// What a person should know of it: weights in pickles, a repository that was renamed, a mirror that was left out.
    public var warnings: [String]

    public init(files: [File], revision: String? = nil, owner: String? = nil, license: String? = nil, warnings: [String] = []) {
        self.files = files
        self.warnings = warnings
        self.revision = revision
        self.owner = owner
        self.license = license
    }

    /// All parts of all files.
    public var parts: [Part] { files.flatMap(\.parts) }

    /// Bytes over the wire, where all parts tell their size. What several files share is fetched once.
    public var transferSize: Int64? {
        var seen: Set<String> = []
        return parts.filter { seen.insert($0.file.url).inserted }.reduce(Int64(0)) { sum, part in
            sum.flatMap { sum in part.file.size.map { sum + $0 } }
        }
    }
}

/// What a file is to its model.
public enum ModelFileRole: String, Sendable, Codable, CaseIterable {
    /// What the model knows; the first of several shards stands for all.
    case weights
    /// Turns pictures or sounds into tokens (`mmproj`).
    case projector
    /// A small change laid over the weights (LoRA).
    case adapter
    /// Configuration, tokenizer, template, licence.
    case support
    /// What the other files came packed in, kept beside them because a person wanted it so. No reader is given it.
    case archive
}

/// Where the bytes of one transfer go. The store implements it; sources fill it. All of it may be called from any task.
public protocol TransferTarget: Sendable {
    var grid: PieceGrid { get }
    /// Whether the recorded chain once led to the published digest: what does not meet it is then wrong beyond doubt.
    var isProven: Bool { get }
    /// Pieces that earlier runs left, each with the chain digest that was recorded for it, where there is one.
    func held() throws -> [Int: Digest?]
    /// - Throws: `Failure` when the disk refuses.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws
    /// Fills the buffer from the file.
    ///
    /// - Throws: `Failure` when the bytes cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws
    /// A piece is whole. What is recorded survives the end of this process.
    func arrived(piece index: Int) throws
    /// The file is sound from its start to the end of this piece, with this SHA-256.
    func proved(piece index: Int, chain digest: Digest) throws
    /// A piece is not what was recorded.
    func spoiled(piece index: Int) throws
}
