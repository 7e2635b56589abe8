// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A model as Ollama names it by the place of its manifest: `registry.ollama.ai/library/llama3.2/3b`.
public struct OllamaPlace: Sendable, Equatable {
    public let host: String
    public let namespace: String
    public let model: String
    public let tag: String

    /// - Parameter parts: folders and file below `manifests`.
    /// - Returns: `nil` for a place where Ollama keeps none.
    public init?(_ parts: [String]) {
        guard parts.count == 4, parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && $0.utf8.count <= 255 }) else { return nil }
        (host, namespace, model, tag) = (parts[0], parts[1], parts[2], parts[3])
    }

    /// As a person types it for Ollama.
    public var title: String {
        let short = namespace == "library" ? model : "\(namespace)/\(model)"
        return (isOfficial ? short : "\(host)/\(namespace)/\(model)") + ":\(tag)"
    }

    private var isOfficial: Bool { host == "registry.ollama.ai" }

    public var source: String {
        if host == "hf.co" || host == "huggingface.co" { return "hf:\(namespace)/\(model):\(tag)" }
        return isOfficial ? "ollama:\(title)" : "oci:\(host)/\(namespace)/\(model):\(tag)"
    }

    /// Under which it is taken in: others' models under the names of their makers too.
    public var name: SafePath {
        let model = String(ImportName.repository(model))
        return ImportName.slug(isOfficial && namespace != "library" ? "\(namespace)-\(model)" : model)
    }
}

/// The configuration that an Ollama manifest names: what kind of model it is.
public struct OllamaConfig: Sendable, Equatable {
    /// As Ollama writes it: `Q4_K_M`.
    public var quantization: String?
    public var format: String?

    public static let largest = 1 << 20

    /// What cannot be read tells nothing; the weights themselves tell the same.
    public init(_ bytes: [UInt8]) {
        guard let json = try? BoundedJSON(bytes, field: "configuration", limits: .init(bytes: Self.largest, depth: 16, values: 100_000))
        else {
            return
        }
        quantization = json.root["file_type"]?.string.flatMap { QuantizationName(exactly: $0)?.description }
        format = json.root["model_format"]?.string
    }
}
