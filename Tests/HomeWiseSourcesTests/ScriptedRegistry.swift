// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
import Foundation
import HomeWiseTesting
import Synchronization

/// A registry that a test writes: manifests by name, and a way to ask for a login.
final class ScriptedRegistry: Sendable {
    typealias Reply = LoopbackServer.Reply

    let manifests = Mutex<[String: (body: [UInt8], type: String)]>([:])
    /// Answers before the registry itself does.
    let before = Mutex<(@Sendable (LoopbackServer.Request) -> Reply?)?>(nil)

    static func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @discardableResult
    func put(_ text: String, as tag: String, type: String = "application/vnd.oci.image.manifest.v1+json") -> String {
        let bytes = Array(text.utf8)
        let digest = Self.digest(bytes)
        manifests.withLock {
            $0[tag] = (bytes, type)
            $0[digest] = (bytes, type)
        }
        return digest
    }

    func reply(_ request: LoopbackServer.Request) -> Reply {
        if let reply = before.withLock({ $0 })?(request) { return reply }
        let name = request.path.components(separatedBy: "/manifests/").last ?? ""
        guard request.path.hasPrefix("/v2/org/repo/manifests/"), let found = manifests.withLock({ $0[name] }) else { return Reply(404) }
        return Reply(200, headers: [("Content-Type", found.type), ("Docker-Content-Digest", Self.digest(found.body))], body: found.body)
    }

    static let layerDigest = "sha256:" + String(repeating: "ab", count: 32)

    static func image(_ type: String = "application/vnd.ollama.image.model", size: Int = 10) -> String {
        let config = #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(layerDigest)","size":2}"#
        return #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"\#(type)","digest":"\#(layerDigest)","size":\#(size)}]}"#
    }

    static func index(_ entries: [(digest: String, platform: String?)]) -> String {
        let list = entries.map { entry in
            let parts = entry.platform?.split(separator: "/") ?? []
            let platform = parts.count == 2 ? #","platform":{"os":"\#(parts[0])","architecture":"\#(parts[1])"}"# : ""
            return #"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(entry.digest)","size":9\#(platform)}"#
        }
        return #"{"schemaVersion":2,"manifests":[\#(list.joined(separator: ","))]}"#
    }
    static let indexType = "application/vnd.oci.image.index.v1+json"
}
