// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What the layers of a manifest are to a model, by Ollama's, Docker's, ModelPack's and ORAS' conventions.
public struct OCIArtifact: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public var path: SafePath
        public var role: ModelFileRole
        public var layer: OCIManifest.Descriptor
    }

    /// The weights first.
    public var files: [File]

    /// - Parameter name: for people and for files that have no name of their own: `smollm-135m`.
    /// - Throws: `Failure.unsafePath` for a layer that names a place outside, `Failure.packedInRegistry`, `Failure.noModelFiles`.
    public init(_ image: OCIManifest.Image, name: String, host: String) throws {
        var files: [File] = []
        let shards = image.layers.filter { Self.isWeights($0.mediaType) && Self.title($0) == nil }.count
        var shard = 0
        for layer in image.layers where layer.size > 0 {
            guard let kind = try Self.kind(of: layer, name: name) else { continue }
            var text = Self.title(layer) ?? kind.name
            if Self.isWeights(layer.mediaType), Self.title(layer) == nil, shards > 1 {
                shard += 1
                text = Self.shardName(kind.name, shard, of: shards)
            }
            let path = try Self.unused(SafePath(untrusted: text), among: files, isGiven: Self.title(layer) != nil, host: host)
            files.append(File(path: path, role: kind.role ?? Self.role(of: path, layer.size), layer: layer))
        }
        guard files.contains(where: { $0.role == .weights }) else { throw Failure.noModelFiles(name, format: "a form that HomeWise knows") }
        self.files = files.filter { $0.role == .weights } + files.filter { $0.role != .weights }
    }

    private typealias Kind = (name: String, role: ModelFileRole?)

    private static let ollama: [String: Kind] = [
        "model": ("model.gguf", .weights), "projector": ("mmproj.gguf", .projector), "adapter": ("adapter.gguf", .adapter),
        "template": ("template.txt", .support), "license": ("LICENSE", .support), "params": ("params.json", .support),
        "system": ("system.txt", .support), "messages": ("messages.json", .support), "prompt": ("prompt.txt", .support),
    ]
    private static let docker: [String: Kind] = [
        "gguf.v3": ("model.gguf", .weights), "safetensors": ("model.safetensors", .weights), "mmproj": ("mmproj.gguf", .projector),
        "license": ("LICENSE", .support), "chat.template.jinja": ("chat_template.jinja", .support), "model.file": ("file", .support),
    ]

    /// - Returns: `nil` for a layer that no model needs.
    private static func kind(of layer: OCIManifest.Descriptor, name: String) throws -> Kind? {
        let type = layer.mediaType
        if layer.annotations["io.deis.oras.content.unpack"] == "true" { throw Failure.packedInRegistry(name, mediaType: type) }
        if let word = type.suffix(after: "application/vnd.ollama.image.") {
            // One layer for each tensor: Ollama's own way of keeping safetensors.
            if word == "tensor" { throw Failure.packedInRegistry(name, mediaType: type) }
            return ollama[word]
        }
        if let word = type.suffix(after: "application/vnd.docker.ai.") {
            guard let kind = docker[word] else {
                if word.hasSuffix("tar") || word.hasSuffix("gzip") { throw Failure.packedInRegistry(name, mediaType: type) }
                return nil
            }
            return word == "model.file" && title(layer) == nil ? nil : kind
        }
        if type.hasPrefix("application/vnd.cncf.model."), !type.hasSuffix(".raw") { throw Failure.packedInRegistry(name, mediaType: type) }
        return title(layer).map { ($0, nil) }
    }

    private static func isWeights(_ mediaType: String) -> Bool {
        ["application/vnd.ollama.image.model", "application/vnd.docker.ai.gguf.v3", "application/vnd.docker.ai.safetensors"].contains(
            mediaType)
    }

    /// The name that its publisher gave it.
    private static func title(_ layer: OCIManifest.Descriptor) -> String? {
        layer.annotations["org.cncf.model.filepath"] ?? layer.annotations["org.opencontainers.image.title"]
    }

    private static func role(of path: SafePath, _ size: Int64) -> ModelFileRole { FileKind.role(of: ListedFile(path: path, size: size)) }

    private static func shardName(_ name: String, _ number: Int, of count: Int) -> String {
        let digits = { (value: Int) in String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)" }
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        return "\(name[..<dot])-\(digits(number))-of-\(digits(count))\(name[dot...])"
    }

    /// Two licences are two files; two layers that claim one name are a fault.
    private static func unused(_ path: SafePath, among files: [File], isGiven: Bool, host: String) throws -> SafePath {
        let taken = Set(files.map { $0.path.value.lowercased() })
        guard taken.contains(path.value.lowercased()) else { return path }
        guard !isGiven else { throw Failure.badReply(host: host, "two layers with the name \(path)") }
        let dot = path.value.lastIndex(of: ".") ?? path.value.endIndex
        for number in 2...files.count + 2 {
            let other = "\(path.value[..<dot])-\(number)\(path.value[dot...])"
            if !taken.contains(other.lowercased()) { return try SafePath(untrusted: other) }
        }
        return path
    }
}

extension String {
    func suffix(after prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
