// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A manifest or an index of an OCI registry, read strictly: what could be both is neither (THREATS E5).
public enum OCIManifest: Sendable, Equatable {
    case image(Image)
    case index([Entry])

    public struct Image: Sendable, Equatable {
        /// What kind of thing it is, where it says so.
        public var artifactType: String?
        public var configType: String
        public var config: Descriptor
        public var layers: [Descriptor]
        public var annotations: [String: String]
    }

    /// Something that the registry keeps under its digest.
    public struct Descriptor: Sendable, Equatable {
        public var mediaType: String
        public var digest: Digest
        /// Bytes.
        public var size: Int64
        public var annotations: [String: String]
    }

    public struct Entry: Sendable, Equatable {
        public var descriptor: Descriptor
        /// `linux/amd64`; `nil` where it does not say.
        public var platform: String?
    }

    /// Bytes of a manifest; the specification lets registries refuse more.
    public static let largest = 4 << 20
    public static let mostLayers = 10_000

    public static let imageTypes = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
    public static let indexTypes = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"]

    /// - Parameter contentType: of the answer that it came in.
    /// - Throws: `Failure.badReply` naming the fault, `Failure.badInput` for a digest that is none.
    public init(_ bytes: [UInt8], contentType: String?, host: String) throws {
        let reader = OCIManifestReader(host: host)
        self = try reader.manifest(bytes, contentType: contentType)
    }
}

struct OCIManifestReader {
    let host: String

    func manifest(_ bytes: [UInt8], contentType: String?) throws -> OCIManifest {
        guard bytes.count <= OCIManifest.largest else { throw bad("a manifest of more than \(OCIManifest.largest >> 20) MiB") }
        let root: BoundedJSON.Value
        do {
            root = try BoundedJSON(bytes, field: "manifest", limits: .init(bytes: OCIManifest.largest, depth: 16, values: 1_000_000)).root
        } catch {
            throw bad("no manifest (\(error.reason))")
        }
        guard root["schemaVersion"]?.integer == 2 else { throw bad("a manifest of another version than 2") }
        let (layers, manifests) = (root["layers"], root["manifests"])
        guard (layers == nil) != (manifests == nil) else { throw bad("a manifest that is an image and an index at once, or neither") }
        let allowed = layers == nil ? OCIManifest.indexTypes : OCIManifest.imageTypes
        let header = contentType?.split(separator: ";").first?.trimmed.lowercased()
        for said in [root["mediaType"].map { $0.string ?? "" }, header.flatMap { Self.isNeutral($0) ? nil : $0 }] {
            if let said, !allowed.contains(said) { throw bad("a manifest that calls itself \(said.prefix(80))") }
        }
        if let manifests { return try .index(entries(manifests)) }
        return try .image(image(root))
    }

    /// What a plain file server says of any JSON.
    private static func isNeutral(_ type: String) -> Bool { ["application/json", "text/plain", "application/octet-stream"].contains(type) }

    private func image(_ root: BoundedJSON.Value) throws -> OCIManifest.Image {
        guard let config = root["config"], config.isObject else { throw bad("a manifest without a configuration") }
        guard let layers = root["layers"], layers.isArray else { throw bad("a manifest whose layers are no list") }
        let elements = layers.elements
        guard !elements.isEmpty else { throw bad("a manifest without layers") }
        guard elements.count <= OCIManifest.mostLayers else { throw bad("a manifest of \(elements.count) layers") }
        let descriptors = try elements.map(descriptor)
        var sum: Int64 = 0
        for layer in descriptors {
            let (total, overflow) = sum.addingReportingOverflow(layer.size)
            guard !overflow, total <= RemoteFile.plausibleSizes.upperBound else { throw bad("layers of more than a petabyte") }
            sum = total
        }
        let configuration = try descriptor(config)
        return OCIManifest.Image(
            artifactType: root["artifactType"]?.string, configType: configuration.mediaType, config: configuration, layers: descriptors,
            annotations: annotations(root))
    }

    private func entries(_ manifests: BoundedJSON.Value) throws -> [OCIManifest.Entry] {
        guard manifests.isArray, !manifests.elements.isEmpty else { throw bad("an index without manifests") }
        guard manifests.elements.count <= OCIManifest.mostLayers else { throw bad("an index of \(manifests.elements.count) manifests") }
        return try manifests.elements.map { element in
            let platform = element["platform"].flatMap { platform -> String? in
                guard let system = platform["os"]?.string, let processor = platform["architecture"]?.string else { return nil }
                return system == "unknown" ? nil : "\(system)/\(processor)"
            }
            return try OCIManifest.Entry(descriptor: descriptor(element), platform: platform)
        }
    }

    private func descriptor(_ value: BoundedJSON.Value) throws -> OCIManifest.Descriptor {
        guard value.isObject, let type = value["mediaType"]?.string, let digest = value["digest"]?.string else {
            throw bad("a layer without media type or digest")
        }
        guard let size = value["size"]?.integer, (0...RemoteFile.plausibleSizes.upperBound).contains(size) else {
            throw bad("a layer of an impossible size")
        }
        return try OCIManifest.Descriptor(mediaType: type, digest: Digest(prefixed: digest), size: size, annotations: annotations(value))
    }

    private func annotations(_ value: BoundedJSON.Value) -> [String: String] {
        let pairs = (value["annotations"]?.members ?? []).compactMap { member in member.value.string.map { (member.name, $0) } }
        return Dictionary(pairs) { first, _ in first }
    }

    private func bad(_ why: String) -> Failure { .badReply(host: host, why) }
}

extension StringProtocol {
    var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
