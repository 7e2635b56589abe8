// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// Sources against real servers, and a loopback hub that the official client has to accept first.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(10))) struct SourcePeerTests {
    static let weights = soundModel(3_000_000, seed: 7)
    static let config = Array(#"{"architectures":["Tiny"]}"#.utf8)

    private func world(_ environment: [String: String] = [:]) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        let registry = Data(#"{"models": []}"#.utf8)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["HF_ENDPOINT": "http://127.0.0.1:1", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path].merging(environment) {
                $1
            },
            patience: patience, registry: registry)
    }

    private func pull(_ source: String, _ world: World) async throws -> Installed {
        try await HomeWise.open(world) { house in
            let name = try await house.name(of: source) { _ in }
            return try await house.obtain(name) { _ in }.installed
        }
    }

    private func resolve(_ source: String, _ world: World) async throws -> Delivery {
        try await HomeWise.open(world) { house in
            let desk = try SourceDesk(world: world, transport: house.transport, inventory: house.store.inventory, isForgiving: true) { _ in
            }
            return try await desk.resolve(SourceReference(parsing: source), named: source, wish: SourceWish())
        }
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    private func write() throws -> String {
        let folder = TemporaryFolder.path + "/files"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.weights).write(to: URL(filePath: folder + "/tiny-Q4_0.gguf"))
        try Data(Self.config).write(to: URL(filePath: folder + "/config.json"))
        return folder
    }

    @Test("a real registry serves what oras pushed to it") func registry() async throws {
        let folder = try write()
        try await RealRegistry.run(asksForLogin: false) { registry in
            try registry.push(["tiny-Q4_0.gguf:application/x-gguf", "config.json:application/json"], as: "org/tiny:v1", from: folder)
            let source = "oci:\(registry.host)/org/tiny:v1"
            let delivery = try await resolve(source, world())
            #expect(
                delivery.files.map(\.path.value) == ["tiny-Q4_0.gguf", "config.json"] && delivery.files.map(\.role) == [.weights, .support])
            #expect(delivery.files.map(\.digest?.hex) == [PullTests.sha256(Self.weights), PullTests.sha256(Self.config)])
            let installed = try await pull(source, world())
            #expect(
                installed.digest.hex == PullTests.sha256(Self.weights) && installed.name == "tiny-v1" && installed.quantization == "q4_0")
            #expect(try Data(contentsOf: URL(filePath: installed.path)) == Data(Self.weights))
            #expect(installed.source.hasSuffix("@\(delivery.revision ?? "none")"), "pinned to the manifest: \(installed.source)")
            // What it is pinned to can be had again, and what was never pushed cannot.
            #expect(try await resolve(installed.source, world()) == delivery)
            #expect(await failure { _ = try await resolve("oci:\(registry.host)/org/tiny:v2", world()) }?.code == .notAtSource)
            #expect(await failure { _ = try await resolve("oci:\(registry.host)/org/none:v1", world()) }?.code == .notAtSource)
            // Ollama's own form of the same registry.
            #expect(try await resolve("ollama:\(registry.host)/org/tiny:v1", world()).files.count == 2)
        }
    }

    @Test("a real registry serves a model that is laid out as Ollama's are") func ollama() async throws {
        let folder = try write()
        try await RealRegistry.run(asksForLogin: false) { registry in
            try registry.pushOllama(folder + "/tiny-Q4_0.gguf", as: "library/smollm", tag: "135m")
            let world = world(["HOMEWISE_OLLAMA_REGISTRY": registry.host])
            let delivery = try await resolve("ollama:smollm:135m", world)
            #expect(delivery.files.map(\.path.value) == ["model.gguf", "template.txt", "LICENSE", "params.json"])
            let installed = try await pull("ollama:smollm:135m", world)
            #expect(installed.name == "smollm-135m" && installed.digest.hex == PullTests.sha256(Self.weights))
            #expect(try await pull("https://ollama.com/library/smollm:135m", world) == installed)
            #expect(await failure { _ = try await pull("ollama:smollm:70b", world) }?.code == .notAtSource)
        }
    }

    @Test("a real registry with htpasswd serves those that docker login knows") func registryWithLogin() async throws {
        let folder = try write()
        try await RealRegistry.run(asksForLogin: true) { registry in
            let login = TemporaryFolder.path + "/docker"
            try FileManager.default.createDirectory(atPath: login, withIntermediateDirectories: true)
            try registry.push(["tiny-Q4_0.gguf"], as: "org/tiny:v1", from: folder, login: login)
            let config = "\(login)/config.json"
            #expect(FileManager.default.fileExists(atPath: config), "oras keeps the login where docker does")
            let source = "oci:\(registry.host)/org/tiny:v1"
            let refused = await failure { _ = try await pull(source, world()) }
            #expect(refused?.code == .sourceRefused && refused?.remedy.contains("docker login \(registry.host)") == true)
            let installed = try await pull(source, world(["DOCKER_CONFIG": login]))
            #expect(installed.digest.hex == PullTests.sha256(Self.weights))
            // A wrong password is refused in the same words, and is in none of them.
            let wrong = #"{"auths":{"\#(registry.host)":{"auth":"\#(Data("ada:wr0ng".utf8).base64EncodedString())"}}}"#
            try Data(wrong.utf8).write(to: URL(filePath: config))
            let failed = await failure { _ = try await resolve(source, world(["DOCKER_CONFIG": login])) }
            #expect(failed?.code == .sourceRefused && !"\(failed.debugDescription)".contains("wr0ng"))
        }
    }

    @Test("the official client downloads from the loopback hub, and then ours does") func hub() async throws {
        let hub = try await LoopbackHub.start([
            "tiny-Q4_K_M.gguf": Self.weights, "tiny-Q8_0.gguf": soundModel(4_000_000, seed: 9), "config.json": Self.config,
            "README.md": Array("# Tiny".utf8),
        ])
        let peers = try Peers.folder()
        let target = TemporaryFolder.path + "/theirs"
        let environment = [
            "HF_ENDPOINT": hub.server.url, "HF_HOME": TemporaryFolder.path + "/hf", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_TOKEN": "",
        ]
        let theirs = try Peers.run(peers + "/python/bin/hf", ["download", "org/tiny", "--local-dir", target], environment)
        try #require(theirs.status == 0, "\(theirs.text)")
        #expect(try Data(contentsOf: URL(filePath: target + "/tiny-Q4_K_M.gguf")) == Data(Self.weights))
        #expect(try Data(contentsOf: URL(filePath: target + "/config.json")) == Data(Self.config))

        let ours = world(["HF_ENDPOINT": hub.server.url])
        let installed = try await pull("hf:org/tiny:q4_k_m", ours)
        #expect(try Data(contentsOf: URL(filePath: installed.path)) == Data(contentsOf: URL(filePath: target + "/tiny-Q4_K_M.gguf")))
        #expect(installed.source == "hf:org/tiny:q4_k_m@\(LoopbackHub.commit)" && installed.quantization == "q4_k_m")
        let small = try await resolve("hf:org/tiny/config.json", ours).parts[0].file
        #expect(small.digest == nil && small.gitBlob?.count == 40)
        // A wrong file, revision and repository, for them and for us.
        for arguments in [["org/none"], ["org/tiny", "--revision", "none"], ["org/tiny", "none.gguf"]] {
            #expect(try Peers.run(peers + "/python/bin/hf", ["download"] + arguments, environment).status != 0)
        }
        for source in ["hf:org/none", "hf:org/tiny@none", "hf:org/tiny/none.gguf", "hf:org/tiny:q5_0"] {
            #expect(await failure { _ = try await resolve(source, ours) }?.code == .notAtSource, "\(source)")
        }
        try await hub.stop()
    }

    @Test("ModelScope's official client downloads from a loopback server, and then ours does") func modelScope() async throws {
        let (name, digest) = ("tiny-Q4_0.gguf", PullTests.sha256(Self.weights))
        let server = try await LoopbackServer.start { request in
            if request.path.hasPrefix("/api/v1/models/org/tiny/repo/files?") {
                return .json(
                    #"{"Code":200,"Success":true,"Message":"success","Data":{"Files":[{"Name":"\#(name)","Path":"\#(name)","Type":"blob","Size":\#(Self.weights.count),"Sha256":"\#(digest)","Revision":"abc"}]}}"#
                )
            }
            let isFile =
                request.path == "/models/org/tiny/resolve/master/\(name)"
                || request.path == "/api/v1/models/org/tiny/repo?Revision=master&FilePath=\(name)"
            return isFile ? .file(Self.weights, for: request) : LoopbackServer.Reply(404)
        }
        let peers = try Peers.folder()
        let target = TemporaryFolder.path + "/theirs"
        let environment = [
            "MODELSCOPE_ENDPOINT": server.url, "MODELSCOPE_CACHE": TemporaryFolder.path + "/ms", "HOME": TemporaryFolder.path,
        ]
        let theirs = try Peers.run(peers + "/python/bin/modelscope", ["download", "org/tiny", "--local-dir", target], environment)
        try #require(theirs.status == 0, "\(theirs.text)")
        #expect(try Data(contentsOf: URL(filePath: "\(target)/\(name)")) == Data(Self.weights))
        let installed = try await pull("modelscope:org/tiny:q4_0", world(["MODELSCOPE_ENDPOINT": server.url]))
        #expect(installed.digest.hex == digest)
        try await server.stop()
    }

    @Test("a gated repository refuses both without a token, and serves both with one") func gated() async throws {
        let hub = try await LoopbackHub.start(["tiny-Q4_K_M.gguf": Self.weights])
        let peers = try Peers.folder()
        let environment = ["HF_ENDPOINT": hub.server.url, "HF_HOME": TemporaryFolder.path + "/hf", "HF_HUB_DISABLE_TELEMETRY": "1"]
        let hf = { (token: String) in
            try Peers.run(
                peers + "/python/bin/hf", ["download", "org/gated", "--local-dir", TemporaryFolder.path + "/theirs"],
                environment.merging(["HF_TOKEN": token]) { $1 })
        }
        #expect(try hf("").status != 0)
        let refused = await failure { _ = try await pull("hf:org/gated", world(["HF_ENDPOINT": hub.server.url])) }
        #expect(refused?.detail["reason"] == "GatedRepo" && refused?.remedy.contains("HF_TOKEN") == true)
        #expect(try hf(LoopbackHub.token).status == 0)
        let installed = try await pull("hf:org/gated", world(["HF_ENDPOINT": hub.server.url, "HF_TOKEN": LoopbackHub.token]))
        #expect(installed.digest.hex == PullTests.sha256(Self.weights))
        #expect(hub.storage.requests.allSatisfy { $0.header("Authorization") == nil }, "the storage sees no token")
        try await hub.stop()
    }
}
