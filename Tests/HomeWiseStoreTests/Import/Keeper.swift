// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// Folders as other tools leave them.
struct Keeper {
    let home: String

    init() { home = TemporaryFolder.path + "/home" }

    /// Writes a file and the folders above it.
    @discardableResult func write(_ path: String, _ bytes: [UInt8]) throws -> Digest {
        let url = URL(filePath: "\(home)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return FileHash.digest(ofText: String(decoding: bytes, as: UTF8.self))
    }

    @discardableResult func write(_ path: String, _ text: String) throws -> Digest { try write(path, Array(text.utf8)) }

    func link(_ path: String, to target: String) throws {
        let url = URL(filePath: "\(home)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
    }

    /// A tiny sound GGUF file; `mark` makes it differ from others.
    static func gguf(_ mark: String = "") -> [UInt8] {
        var draft = GGUFDraft()
        draft.metadata = [("general.architecture", .text("llama")), ("general.description", .text(mark))]
        return draft.header().bytes
    }

    static let safetensors: [UInt8] = {
        let header = Array(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8)
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + [0, 0, 0, 0]
    }()

    func scan(_ more: [String: String] = [:]) throws -> ScanReport {
        try ModelScan(environment: ["HOME": home].merging(more) { $1 }).everywhere()
    }

    // MARK: Ollama

    /// A model as `ollama pull` leaves it. - Returns: the digest of its weights.
    @discardableResult func ollama(
        _ name: String = "library/tiny/3b", root: String = ".ollama/models", quantization: String = "Q4_K_M", mark: String = "",
        edit: (String) -> String = { $0 }
    ) throws -> Digest {
        func blob(_ bytes: [UInt8]) throws -> (Digest, Int) {
            let digest = try Digest(sha256: FileHash.digest(ofBytes: bytes).hex)
            try write("\(root)/blobs/sha256-\(digest.hex)", bytes)
            return (digest, bytes.count)
        }
        let weights = try blob(Self.gguf(mark))
        let config = try blob(Array(#"{"model_format":"gguf","model_family":"llama","file_type":"\#(quantization)"}"#.utf8))
        let license = try blob(Array("MIT".utf8))
        func layer(_ type: String, _ blob: (Digest, Int)) -> String {
            #"{"mediaType":"application/vnd.ollama.image.\#(type)","digest":"\#(blob.0)","size":\#(blob.1)}"#
        }
        let manifest = """
            {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
            "config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"\(config.0)","size":\(config.1)},
            "layers":[\(layer("model", weights)),\(layer("license", license))]}
            """
        try write("\(root)/manifests/registry.ollama.ai/\(name)", edit(manifest))
        return weights.0
    }
}

extension FileHash {
    static func digest(ofBytes bytes: [UInt8]) -> Digest {
        var hash = FileHash()
        bytes.withUnsafeBytes { hash.add($0) }
        return hash.finish()
    }
}
