// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore

/// One way for each format: the content decides which, never the name.
extension HomeWise {
    func inspect(file path: String) throws -> Inspection {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure.unreadable(path: path, reason: "there is no such file")
        }
        do {
            if isFolder.boolValue { return try FolderInspection(path: path).run() }
            return try FileInspection(path: path, source: MappedFile(path: path)).run()
        } catch let fault as FormatFault { throw Failure.malformed(file: path, fault) }
    }
}

/// A single file.
private struct FileInspection {
    let path: String
    let source: MappedFile
    private var folder: ModelFolder {
        ModelFolder((path as NSString).deletingLastPathComponent.isEmpty ? "." : (path as NSString).deletingLastPathComponent)
    }

    func run() throws -> HomeWise.Inspection {
        let start = try source.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), source.length)) { [UInt8]($0) }
        switch FormatDetection.container(of: start, length: source.length) {
        case .gguf: return try gguf()
        case .safetensors: return try safetensors()
        case .onnx: return try onnx()
        case .zip, .pickle: return try pytorch()
        case .text: throw FormatFault(.notThisFormat, "file", "it is a text, such as a web page that stands where a model should")
        case let other:
            throw FormatFault(
                .notThisFormat, "file", other == .unknown ? "it is no model that HomeWise knows" : "it is an archive (\(other.rawValue))")
        }
    }

    private func inspection(_ facts: ModelFacts, tensors: Int?, notes: [String] = []) -> HomeWise.Inspection {
        HomeWise.Inspection(path: path, size: ByteCount(source.length), facts: facts, tensors: tensors, notes: notes)
    }

    private func gguf() throws -> HomeWise.Inspection {
        let header = try GGUFHeader(source)
        var notes: [String] = []
        if header.end < source.length { notes.append("\(ByteCount(source.length - header.end)) behind the last tensor belong to none") }
        let parts = try splitParts(of: header, &notes)
        let tensors = header.tensors.count + parts.reduce(0) { $0 + $1.tensors.count }
        return try inspection(ModelFacts(header, in: source, parts: parts), tensors: tensors, notes: notes)
    }

    /// Headers of the further files of a split model, which are named like the first: `…-00001-of-00003.gguf`.
    private func splitParts(of header: GGUFHeader, _ notes: inout [String]) throws -> [GGUFHeader] {
        guard let count = header.metadata["split.count"]?.count, (2...999).contains(count) else { return [] }
        let number = header.metadata["split.no"]?.count ?? 0
        guard (0..<count).contains(number) else { throw FormatFault.badValue("split.no", "there is no part \(number) of \(count)") }
        let name = (path as NSString).lastPathComponent
        let ending = { (part: Int) in "-\(Self.digits(part))-of-\(Self.digits(count)).gguf" }
        guard number == 0, name.hasSuffix(ending(1)) else {
            notes.append("this is part \(number + 1) of \(count): name the first to see the whole")
            return []
        }
        let stem = String(path.dropLast(ending(1).count))
        let present = (2...count).map { stem + ending($0) }.filter { FileManager.default.fileExists(atPath: $0) }
        notes.append(present.count == count - 1 ? "\(count) files" : "of \(count) files only \(present.count + 1) are here")
        return try present.map { try GGUFHeader(MappedFile(path: $0)) }
    }

    private static func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }

    private func safetensors() throws -> HomeWise.Inspection {
        let header = try SafetensorsHeader(source: source)
        return try inspection(FolderInspection.facts([header], in: folder), tensors: header.tensors.count)
    }

    private func onnx() throws -> HomeWise.Inspection {
        let model = try ONNXModel(source: source)
        try model.checkExternalData(lengths: folder.lengths(of: model.externalFiles))
        let genai = try folder.bytes("genai_config.json").map { try GenAIConfig($0) }
        try genai?.screen.check()
        let notes = model.foreignDomains.isEmpty ? [] : ["it needs operators of \(model.foreignDomains.joined(separator: ", "))"]
        var facts = model.facts(genai: genai)
        if facts.capabilities.contains(.completion), try hasChatTemplate() { facts.capabilities.append(.chat) }
        return inspection(facts, tensors: model.tensors.count, notes: notes)
    }

    /// Newer folders have it in a file of its own, older ones in the tokenizer's.
    private func hasChatTemplate() throws -> Bool {
        if try folder.bytes("chat_template.jinja") != nil { return true }
        guard let bytes = try folder.bytes("tokenizer_config.json") else { return false }
        return try BoundedJSON(bytes, field: "tokenizer_config.json", limits: .init(bytes: 32 << 20)).root["chat_template"] != nil
    }

    private func pytorch() throws -> HomeWise.Inspection {
        let archive = try PyTorchArchive(source: source)
        if let config = try folder.bytes("config.json") { try HuggingFaceConfig(.init(config: config), container: .pytorch).screen.check() }
        let verdict =
            switch archive.verdict {
            case .allowed: "its pickle names only what weights need; that is a label, no permission to load it"
            case .unsafe(let names): "UNSAFE: its pickle would run \(names.prefix(5).joined(separator: ", "))"
            case .unknown(let reason): "nobody can tell what its pickle would run: \(reason)"
            }
        return inspection(archive.facts, tensors: archive.tensors.count, notes: [verdict])
    }
}

/// A folder as Hugging Face's tools and onnxruntime-genai write it.
private struct FolderInspection {
    let path: String
    private var folder: ModelFolder { ModelFolder(path) }

    func run() throws -> HomeWise.Inspection {
        let files = try folder.files()
        let shards = try shards(files)
        guard !shards.isEmpty else {
            for name in ["model.onnx", "pytorch_model.bin"] where files[name] != nil {
                return try FileInspection(path: "\(path)/\(name)", source: MappedFile(path: "\(path)/\(name)")).run()
            }
            if let single = files.keys.filter({ $0.hasSuffix(".gguf") || $0.hasSuffix(".onnx") }).sorted().first {
                return try FileInspection(path: "\(path)/\(single)", source: MappedFile(path: "\(path)/\(single)")).run()
            }
            throw FormatFault(.notThisFormat, "folder", "there is no model in it that HomeWise knows")
        }
        var headers: [String: SafetensorsHeader] = [:]
        for shard in shards { headers[shard] = try SafetensorsHeader(source: MappedFile(path: "\(path)/\(shard)")) }
        if let index = try folder.bytes(Self.indexName, atMost: 64 << 20) { try SafetensorsIndex(index).check(headers) }
        let facts = try Self.facts(Array(headers.values), in: folder)
        let size = shards.reduce(Int64(0)) { $0 + (files[$1] ?? 0) }
        return HomeWise.Inspection(
            path: path, size: ByteCount(size), facts: facts, tensors: headers.values.reduce(0) { $0 + $1.tensors.count },
            notes: shards.count > 1 ? ["\(shards.count) files"] : [])
    }

    private static let indexName = "model.safetensors.index.json"

    private func shards(_ files: [String: Int64]) throws -> [String] {
        guard let index = try folder.bytes(Self.indexName, atMost: 64 << 20) else {
            return files["model.safetensors"] == nil ? [] : ["model.safetensors"]
        }
        return try SafetensorsIndex(index).shards
    }

    /// The weights' own figures, with what `config.json` beside them says.
    ///
    /// - Throws: `FormatFault` where the configuration would run code (THREATS C4).
    static func facts(_ headers: [SafetensorsHeader], in folder: ModelFolder) throws -> ModelFacts {
        guard let config = try folder.bytes("config.json") else {
            let summary = SafetensorsSummary(headers)
            var facts = ModelFacts(container: .safetensors)
            facts.weights = summary.weights
            facts.parameters = summary.parameters
            facts.quantization = summary.dominantType
            return facts
        }
        let files = try HuggingFaceConfig.Files(
            config: config, generationConfig: folder.bytes("generation_config.json"),
            tokenizerConfig: folder.bytes("tokenizer_config.json"),
            chatTemplate: folder.bytes("chat_template.jinja"))
        let description = try HuggingFaceConfig(files)
        try description.screen.check()
        return description.facts(with: SafetensorsSummary(headers, packedBits: description.packedBits))
    }
}
