// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// A model on its way to a machine without network: a plain tar archive that begins with a description of all that follows.
///
/// `homewise-bundle.json` comes first, then each file under `model/`. Any tar program can read it.
public struct ModelBundle: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        /// Below the model's folder.
        public var path: SafePath
        public var role: ModelFileRole
        /// Bytes.
        public var size: Int64
        public var digest: Digest
        /// What it is called in the archive.
        public var member: SafePath

        public init(path: SafePath, role: ModelFileRole, size: Int64, digest: Digest, member: SafePath) {
            self.path = path
            self.role = role
            self.size = size
            self.digest = digest
            self.member = member
        }
    }

    public var name: SafePath
    public var tag: SafePath
    public var format: ModelFormat?
    /// As a source writes it: where it came from in the first place.
    public var source: String
    public var revision: String?
    public var owner: String?
    public var license: String?
    /// The weights first.
    public var files: [File]

    public init(
        name: SafePath, tag: SafePath, format: ModelFormat?, source: String, revision: String? = nil, owner: String? = nil,
        license: String? = nil, files: [File]
    ) {
        self.name = name
        self.tag = tag
        self.format = format
        self.source = source
        self.revision = revision
        self.owner = owner
        self.license = license
        self.files = files
    }

    public static let manifestName = "homewise-bundle.json"
    public static let folder = "model"
    /// Bytes of the description.
    public static let largestManifest = 4 << 20
    static let mostFiles = 10_000

    public var key: String { "\(name):\(tag)" }
    /// Bytes of all files.
    public var size: Int64 { files.reduce(0) { $0 &+ $1.size } }

    // MARK: The written form

    private struct Written: Encodable {
        struct File: Encodable {
            var path: String
            var role: ModelFileRole
            var size: Int64
            var sha256: Digest
        }
        var schema = 1
        var name: String
        var tag: String
        var format: ModelFormat?
        var source: String
        var revision: String?
        var owner: String?
        var license: String?
        var files: [File]
    }

    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(
            Written(
                name: name.value, tag: tag.value, format: format, source: source, revision: revision, owner: owner, license: license,
                files: files.map { .init(path: $0.path.value, role: $0.role, size: $0.size, sha256: $0.digest) }))
    }

    /// - Throws: `FormatFault` for what is no such description, `Failure` for a name or digest that cannot be.
    public init(json: [UInt8]) throws {
        let field = Self.manifestName
        let root = try BoundedJSON(json, field: field, limits: .init(bytes: Self.largestManifest, depth: 8, values: 200_000)).root
        guard root["schema"]?.integer == 1 else { throw FormatFault(.unsupported, field, "it is of another version than 1") }
        func text(_ key: String) throws -> String {
            guard let text = root[key]?.string else { throw FormatFault(.badValue, key, "it is missing") }
            return text
        }
        name = try SafePath(untrusted: text("name"))
        tag = try SafePath(untrusted: text("tag"))
        format = root["format"]?.string.flatMap(ModelFormat.init(rawValue:))
        source = try text("source")
        (revision, owner, license) = (root["revision"]?.string, root["owner"]?.string, root["license"]?.string)
        let listed = root["files"]?.elements ?? []
        guard (1...Self.mostFiles).contains(listed.count) else { throw FormatFault(.badValue, "files", "there are \(listed.count)") }
        files = try listed.map { try Self.file($0) }
        guard Set(files.map { PortableName.folded($0.path.value) }).count == files.count else {
            throw FormatFault(.duplicate, "files", "two of them have one name")
        }
        guard files[0].role == .weights else { throw FormatFault(.badValue, "files", "the first is not the weights") }
        _ = try ModelBundle.sum(files.map(\.size))
    }

    private static func file(_ value: BoundedJSON.Value) throws -> File {
        guard let path = value["path"]?.string, let size = value["size"]?.integer, let digest = value["sha256"]?.string,
            let role = value["role"]?.string.flatMap(ModelFileRole.init(rawValue:))
        else { throw FormatFault(.badValue, "files", "one of them has no path, role, size or sha256") }
        guard size >= 0 else { throw FormatFault(.badValue, "size", "it is negative") }
        guard role != .archive else { throw FormatFault(.badValue, "role", "an archive is no part of a model") }
        return try File(
            path: SafePath(untrusted: path), role: role, size: size, digest: Digest(sha256: digest),
            member: SafePath(untrusted: "\(folder)/\(path)"))
    }

    static func sum(_ sizes: [Int64]) throws -> Int64 {
        try sizes.reduce(0) { sum, size in
            let (total, overflows) = sum.addingReportingOverflow(size)
            guard !overflows, total <= RemoteFile.plausibleSizes.upperBound else {
                throw FormatFault.tooLarge("size", "more than a petabyte")
            }
            return total
        }
    }

    // MARK: Images

    /// A model in the layout that container tools write (`skopeo copy … oci-archive:`, `docker save`).
    ///
    /// - Parameters:
    ///   - name: as it is called there: `docker.io/ai/smollm2:360M-Q4_K_M`; `nil` where it is not.
    ///   - manifest: digest of the manifest itself.
    /// - Throws: `Failure` for an image that holds no model.
    public init(_ image: OCIManifest.Image, name reference: String?, manifest: Digest) throws {
        let place = reference ?? "model"
        let (repository, tag) = Self.cut(place)
        let artifact = try OCIArtifact(image, name: ImportName.slug(ImportName.repository(repository)).value, host: "the archive")
        name = ImportName.slug(ImportName.repository(repository))
        let quantization =
            tag.flatMap { QuantizationName(in: $0) } ?? artifact.files.lazy.compactMap { QuantizationName(in: $0.path.name) }.first
        self.tag = ImportName.slug(quantization?.description ?? tag ?? "latest")
        let ending = artifact.files[0].path.name.split(separator: ".").last?.lowercased()
        format = ending == "gguf" ? .gguf : ending == "onnx" ? .onnx : .pytorch
        source = "oci:\(place)"
        revision = "\(manifest)"
        files = try artifact.files.map {
            File(path: $0.path, role: $0.role, size: $0.layer.size, digest: $0.layer.digest, member: try Self.blob($0.layer.digest))
        }
        (owner, license) = (nil, image.annotations["org.opencontainers.image.licenses"])
    }

    public static func blob(_ digest: Digest) throws -> SafePath { try SafePath(untrusted: "blobs/sha256/\(digest.hex)") }

    private static func cut(_ place: String) -> (String, String?) {
        guard let colon = place.lastIndex(of: ":"), !place[colon...].contains("/") else { return (place, nil) }
        return (String(place[..<colon]), String(place[place.index(after: colon)...]))
    }
}
