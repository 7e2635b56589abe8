// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What llama.cpp's older cache wrote beside its files: `manifest=org=repo=tag.json`.
public struct LlamaCacheManifest: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        /// In the repository.
        public var path: SafePath
        public var size: Int64?
        public var digest: Digest?
    }

    public var repository: String
    public var tag: String
    public var weights: File
    public var projector: File?

    public static let largest = 4 << 20

    /// - Throws: `FormatFault`, `Failure.unsafePath`, `Failure.badInput` for what is no such manifest.
    public init(name: String, json: [UInt8]) throws {
        let parts = name.dropLast(5).split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard name.hasPrefix("manifest="), name.hasSuffix(".json"), parts.count == 4, parts.allSatisfy({ PlainName.isOne($0) }) else {
            throw FormatFault(.notThisFormat, "manifest", "its name is none that llama.cpp gives")
        }
        (repository, tag) = ("\(parts[1])/\(parts[2])", parts[3])
        let root = try BoundedJSON(json, field: "manifest", limits: .init(bytes: Self.largest, depth: 16, values: 100_000)).root
        guard let weights = try root["ggufFile"].map({ try Self.file($0) }) else {
            throw FormatFault(.badValue, "ggufFile", "it is missing")
        }
        self.weights = weights
        projector = try root["mmprojFile"].flatMap { $0.isNull ? nil : try Self.file($0) }
    }

    private static func file(_ value: BoundedJSON.Value) throws -> File {
        guard let path = value["rfilename"]?.string else { throw FormatFault(.badValue, "rfilename", "it is missing") }
        let lfs = value["lfs"]
        return try File(
            path: SafePath(untrusted: path), size: value["size"]?.integer.flatMap { RemoteFile.plausibleSizes.contains($0) ? $0 : nil },
            digest: (lfs?["sha256"] ?? lfs?["oid"])?.string.map { try Digest(sha256: $0) })
    }

    /// What the file is called in the flat cache: `org_repo_file.gguf`.
    public func cacheName(_ file: File) -> String {
        "\(repository)_\(file.path)".replacing("/", with: "_")
    }
}
