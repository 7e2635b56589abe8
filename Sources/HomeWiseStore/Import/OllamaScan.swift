// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Ollama's store: `manifests/HOST/NAMESPACE/NAME/TAG`, each naming blobs by digest.
struct OllamaScan {
    let folder: ScanFolder

    func run() throws -> ScanReport {
        var report = ScanReport()
        for place in try manifests() {
            do {
                if let model = try model(place) { report.models.append(model) }
            } catch let failure as Failure {
                report.problems.append(.init(.ollama, folder.absolute(place), failure.message))
            }
        }
        report.problems += try partials()
        return report
    }

    private func manifests() throws -> [String] {
        var found: [String] = []
        var pending = [(place: "manifests", depth: 0)]
        while let next = pending.popLast() {
            let entries = next.depth == 0 && !hasFolder("manifests") ? [] : try folder.entries(next.place)
            for entry in entries where !entry.name.hasPrefix(".") {
                let place = "\(next.place)/\(entry.name)"
                if entry.kind == .folder, next.depth < 3 { pending.append((place, next.depth + 1)) }
                if entry.kind == .file, next.depth == 3 { found.append(place) }
            }
        }
        return found.sorted()
    }

    private func hasFolder(_ name: String) -> Bool {
        (try? folder.entries("").contains { $0.name == name && $0.kind == .folder }) ?? false
    }

    private func model(_ place: String) throws -> FoundModel? {
        guard let name = OllamaPlace(place.split(separator: "/").dropFirst().map(String.init)),
            let bytes = try folder.read(place, atMost: OCIManifest.largest)
        else { return nil }
        guard case .image(let image) = try OCIManifest(bytes, contentType: nil, host: "Ollama") else {
            throw Failure.badReply(host: "Ollama", "an index where a manifest should be")
        }
        let artifact = try OCIArtifact(image, name: name.name.value, host: "Ollama")
        let config = try folder.read(Self.blob(image.config.digest), atMost: OllamaConfig.largest).map { OllamaConfig($0) }
        let files = try artifact.files.map { try file($0) }
        let quantization = config?.quantization ?? QuantizationName(in: name.tag)?.description
        return FoundModel(
            name: name.name, tag: Self.tag(name, quantization), format: .gguf, origin: .ollama, title: name.title, source: name.source,
            revision: "\(FileHash.digest(ofText: String(decoding: bytes, as: UTF8.self)))",
            owner: name.namespace == "library" ? nil : name.namespace, files: files)
    }

    /// `3b` and `3b-instruct-q8_0` are different models: what a tag says beyond the quantisation is kept.
    private static func tag(_ name: OllamaPlace, _ quantization: String?) -> SafePath {
        guard let quantization else { return ImportName.slug(name.tag) }
        if name.tag == "latest" || QuantizationName(exactly: name.tag) != nil { return ImportName.slug(quantization) }
        return ImportName.slug(QuantizationName(in: name.tag) == nil ? "\(name.tag)-\(quantization)" : name.tag)
    }

    private func file(_ file: OCIArtifact.File) throws -> FoundModel.File {
        let place = Self.blob(file.layer.digest)
        guard let found = folder.file(place) else {
            throw Failure.foundFileMissing(folder.absolute(place), isLink: lstatIsLink(folder.absolute(place)))
        }
        guard found.print.size == file.layer.size else {
            throw Failure.wrongSize(file.path.name, expected: ByteCount(file.layer.size), actual: ByteCount(found.print.size))
        }
        return .init(found, path: file.path, role: file.role, place: folder.absolute(place), digest: file.layer.digest)
    }

    private static func blob(_ digest: Digest) -> String { "blobs/sha256-\(digest.hex)" }

    /// `sha256-…-partial`, and one more for each piece: one problem for each file.
    private func partials() throws -> [ScanReport.Problem] {
        guard hasFolder("blobs") else { return [] }
        let names = try folder.entries("blobs").map(\.name)
        let unfinished = Set(names.compactMap { name in name.firstRange(of: "-partial").map { String(name[..<$0.lowerBound]) } })
        return unfinished.sorted().map {
            .init(.ollama, folder.absolute("blobs/\($0)"), "It is an unfinished download.")
        }
    }
}

func lstatIsLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

extension Failure {
    /// A file that a foreign manifest names.
    static func foundFileMissing(_ path: String, isLink: Bool) -> Failure {
        .unreadable(path: path, reason: isLink ? "it is a link that leads nowhere, or out of its folder" : "it is missing")
    }
}
