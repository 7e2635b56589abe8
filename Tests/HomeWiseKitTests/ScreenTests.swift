// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// Nothing that our parsers refuse stands under a name, however right its checksum is.
@Suite(.temporaryFolder) struct ScreenTests {
    private func world(_ url: String, _ bytes: [UInt8]) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "1MB", "tier": "compact", "variants": [{"quantization": "Q4", "size": \#(bytes.count), "sha256": "\#(PullTests.sha256(bytes))", "sources": ["\#(url)/a.gguf", "\#(url)/b.gguf"]}]}]}"#
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin"], patience: patience, registry: Data(registry.utf8))
    }

    @Test("A5 B1 what is no model is fetched, refused and not kept, and no other source of the same bytes is asked", arguments: [0, 1, 2])
    func refused(_ kind: Int) async throws {
        let bytes = [
            noise(300_000), Array(String(repeating: "please log in ", count: 9000).utf8), Array("GGUF".utf8) + noise(300_000),
        ][kind]
        let server = try await LoopbackServer.start { request in
            request.path.hasSuffix(".gguf") ? .file(bytes, for: request) : LoopbackServer.Reply(404)
        }
        let world = world(server.url, bytes)
        for _ in 0..<2 {
            await #expect {
                try await HomeWise.open(world) { _ = try await $0.obtain("tiny") { _ in } }
            } throws: { ($0 as? Failure)?.code == .malformedModel }
            #expect(try ModelStore(home: world.home).everything().models.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        }
        try await server.stop()
    }

    @Test("a sound file that an ended run left in its place is looked at too before it is taken") func orphan() async throws {
        let bytes = noise(300_000)
        let world = world("http://127.0.0.1:1", bytes)
        let store = try ModelStore(home: world.home)
        let digest = try Digest(sha256: PullTests.sha256(bytes))
        let place = store.layout.blob(digest)
        try FileManager.default.createDirectory(
            at: URL(filePath: place).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: place))
        await #expect {
            try await HomeWise.open(world) { _ = try await $0.obtain("tiny") { _ in } }
        } throws: { ($0 as? Failure)?.code == .malformedModel }
        #expect(try ModelStore(home: world.home).everything().models.isEmpty)
    }
}
