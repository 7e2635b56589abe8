// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources

/// What a person's environment says of sources. Every secret is bound to the place that it is for.
///
/// - `HF_ENDPOINT` (URL, default the Hugging Face hub): the hub to ask; the token goes there.
/// - `HF_TOKEN`, or the file that `HF_TOKEN_PATH`, `HF_HOME` or the hub's own tools name: the token.
/// - `HOMEWISE_HF_MIRRORS` (URLs, separated by commas): further places of the same repositories; none of them gets the token.
/// - `HOMEWISE_OLLAMA_REGISTRY` (host, default `registry.ollama.ai`): where names without a host are looked up.
/// - `MODELSCOPE_ENDPOINT` (URL) or `MODELSCOPE_DOMAIN` (host), default `www.modelscope.cn`; `MODELSCOPE_API_TOKEN`.
/// - `DOCKER_CONFIG` (folder, default `~/.docker`): logins for registries.
struct SourceSettings: Sendable {
    let environment: [String: String]

    /// The hub first, then its mirrors.
    func hubs() throws -> [HubSource.Endpoint] {
        let first = HubSource.Endpoint(url: value("HF_ENDPOINT") ?? "https://huggingface.co", token: try hubToken())
        let mirrors = (value("HOMEWISE_HF_MIRRORS") ?? "").split { ", \n\t".contains($0) }.map(String.init)
        return [first] + mirrors.map { HubSource.Endpoint(url: $0, token: nil, name: "mirror \(URL(string: $0)?.host ?? $0)") }
    }

    private func hubToken() throws -> String? {
        for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            if let token = value(name) { return try Self.plain(token, from: name) }
        }
        let cache = value("XDG_CACHE_HOME") ?? value("HOME").map { $0 + "/.cache" }
        let folder = value("HF_HOME") ?? cache.map { $0 + "/huggingface" }
        guard let path = value("HF_TOKEN_PATH") ?? folder.map({ $0 + "/token" }), let data = try Self.read(path) else { return nil }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return token.isEmpty ? nil : try Self.plain(token, from: path)
    }

    /// A line break in a header would begin another one.
    private static func plain(_ token: String, from place: String) throws -> String {
        let token = token.trimmingCharacters(in: .whitespacesAndNewlines)
        guard token.utf8.count <= 4096, token.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else {
            throw Failure.badInput("\(place) holds no token.", remedy: "A token is one word, such as hf_… ; unset it, or set it anew.")
        }
        return token
    }

    var modelScope: String {
        value("MODELSCOPE_ENDPOINT") ?? "https://\(value("MODELSCOPE_DOMAIN") ?? "www.modelscope.cn")"
    }

    var modelScopeToken: String? { value("MODELSCOPE_API_TOKEN")?.trimmingCharacters(in: .whitespacesAndNewlines) }

    var ollamaRegistry: String { value("HOMEWISE_OLLAMA_REGISTRY") ?? OllamaName.home }

    func registryCredentials() throws -> RegistryCredentials {
        guard let folder = value("DOCKER_CONFIG") ?? value("HOME").map({ $0 + "/.docker" }) else { return .none }
        let path = folder + "/config.json"
        guard let data = try Self.read(path) else { return .none }
        return try RegistryCredentials(dockerConfig: data, path: path)
    }

    private func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// - Returns: `nil` where there is no such file.
    /// - Throws: `Failure.unreadable` where there is one that cannot be read.
    private static func read(_ path: String) throws -> Data? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do { return try Data(contentsOf: URL(filePath: path)) } catch {
            throw Failure.unreadable(path: path, reason: error.localizedDescription)
        }
    }
}
