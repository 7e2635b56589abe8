// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A file as a hub's listing names it.
public struct ListedFile: Sendable, Equatable {
    /// Below the repository's root.
    public var path: SafePath
    /// Bytes.
    public var size: Int64
    /// Where the hub keeps one (files in LFS).
    public var digest: Digest?
    /// Git's own name of the content, 40 hexadecimal digits: all that is known of small files.
    public var gitBlob: String?
    /// Kept in Xet's pieces alone, which are not to be had as one file.
    public var isXetOnly = false
    /// What it was cut into, in order; empty for a file that is served whole.
    public var parts: [ListedFile] = []

    public init(path: SafePath, size: Int64, digest: Digest? = nil, gitBlob: String? = nil, isXetOnly: Bool = false) {
        self.path = path
        self.size = size
        self.digest = digest
        self.gitBlob = gitBlob
        self.isXetOnly = isXetOnly
    }

    /// The parts of its folder, from the root.
    var folders: [Substring] { Array(path.value.split(separator: "/").dropLast()) }
    var folder: String { folders.joined(separator: "/") }
    /// “gguf”, in small letters; empty where the name has none.
    var ending: String {
        path.name.lastIndex(of: ".").map { String(path.name[path.name.index(after: $0)...]).lowercased() } ?? ""
    }
}

/// What of a source is wanted, where it offers more than one thing.
public struct SourceWish: Sendable, Equatable {
    /// Patterns of the files that belong to the variant; `nil` where the source is to be looked through.
    public var patterns: [String]?
    public var quantization: String?
    /// What the registry says of the weights.
    public var digest: Digest?
    /// The format to take where a repository has several.
    public var format: ModelFormat?

    public init(patterns: [String]? = nil, quantization: String? = nil, digest: Digest? = nil, format: ModelFormat? = nil) {
        self.patterns = patterns
        self.quantization = quantization
        self.digest = digest
        self.format = format
    }

    public init(_ variant: ModelVariant, of model: ModelInfo) {
        self.init(
            patterns: variant.files, quantization: variant.quantization, digest: variant.sha256, format: variant.format ?? model.type)
    }
}
