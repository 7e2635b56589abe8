// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Models that are folders: safetensors, pickles and ONNX, with configuration and tokenizer beside them.
extension RepositoryPicker {
    /// - Throws: `Failure.noModelFiles`, `Failure.incompleteModel`.
    func pytorch() throws -> RepositorySelection {
        let own = files.filter { $0.folder.isEmpty || FileKind.isStep($0.folder) }
        var weights = own.filter { $0.ending == "safetensors" }
        let roots = weights.filter(\.folder.isEmpty)
        // `consolidated` and `original/` are the same weights once more, as their makers train them.
        let named = roots.filter { $0.path.name.hasPrefix("model") && !isSecondPrecision($0, among: roots) }
        if !named.isEmpty { weights = named + weights.filter { !$0.folder.isEmpty } }
        var warnings: [String] = []
        if roots.isEmpty {
            let pickles = own.filter(FileKind.isPickle)
            let hub = pickles.filter { $0.path.name.hasPrefix("pytorch_model") }
            weights = hub.isEmpty ? pickles : hub
            warnings = weights.isEmpty ? [] : [Self.pickleWarning(place)]
        }
        guard !weights.isEmpty else { throw Failure.noModelFiles(place, format: "safetensors") }
        if let file = weights.first(where: \.isXetOnly) { throw Failure.xetOnly(file.path.value, of: place) }
        try checkShards(weights)
        let support = own.filter { FileKind.isSupport($0) && !weights.contains($0) }
        return RepositorySelection(format: .pytorch, items: Self.weightsFirst(weights + support), warnings: warnings)
    }

    /// `model.fp16.safetensors` beside `model.safetensors`.
    private func isSecondPrecision(_ file: ListedFile, among roots: [ListedFile]) -> Bool {
        let hasMark = { (file: ListedFile) in file.path.name.split(separator: ".").count == 3 }
        return hasMark(file) && roots.contains { $0.path.name.hasPrefix("model") && !hasMark($0) }
    }

    /// - Throws: `Failure.noModelFiles`, `Failure.ambiguousQuantization`, `Failure.noSuchQuantization`.
    func onnx(_ wanted: String?) throws -> RepositorySelection {
        let homes = files.filter { $0.path.name == "genai_config.json" }.map(\.folder)
        if !homes.isEmpty { return try genai(homes, wanted) }
        let graphs = files.filter { $0.ending == "onnx" }
        guard !graphs.isEmpty else { throw Failure.noModelFiles(place, format: "ONNX") }
        let graph = try graph(among: graphs, wanted)
        let beside = files.filter {
            $0.folder == graph.folder && $0.path.name.hasPrefix("\(graph.path.name)_data") || $0.path.value == "\(graph.path.value).data"
        }
        let support = files.filter { ($0.folder.isEmpty || FileKind.isStep($0.folder)) && FileKind.isSupport($0) }
        return RepositorySelection(
            format: .onnx, quantization: Self.flavour(graph), items: Self.weightsFirst([graph] + beside + support))
    }

    /// `q4` of `onnx/model_q4.onnx`.
    private static func flavour(_ file: ListedFile) -> String? {
        let stem = file.path.name.dropLast(5).lowercased()
        return stem.lastIndex(of: "_").map { String(stem[stem.index(after: $0)...]) }
    }

    private func graph(among graphs: [ListedFile], _ wanted: String?) throws -> ListedFile {
        let labels = graphs.map { Self.flavour($0) ?? String($0.path.name.dropLast(5)) }
        if let wanted {
            let found = graphs.filter {
                Self.flavour($0) == wanted.lowercased() || $0.path.name.dropLast(5).lowercased() == wanted.lowercased()
            }
            guard let first = found.first else { throw Failure.noSuchQuantization(place, wanted: wanted, choices: labels) }
            guard found.count == 1 else { throw Failure.ambiguousQuantization(place, wanted: wanted, choices: found.map(\.path.value)) }
            return first
        }
        if let plain = graphs.first(where: { ["model.onnx", "onnx/model.onnx"].contains($0.path.value) }) { return plain }
        guard graphs.count == 1 else { throw Failure.ambiguousQuantization(place, wanted: nil, choices: graphs.map(\.path.value)) }
        return graphs[0]
    }

    /// A folder for each kind of machine, as onnxruntime-genai's builder writes them: the processor's is taken unasked.
    private func genai(_ homes: [String], _ wanted: String?) throws -> RepositorySelection {
        var fitting = homes
        if let wanted {
            fitting = homes.filter { $0.lowercased().contains(wanted.lowercased()) }
            guard !fitting.isEmpty else { throw Failure.noSuchQuantization(place, wanted: wanted, choices: homes) }
        }
        for word in ["cpu", "int4"] where fitting.count > 1 {
            let some = fitting.filter { $0.lowercased().contains(word) }
            if !some.isEmpty { fitting = some }
        }
        guard let home = fitting.first, fitting.count == 1 else {
            throw Failure.ambiguousQuantization(place, wanted: wanted, choices: fitting)
        }
        let inside = files.filter { $0.folder == home && (FileKind.role(of: $0) == .weights || FileKind.isSupport($0)) }
        let items = Self.weightsFirst(inside)
        guard items.first?.role == .weights else { throw Failure.noModelFiles(place, format: "ONNX") }
        let selection = RepositorySelection(
            format: .onnx, quantization: home.lowercased().contains("int4") ? "int4" : nil, items: items)
        return home.isEmpty ? selection : try selection.based(at: home)
    }

    /// All of `model-00001-of-00003.safetensors` and its kind, or none.
    func checkShards(_ weights: [ListedFile]) throws {
        var sets: [String: (shard: GGUFListing.Shard, seen: Set<Int>, name: String)] = [:]
        for file in weights where !file.ending.isEmpty {
            guard let shard = GGUFListing.Shard(file.path.value.dropLast(file.ending.utf8.count + 1)) else { continue }
            sets["\(shard.stem) \(shard.count) \(file.ending)", default: (shard, [], file.path.name)].seen.insert(shard.number)
        }
        for set in sets.values where set.seen.count != set.shard.count {
            throw Failure.incompleteModel(place, file: set.name, present: set.seen.count, of: set.shard.count)
        }
    }

    static func weightsFirst(_ files: [ListedFile]) -> [RepositorySelection.Item] {
        let items = files.map { item($0, isFlat: false) }
        return items.filter { $0.role == .weights } + items.filter { $0.role != .weights }
    }

    static func item(_ file: ListedFile, isFlat: Bool) -> RepositorySelection.Item {
        .init(file: file, role: FileKind.role(of: file), path: isFlat ? SafePath(lastOf: file.path) : file.path)
    }

    static func pickleWarning(_ place: String) -> String {
        "\(place) has its weights in pickles alone: loading them can run a stranger's code, and HomeWise asks before it does."
    }
}
