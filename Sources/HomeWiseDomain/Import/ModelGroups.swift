// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The models among the files of one folder, by their names: quantisations, shards, projectors, and whole folders.
public struct ModelGroups: Sendable, Equatable {
    public struct Group: Sendable, Equatable {
        public var name: SafePath
        /// `nil` where names do not tell.
        public var quantization: String?
        public var format: ModelFormat
        /// The weights first. The second is the path below the model's own folder.
        public var files: [(file: ListedFile, path: SafePath, role: ModelFileRole)]
        public var notes: [String] = []

        public static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.quantization == right.quantization && left.format == right.format && left.notes == right.notes
                && left.files.elementsEqual(right.files) { $0.file == $1.file && $0.path == $1.path && $0.role == $1.role }
        }
    }

    public var groups: [Group] = []
    /// Path and sentence of what is no whole model.
    public var problems: [(path: String, message: String)] = []

    public static func == (left: Self, right: Self) -> Bool {
        left.groups == right.groups && left.problems.elementsEqual(right.problems) { $0 == $1 }
    }

    /// - Parameters:
    ///   - files: of one repository or folder with what is below it.
    ///   - folder: what it is called.
    public init(_ files: [ListedFile], folder: String) {
        let gguf = files.filter { $0.ending == "gguf" }
        addGGUF(gguf, folder)
        let others = files.filter { $0.ending != "gguf" }
        addFolders(others, folder)
    }

    /// The models of a whole tree of folders that somebody made by hand: GGUF files are looked at folder by folder.
    public init(tree files: [ListedFile], folder: String) {
        addFolders(files.filter { $0.ending != "gguf" }, folder)
        let byFolder = Dictionary(grouping: files.filter { $0.ending == "gguf" }, by: \.folder)
        for (place, inside) in byFolder.sorted(by: { $0.key < $1.key }) {
            addGGUF(inside, place.split(separator: "/").last.map(String.init) ?? folder)
        }
    }

    // MARK: GGUF

    private mutating func addGGUF(_ files: [ListedFile], _ folder: String) {
        let listing = GGUFListing(files)
        for entry in listing.entries {
            guard entry.isComplete else {
                problems.append(
                    (entry.files[0].path.value, "Only \(entry.files.count) of its \(entry.shards ?? 1) parts are here."))
                continue
            }
            let picker = QuantizationPicker(
                repository: folder, files: entry.files + listing.projectors.filter { $0.folder == entry.files[0].folder })
            let projector = (try? picker.pick())?.projector
            let chosen = entry.files.map { ($0, ModelFileRole.weights) } + (projector.map { [($0, .projector)] } ?? [])
            groups.append(
                Group(
                    name: ImportName.gguf(file: entry.files[0].path.name, folder: folder),
                    quantization: entry.quantization?.description, format: .gguf,
                    files: chosen.map { (file: $0.0, path: SafePath(lastOf: $0.0.path), role: $0.1) }))
        }
        if listing.entries.isEmpty, let lonely = listing.projectors.first {
            problems.append((lonely.path.value, "It is a projector without its model."))
        }
    }

    // MARK: Folders

    /// Every folder that holds weights is looked at by itself, with what is below it.
    private mutating func addFolders(_ files: [ListedFile], _ folder: String) {
        let weights = files.filter { ["safetensors", "onnx"].contains($0.ending) || FileKind.isPickle($0) }
        var homes: Set<String> = []
        for file in weights { homes.insert(Self.home(of: file, files)) }
        for home in homes.sorted() {
            let inside = files.compactMap { Self.below(home, $0) }
            let name = home.isEmpty ? folder : String(home.split(separator: "/").last ?? "")
            add(inside, home: home, name: name)
        }
    }

    /// `onnx/model.onnx` belongs to the folder above, where its configuration is.
    private static func home(of file: ListedFile, _ files: [ListedFile]) -> String {
        var parts = file.folders.map(String.init)
        let hasOwn = { (folder: String) in
            files.contains { $0.folder == folder && ["config.json", "genai_config.json"].contains($0.path.name) }
        }
        if let last = parts.last, last == "onnx" || FileKind.isStep(last), !hasOwn(parts.joined(separator: "/")) || FileKind.isStep(last) {
            parts.removeLast()
        }
        return parts.joined(separator: "/")
    }

    private static func below(_ home: String, _ file: ListedFile) -> ListedFile? {
        if home.isEmpty { return file }
        guard file.path.value.hasPrefix(home + "/"), let path = try? SafePath(untrusted: String(file.path.value.dropFirst(home.count + 1)))
        else { return nil }
        var file = file
        file.path = path
        return file
    }

    private mutating func add(_ files: [ListedFile], home: String, name: String) {
        let picker = RepositoryPicker(place: home.isEmpty ? name : home, host: "this machine", files: files)
        let own = files.filter { !$0.path.value.contains("/") }
        let hasTensors = own.contains { $0.ending == "safetensors" || FileKind.isPickle($0) }
        let prefix = home.isEmpty ? "" : home + "/"
        do {
            let selection = try picker.pick(.folder(quantization: nil), wish: SourceWish(format: hasTensors ? .pytorch : .onnx))
            if selection.format == .pytorch, !own.contains(where: { $0.path.name == "config.json" }) {
                problems.append((prefix + selection.items[0].file.path.value, "There is no config.json beside it, so nothing can run it."))
                return
            }
            try groups.append(
                Group(
                    name: ImportName.slug(ImportName.repository(name)), quantization: selection.quantization, format: selection.format,
                    files: selection.items.map { item in
                        var file = item.file
                        file.path = try SafePath(untrusted: prefix + item.file.path.value)
                        return (file: file, path: item.path, role: item.role)
                    }, notes: selection.warnings))
        } catch {
            problems.append((home.isEmpty ? name : home, Failure.wrapping(error, doing: "looking through \(name)").message))
        }
    }
}
