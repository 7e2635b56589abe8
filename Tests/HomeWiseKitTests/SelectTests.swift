// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Models that no registry names, and several sources of one.
@Suite(.temporaryFolder) struct SelectTests {
    typealias Reply = LoopbackServer.Reply

    static let weights = soundModel(500_000, seed: 3)

    private func world(_ environment: [String: String] = [:], registry: String = #"{"models": []}"#) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["HF_ENDPOINT": "http://127.0.0.1:1", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path].merging(environment) {
                $1
            },
            patience: patience, registry: Data(registry.utf8))
    }

    private func pull(_ typed: String, _ world: World) async throws -> Installed {
        try await HomeWise.open(world) { house in
            let name = try await house.name(of: typed) { _ in }
            return try await house.obtain(name) { _ in }.installed
        }
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    @Test func aRepositoryIsPulledByItsAddressAndThenHasAName() async throws {
        let hub = try await LoopbackHub.start(["Tiny-Q4_K_M.gguf": Self.weights, "Tiny-Q8_0.gguf": soundModel(600_000, seed: 4)])
        let world = world(["HF_ENDPOINT": hub.server.url])
        let first = try await pull("hf:org/tiny", world)
        #expect(first.name == "tiny" && first.quantization == "q4_k_m" && first.source.hasSuffix("@\(LoopbackHub.commit)"))
        let second = try await pull("https://huggingface.co/org/tiny/resolve/main/Tiny-Q8_0.gguf", world)
        #expect(second.name == "tiny" && second.quantization == "q8_0", "two quantisations are one model")
        try await hub.stop()
        // The hub is away: what is here is found all the same, by address and by name.
        #expect(try await pull("hf:org/tiny", world) == first)
        #expect(try await pull("tiny:q8_0", world) == second)
        let listed = try await HomeWise.open(world) { try $0.registry.model(named: "tiny").model }
        #expect(listed.variants?.count == 2 && listed.license == "apache-2.0")
        #expect(await failure { _ = try await pull("hf:org/tiny:q2_k", world) }?.code == .noNetwork)
    }

    @Test func aPlainAddressIsPulledWithTheChecksumBesideIt() async throws {
        let digest = PullTests.sha256(Self.weights)
        let server = try await LoopbackServer.start { request in
            switch request.path {
            case "/m-Q8_0.gguf": .file(Self.weights, for: request)
            case "/SHA256SUMS": Reply(200, body: Array("\(digest)  m-Q8_0.gguf\n".utf8))
            default: Reply(404)
            }
        }
        let installed = try await pull("\(server.url)/m-Q8_0.gguf", world())
        #expect(installed.name == "m-q8_0" && installed.digest.hex == digest && installed.quantization == "q8_0")
        try await server.stop()
    }

    @Test("A2 a wrong checksum beside a file keeps it out") func wrongChecksum() async throws {
        let server = try await LoopbackServer.start { request in
            switch request.path {
            case "/m.gguf": .file(Self.weights, for: request)
            case "/m.gguf.sha256": Reply(200, body: Array(String(repeating: "0", count: 64).utf8))
            default: Reply(404)
            }
        }
        #expect(await failure { _ = try await pull("\(server.url)/m.gguf", world()) }?.code == .digestMismatch)
        try await server.stop()
    }

    @Test func aNameThatARegistryHasIsNotTakenOver() async throws {
        let hub = try await LoopbackHub.start(["Tiny-Q4_K_M.gguf": Self.weights])
        let registry = #"{"models": [{"name": "Tiny", "type": "gguf", "size": "1GB", "tier": "compact"}]}"#
        let installed = try await pull("hf:org/tiny", world(["HF_ENDPOINT": hub.server.url], registry: registry))
        #expect(installed.name == "org-tiny")
        try await hub.stop()
    }

    @Test func whatIsNoSourceSaysWhatItMayBe() async throws {
        let hint = await failure { _ = try await pull("Qwen/Qwen3-8B-GGUF", world()) }
        #expect(
            hint?.code == .unknownModel && hint?.remedy.contains("hf:Qwen/Qwen3-8B-GGUF") == true && hint?.remedy.contains("./Qwen") == true
        )
        #expect(await failure { _ = try await pull("smoll", world()) }?.code == .unknownModel)
        #expect(await failure { _ = try await pull("hf:org", world()) }?.code == .badInput)
        #expect(await failure { _ = try await pull("./nothing.gguf", world()) }?.code == .notAtSource)
    }

    // MARK: Several sources

    private func resolveAll(_ sources: [String], sha256: String?, _ world: World, projector: [String]? = nil) async throws -> (
        SourceDesk.Resolved, [Event]
    ) {
        let events = Mutex<[Event]>([])
        let list = { (sources: [String]) in sources.map { "\"\($0)\"" }.joined(separator: ",") }
        let digest = sha256.map { #""sha256": "\#($0)","# } ?? ""
        let eye = projector.map { #""projector": {"size": 5, "sources": [\#(list($0))]},"# } ?? ""
        let json =
            #"{"models": [{"name": "m", "type": "gguf", "size": "1MB", "tier": "compact", "variants": [{"quantization": "Q4_K_M", "size": 5, \#(digest) \#(eye) "sources": [\#(list(sources))]}]}]}"#
        let model = try ModelRegistry(json: Data(json.utf8), name: "test").models[0]
        let resolved = try await HomeWise.open(world) { house in
            let desk = try SourceDesk(world: world, transport: house.transport, inventory: house.store.inventory, isForgiving: true) {
                event in
                events.withLock { $0.append(event) }
            }
            return try await desk.resolveAll(try #require(model.variants?.first), of: model)
        }
        return (resolved, events.withLock { $0 })
    }

    @Test("DL-73 sources that agree become addresses in their order, one that contradicts is left out and named") func merging()
        async throws
    {
        let hub = try await LoopbackHub.start(["Tiny-Q4_K_M.gguf": Self.weights, "mmproj-F16.gguf": noise(2000)])
        let server = try await LoopbackServer.start { request in
            request.path.hasSuffix("sha256") || request.path.contains("SHA256")
                ? Reply(404)
                : .file(
                    request.path == "/old.gguf" ? noise(500_000, seed: 99) : request.path == "/short.gguf" ? [1, 2] : Self.weights,
                    for: request)
        }
        let digest = PullTests.sha256(Self.weights)
        let wrong = "\(server.url)/old.gguf#sha256=\(String(repeating: "1", count: 64))"
        let sources = [
            "hf:org/tiny/Tiny-Q4_K_M.gguf@main", wrong, "\(server.url)/short.gguf", "http://127.0.0.1:1/m.gguf", "\(server.url)/m.gguf",
        ]
        let (resolved, events) = try await resolveAll(
            sources, sha256: digest, world(["HF_ENDPOINT": hub.server.url]), projector: ["hf:org/tiny/mmproj-F16.gguf@main"])
        let file = resolved.delivery.files[0].parts[0].file
        #expect(
            file.addresses.map(\.source) == ["hub", "web"] && file.addresses[1].url == "\(server.url)/m.gguf" && file.digest?.hex == digest)
        #expect(resolved.leftOut.map(\.failure.code) == [.digestMismatch, .sizeMismatch, .noNetwork])
        #expect(resolved.delivery.files.map(\.role) == [.weights, .projector])
        let told = events.filter { if case .sourceFailed = $0 { true } else { false } }
        #expect(told.count == 3)
        try await hub.stop()
        try await server.stop()
    }

    @Test("I1 where the first source has other bytes than the registry means, the next decides") func firstIsWrong() async throws {
        let hub = try await LoopbackHub.start(["Tiny-Q4_K_M.gguf": noise(5000, seed: 5)])
        let server = try await LoopbackServer.start { .file(Self.weights, for: $0) }
        let (resolved, _) = try await resolveAll(
            ["hf:org/tiny@main", "\(server.url)/m.gguf"], sha256: PullTests.sha256(Self.weights), world(["HF_ENDPOINT": hub.server.url]))
        #expect(resolved.source.kind == "web" && resolved.leftOut.map(\.failure.code) == [.digestMismatch])
        try await hub.stop()
        try await server.stop()
    }
}

@Suite(.temporaryFolder) struct SourceSettingsTests {
    @Test("E1 the hub's token is the hub's alone") func tokens() throws {
        let folder = TemporaryFolder.path
        try FileManager.default.createDirectory(atPath: folder + "/.cache/huggingface", withIntermediateDirectories: true)
        try Data(" hf_file \n".utf8).write(to: URL(filePath: folder + "/.cache/huggingface/token"))
        let kept = try SourceSettings(environment: ["HOME": folder, "HOMEWISE_HF_MIRRORS": "https://a.example/, https://b.example"]).hubs()
        #expect(kept.map(\.url) == ["https://huggingface.co", "https://a.example", "https://b.example"])
        #expect(kept.map(\.token) == ["hf_file", nil, nil])
        let given = try SourceSettings(environment: ["HOME": folder, "HF_TOKEN": "hf_env", "HF_ENDPOINT": "http://hub.example:80/"]).hubs()
        #expect(given.map(\.url) == ["http://hub.example:80"] && given[0].token == "hf_env")
        #expect(try SourceSettings(environment: [:]).hubs()[0].token == nil)
        #expect(throws: Failure.self) { try SourceSettings(environment: ["HF_TOKEN": "a\r\nHost: evil"]).hubs() }
    }

    @Test func otherPlaces() throws {
        #expect(SourceSettings(environment: ["MODELSCOPE_DOMAIN": "modelscope.ai"]).modelScope == "https://modelscope.ai")
        #expect(SourceSettings(environment: ["MODELSCOPE_ENDPOINT": "http://127.0.0.1:9"]).modelScope == "http://127.0.0.1:9")
        #expect(SourceSettings(environment: [:]).ollamaRegistry == "registry.ollama.ai")
        _ = try SourceSettings(environment: ["HOME": TemporaryFolder.path]).registryCredentials()
    }
}
