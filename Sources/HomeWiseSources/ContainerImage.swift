// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// An image as `docker save` wrote it for years: a `manifest.json` that names layers, each a tar archive of a machine's files, and
/// nothing that says what is in them. The models are found by looking.
///
/// A machine's files are full of links and devices, so nothing of a layer is unpacked but plain files with a model's names, each
/// taken out for itself.
package struct ContainerImage: Sendable {
    private let archive: Archive
    /// Names of the layers in the archive, the lowest first.
    package let layers: [String]

    /// - Returns: `nil` for an archive that is no such image.
    /// - Throws: `Failure.damagedArchive` for one whose description cannot be read.
    package init?(_ archive: Archive) throws {
        let names = Set(try archive.entries().filter { $0.kind == .file }.map(\.trimmedName))
        guard names.contains(Self.manifest), !names.contains(ModelBundle.manifestName) else { return nil }
        let bytes = try archive.bytes(of: Self.manifest, atMost: OCIManifest.largest)
        guard let found = try Self.layers(bytes, of: archive.name) else { return nil }
        (self.archive, layers) = (archive, found)
    }

    private static let manifest = "manifest.json"
    private static let mostLayers = 1000

    /// - Returns: `nil` where it is the description of something else.
    private static func layers(_ bytes: [UInt8], of name: String) throws -> [String]? {
        let root: BoundedJSON.Value
        do {
            root = try BoundedJSON(bytes, field: manifest, limits: .init(bytes: OCIManifest.largest, depth: 16, values: 200_000)).root
        } catch { return nil }
        let images = root.elements
        guard let first = images.first, let layers = first["Layers"]?.elements else { return nil }
        guard images.count == 1 else { throw Failure.damagedArchive(name, "it holds \(images.count) images, and one is wanted") }
        let names = layers.compactMap(\.string)
        guard names.count == layers.count, (1...mostLayers).contains(names.count) else {
            throw Failure.damagedArchive(name, "its description names no layers")
        }
        return names
    }

    /// Takes the files that models are made of out of all layers; what a higher layer replaces or removes counts as there.
    ///
    /// - Returns: digests of all files, by their paths in the folder, which is made.
    /// - Throws: `Failure`; then the folder is not there.
    package func unpackModels(to folder: String, limit: Int64) throws -> [SafePath: Digest] {
        let layer = folder + ".layer"
        var digests: [SafePath: Digest] = [:]
        do {
            let target = try ArchiveFolder(at: folder)
            for name in layers {
                try ArchiveFolder.remove(layer)
                let place = try ArchiveFolder(at: layer)
                let file = try SafePath(untrusted: "layer")
                _ = try archive.take(SafePath(untrusted: Self.plain(name)), as: file, into: place, limit: limit)
                try add(Archive(path: "\(layer)/layer", name: "\(archive.name), \(name)"), to: target, &digests, limit: limit)
            }
            try ArchiveFolder.remove(layer)
            return digests
        } catch {
            try ArchiveFolder.remove(layer)
            try ArchiveFolder.remove(folder)
            throw error
        }
    }

    private static func plain(_ name: String) -> String { name.hasPrefix("./") ? String(name.dropFirst(2)) : name }

    private func add(_ layer: Archive, to target: borrowing ArchiveFolder, _ digests: inout [SafePath: Digest], limit: Int64) throws {
        let listed: Archive
        do { listed = try layer.listed() } catch let failure as Failure where failure.code == .damagedArchive {
            // A layer that is no archive may be a model itself, or a text; an archive that is broken is neither.
            guard try addBare(layer, to: target, &digests) else { throw failure }
            return
        }
        var wanted: [SafePath] = []
        for entry in try listed.entries() {
            let name = entry.trimmedName
            let last = name.split(separator: "/").last.map(String.init) ?? ""
            if last.hasPrefix(Self.whiteout) {
                try remove(name, last, in: target, &digests)
                continue
            }
            guard entry.kind == .file, Self.isOfModel(last), let path = try? SafePath(untrusted: name) else { continue }
            if digests[path] != nil { try remove(path, in: target, &digests) }
            wanted.append(path)
        }
        if wanted.isEmpty { return }
        digests.merge(try listed.take(wanted, into: target, limit: limit)) { $1 }
    }

    /// - Returns: whether it is something other than an archive.
    private func addBare(_ layer: Archive, to target: borrowing ArchiveFolder, _ digests: inout [SafePath: Digest]) throws -> Bool {
        let input = try ArchiveInput(layer.parts)
        let start = try input.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), input.length)) { [UInt8]($0) }
        switch FormatDetection.container(of: start, length: input.length) {
        case .gguf: break
        case .text: return true
        default: return false
        }
        let path = try SafePath(untrusted: "model-\(digests.count + 1).gguf")
        digests[path] = try layer.copy(as: path, into: target)
        return true
    }

    private static let whiteout = ".wh."

    /// A layer says of a file below it that it is gone, or of a folder that all in it is.
    private func remove(_ name: String, _ last: String, in target: borrowing ArchiveFolder, _ digests: inout [SafePath: Digest]) throws {
        let folder = String(name.dropLast(last.count))
        let gone = last == ".wh..wh..opq" ? folder : folder + last.dropFirst(Self.whiteout.count)
        for path in digests.keys where path.value == gone || path.value.hasPrefix(gone.hasSuffix("/") ? gone : gone + "/") {
            try remove(path, in: target, &digests)
        }
    }

    private func remove(_ path: SafePath, in target: borrowing ArchiveFolder, _ digests: inout [SafePath: Digest]) throws {
        guard unlink("\(target.path)/\(path)") == 0 || errno == ENOENT else {
            throw Failure.cannotWrite(path: "\(target.path)/\(path)", errno: errno)
        }
        digests[path] = nil
    }

    private static let endings: Set = ["gguf", "safetensors", "onnx", "onnx_data", "json", "model", "jinja"]
    private static let support: Set = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json", "vocab.json",
        "genai_config.json", "model.safetensors.index.json", "tokenizer.model", "chat_template.jinja", "added_tokens.json",
    ]

    /// A machine's other files may be many: of those that are no weights only the usual names are taken.
    private static func isOfModel(_ name: String) -> Bool {
        let ending = name.split(separator: ".").last?.lowercased() ?? ""
        guard endings.contains(ending) else { return false }
        return ["json", "model", "jinja"].contains(ending) ? support.contains(name) : true
    }
}

extension Archive {
    /// Takes one file out for itself.
    func take(_ member: SafePath, as path: SafePath, into target: borrowing ArchiveFolder, limit: Int64) throws -> Digest {
        var hash = SHA256()
        try target.withNewFile(path, isExecutable: false) { file in
            try extract(member, to: file, limit: limit) { hash.update(bufferPointer: $0) }
        }
        return Digest(bytes: hash.finalize())
    }

    /// The file itself, where it is no archive.
    func copy(as path: SafePath, into target: borrowing ArchiveFolder) throws -> Digest {
        let input = try ArchiveInput(parts)
        var hash = SHA256()
        let place = "\(target.path)/\(path)"
        try target.withNewFile(path, isExecutable: false) { file in
            for start in stride(from: Int64(0), to: input.length, by: 8 << 20) {
                try Task.checkCancellation()
                try input.withBytes(start..<min(start + (8 << 20), input.length)) {
                    try Self.write($0, to: file, path: place)
                    hash.update(bufferPointer: $0)
                }
            }
        }
        return Digest(bytes: hash.finalize())
    }
}
