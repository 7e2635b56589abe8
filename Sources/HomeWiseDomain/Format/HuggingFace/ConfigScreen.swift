// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Looks for keys of a configuration file that make a library fetch or run code that came with the model.
///
/// A configuration is code where it names code: `_attn_implementation_internal` ran a hub's kernel although nobody had
/// allowed it (CVE-2026-4372). A model with a finding is refused, whatever the worker's own settings are.
public struct ConfigScreen: Sendable, Equatable, Codable {
    public struct Finding: Sendable, Equatable, Codable {
        /// The file, as it is named beside the weights: `config.json`.
        public let file: String
        /// Keys from the outermost to the one that was found, and places in lists: `text_config.auto_map`.
        public let path: String
        /// A clause: “it names code to load”.
        public let reason: String
    }

    public private(set) var findings: [Finding] = []

    /// Findings that are listed; more of them say nothing new.
    private static let longestList = 100

    public init() {}

    public var isClean: Bool { findings.isEmpty }

    /// - Throws: a `FormatFault` that names the first finding.
    public func check() throws(FormatFault) {
        guard let first = findings.first else { return }
        let others = findings.count > 1 ? ", and \(findings.count - 1) more keys like it" : ""
        throw FormatFault(.codeInConfig, "\(first.file): \(first.path)", first.reason + others)
    }

    /// Adds what a file holds. All depths are looked at; the reader has bounded them.
    public mutating func add(_ root: BoundedJSON.Value, file: String) { walk(root, file: file, path: "") }

    private mutating func walk(_ value: BoundedJSON.Value, file: String, path: String) {
        guard findings.count < Self.longestList else { return }
        for member in value.members {
            let inner = path.isEmpty ? UntrustedName.printable(member.name) : "\(path).\(UntrustedName.printable(member.name))"
            if let reason = Self.objection(to: member) { findings.append(Finding(file: file, path: inner, reason: reason)) }
            walk(member.value, file: file, path: inner)
        }
        guard value.isArray else { return }
        for (place, element) in value.elements.enumerated() { walk(element, file: file, path: "\(path)[\(place)]") }
    }

    private static func objection(to member: BoundedJSON.Member) -> String? {
        let name = member.name.lowercased()
        let value = member.value
        if name.hasSuffix("_internal") { return "keys of this kind are set by the library, never by a file" }
        // “false” and “null” ask for nothing, and old writers left them in.
        if name == "trust_remote_code" { return value.bool == false || value.isNull ? nil : "a model may not trust itself" }
        if name == "auto_map" || name == "custom_pipelines" { return value.isNull ? nil : "it names code to load" }
        if name == "custom_ops_library" { return value.isNull ? nil : "it names a library to load" }
        // “org/kernel” is fetched from a hub; the built-in ones are plain words.
        if name.hasSuffix("attn_implementation") || name.hasSuffix("experts_implementation"), holdsPlace(value) {
            return "it names an implementation to fetch"
        }
        return nil
    }

    /// Whether a text, or one of an object's texts, has the form of a path or address.
    private static func holdsPlace(_ value: BoundedJSON.Value) -> Bool {
        let texts = [value.string] + value.members.map(\.value.string)
        return texts.contains { $0?.contains { "/:@\\".contains($0) } == true }
    }
}

extension FormatFault.Kind {
    /// A configuration that names code to fetch or run.
    public static let codeInConfig = Self(rawValue: "code_in_config")
}
