// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The files of one model, picked out of everything that a repository or folder holds.
public struct RepositorySelection: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public var file: ListedFile
        public var role: ModelFileRole
        /// Below the model's own folder.
        public var path: SafePath
    }

    public var format: ModelFormat
    /// As names tell it; `nil` where they do not.
    public var quantization: String?
    /// The weights first.
    public var items: [Item]
    /// What a person should know of it.
    public var warnings: [String] = []

    /// The same, where the listing began at a folder of the repository.
    func from(_ folder: SafePath) throws -> RepositorySelection {
        var whole = self
        for index in items.indices {
            whole.items[index].file.path = try SafePath(untrusted: "\(folder)/\(items[index].file.path)")
            for part in items[index].file.parts.indices {
                whole.items[index].file.parts[part].path = try SafePath(untrusted: "\(folder)/\(items[index].file.parts[part].path)")
            }
        }
        return whole
    }

    /// The same, with the model's own folder there.
    func based(at folder: String) throws -> RepositorySelection {
        var selection = self
        for index in items.indices {
            selection.items[index].path = try SafePath(untrusted: String(items[index].path.value.dropFirst(folder.count + 1)))
        }
        return selection
    }
}

/// Decides which files of a listing make the model that is wanted.
public struct RepositoryPicker: Sendable {
    /// For people: `hf:org/repo`, or a folder.
    public let place: String
    let files: [ListedFile]
    /// For error messages.
    let host: String

    public init(place: String, host: String, files: [ListedFile]) {
        self.place = place
        self.host = host
        // Nothing is to be fetched of an empty file, and no size of it proves anything.
        self.files = ListedFile.joining(files.filter { $0.size > 0 }).sorted { $0.path.value < $1.path.value }
    }

    /// - Throws: `Failure` that names what there is instead.
    public func pick(_ part: RepositoryReference.Part, wish: SourceWish = SourceWish()) throws -> RepositorySelection {
        switch part {
        case .file(let path): return try file(path, wish)
        case .folder(let quantization):
            if quantization == nil, let patterns = wish.patterns { return try matching(patterns) }
            return try folder(quantization, wish)
        }
    }

    private func file(_ path: SafePath, _ wish: SourceWish) throws -> RepositorySelection {
        if let file = files.first(where: { $0.isMeant(by: path) }) {
            guard !file.isXetOnly else { throw Failure.xetOnly(path.value, of: place) }
            guard file.ending == "gguf", GGUFListing.Shard(path.value.dropLast(5)) != nil else { return single(file) }
            // One shard is no model: whoever names one means all.
            let entry = GGUFListing(files).entries.first { $0.files.contains(file) }
            return try gguf(QuantizationPicker(repository: place, files: entry?.files ?? [file]).pick())
        }
        let below = files.filter { $0.path.value.hasPrefix(path.value + "/") }
        guard !below.isEmpty else { throw Failure.unlisted(path.value, in: place, host: host) }
        var wish = wish
        wish.patterns = nil
        let inside = try below.map { file in
            var file = file
            file.path = try SafePath(untrusted: String(file.path.value.dropFirst(path.value.count + 1)))
            for part in file.parts.indices {
                file.parts[part].path = try SafePath(untrusted: String(file.parts[part].path.value.dropFirst(path.value.count + 1)))
            }
            return file
        }
        let picked = try RepositoryPicker(place: "\(place)/\(path)", host: host, files: inside).folder(nil, wish)
        return try picked.from(path)
    }

    private func single(_ file: ListedFile) -> RepositorySelection {
        let format: ModelFormat = file.ending == "onnx" ? .onnx : file.ending == "gguf" ? .gguf : .pytorch
        let name = QuantizationName(in: file.path.name.dropLast(file.ending.utf8.count + 1))
        return RepositorySelection(
            format: format, quantization: name?.description, items: [Self.item(file, isFlat: true)],
            warnings: FileKind.isPickle(file) ? [Self.pickleWarning(place)] : [])
    }

    private func matching(_ patterns: [String]) throws -> RepositorySelection {
        let patterns = patterns.map { FilePattern($0) }
        let found = files.filter { file in patterns.contains { $0.matches(file.path) } }
        let items = Self.weightsFirst(found)
        guard let first = items.first, first.role == .weights else { throw Failure.noModelFiles(place, format: "the form that is meant") }
        try checkShards(found)
        let format: ModelFormat = first.file.ending == "gguf" ? .gguf : items.contains { $0.file.ending == "onnx" } ? .onnx : .pytorch
        let hasPickles = found.contains(where: FileKind.isPickle)
        return RepositorySelection(format: format, items: items, warnings: hasPickles ? [Self.pickleWarning(place)] : [])
    }

    private func folder(_ quantization: String?, _ wish: SourceWish) throws -> RepositorySelection {
        let hasGGUF = files.contains { $0.ending == "gguf" }
        let wanted = quantization ?? (hasGGUF && (wish.format ?? .gguf) == .gguf ? wish.quantization : nil)
        switch quantization != nil && hasGGUF ? .gguf : wish.format ?? present(hasGGUF) {
        case .gguf: return try gguf(QuantizationPicker(repository: place, files: files).pick(wanted))
        case .onnx: return try onnx(quantization)
        case .pytorch: return try pytorch()
        }
    }

    private func present(_ hasGGUF: Bool) -> ModelFormat {
        if hasGGUF { return .gguf }
        let hasTensors = files.contains { $0.ending == "safetensors" || FileKind.isPickle($0) }
        return !hasTensors && files.contains { $0.ending == "onnx" } ? .onnx : hasTensors ? .pytorch : .gguf
    }

    private func gguf(_ pick: QuantizationPicker.Selection) throws -> RepositorySelection {
        let files = pick.weights + (pick.projector.map { [$0] } ?? [])
        if let file = files.first(where: \.isXetOnly) { throw Failure.xetOnly(file.path.value, of: place) }
        return RepositorySelection(format: .gguf, quantization: pick.quantization, items: files.map { Self.item($0, isFlat: true) })
    }
}
