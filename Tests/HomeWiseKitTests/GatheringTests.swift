// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Models of several files, from a loopback server into the store.
@Suite(.temporaryFolder) struct GatheringTests {
    static let parts = [soundModel(300_000)] + (1..<4).map { noise(300_000, seed: UInt64($0 + 1)) }

    private func server(failing broken: @escaping @Sendable (String) -> Bool = { _ in false }) async throws -> LoopbackServer {
        try await LoopbackServer.start { request in
            guard let number = Int(request.path.dropFirst()), Self.parts.indices.contains(number), !broken(request.path) else {
                return LoopbackServer.Reply(404)
            }
            return .file(Self.parts[number], for: request)
        }
    }

    private func remote(_ number: Int, at url: String, isKnown: Bool = true) throws -> RemoteFile {
        try RemoteFile(
            name: "part-\(number)", url: "\(url)/\(number)", size: Int64(Self.parts[number].count),
            digest: isKnown ? Digest(sha256: PullTests.sha256(Self.parts[number])) : nil)
    }

    private func file(_ number: Int, at url: String) throws -> Delivery.File {
        try .init(
            path: SafePath(untrusted: "part-\(number)"), role: number == 0 ? .weights : .support, parts: [.init(remote(number, at: url))])
    }

    private var world: World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        let registry =
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "2MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": 1200000, "sources": ["https://127.0.0.1:1/x"]}]}]}"#
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin"], patience: patience, registry: Data(registry.utf8))
    }

    private func install(_ delivery: Delivery) async throws -> InstalledModel {
        try await HomeWise.open(world) { house in
            let fit = try await house.choose(named: "tiny", wish: Wish(), machine: house.hardware())
            let desk = try SourceDesk(
                world: house.world, transport: house.transport, inventory: house.store.inventory, isForgiving: true, report: { _ in })
            let fetch = FileFetch(
                store: house.store, transport: house.transport, limits: world.limits, now: world.now, purpose: fit.key, report: { _ in })
            return try await Pull(fit: fit, store: house.store, sources: desk, fetch: fetch, now: { Date() }, report: { _ in })
                .install(delivery, from: .web("https://127.0.0.1:1/x"))
        }
    }

    @Test("DL-70 every file of a delivery arrives, and all become a model at once") func several() async throws {
        let server = try await server()
        let delivery = try Delivery(files: (0..<4).map { try file($0, at: server.url) }, revision: "c0ffee", owner: "org", license: "mit")
        let model = try await install(delivery)
        #expect(model.files.count == 4 && model.state == .sound && model.revision == "c0ffee" && model.owner == "org")
        #expect(FileManager.default.contents(atPath: model.folder! + "/part-3") == Data(Self.parts[3]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        let asked = server.requests.count
        _ = try await install(delivery)
        #expect(server.requests.count == asked, "what is here is asked of nobody")
        try await server.stop()
    }

    @Test("DL-70 when one file fails for ever the model is not listed, and the others are not fetched again") func oneFails() async throws {
        let isBroken = Mutex(true)
        let server = try await server { path in path == "/2" && isBroken.withLock { $0 } }
        let delivery = try Delivery(files: (0..<4).map { try file($0, at: server.url) })
        await #expect(throws: Failure.self) { try await install(delivery) }
        #expect(try ModelStore(home: world.home).everything().models.isEmpty)
        let asked = server.requests.filter { ["/0", "/1"].contains($0.path) }.count
        isBroken.withLock { $0 = false }
        let model = try await install(delivery)
        #expect(model.files.count == 4 && server.requests.filter { ["/0", "/1"].contains($0.path) }.count == asked)
        try await server.stop()
    }

    @Test func piecesOfOneFileAreJoinedInTheirOrder() async throws {
        let server = try await server()
        let whole = Self.parts[0] + Self.parts[1] + Self.parts[2]
        let file = try Delivery.File(
            path: SafePath(untrusted: "whole.gguf"), parts: (0..<3).map { .init(try remote($0, at: server.url)) },
            digest: Digest(sha256: PullTests.sha256(whole)))
        let model = try await install(Delivery(files: [file]))
        #expect(FileManager.default.contents(atPath: model.path) == Data(whole))
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        try await server.stop()
    }

    @Test("parts of one file never take its space twice, and what was fetched is not fetched again") func inPlace() async throws {
        let isBroken = Mutex(true)
        let server = try await server { path in path == "/2" && isBroken.withLock { $0 } }
        let whole = Self.parts[0] + Self.parts[1] + Self.parts[2]
        let file = try Delivery.File(
            path: SafePath(untrusted: "whole.gguf"), parts: (0..<3).map { .init(try remote($0, at: server.url)) },
            digest: Digest(sha256: PullTests.sha256(whole)))
        await #expect(throws: Failure.self) { try await install(Delivery(files: [file])) }
        let names = try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial")
        let sizes = try names.map { try FileManager.default.attributesOfItem(atPath: "\(world.home)/partial/\($0)")[.size] as? Int ?? 0 }
        #expect(sizes == [600_000], "what rests holds no more than it has: \(names)")
        let asked = server.requests.filter { ["/0", "/1"].contains($0.path) }.count
        isBroken.withLock { $0 = false }
        let model = try await install(Delivery(files: [file]))
        #expect(FileManager.default.contents(atPath: model.path) == Data(whole))
        #expect(server.requests.filter { ["/0", "/1"].contains($0.path) }.count == asked)
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        let left = try await HomeWise.open(world) { try $0.prunable() }
        #expect(left.allSatisfy { $0.kind == "lock" })
        try await server.stop()
    }

    @Test("a damaged part is fetched again alone, where it lies") func damagedPart() async throws {
        let isBroken = Mutex(true)
        let server = try await server { path in path == "/2" && isBroken.withLock { $0 } }
        let whole = Self.parts[0] + Self.parts[1] + Self.parts[2]
        let file = try Delivery.File(
            path: SafePath(untrusted: "whole.gguf"), parts: (0..<3).map { .init(try remote($0, at: server.url)) },
            digest: Digest(sha256: PullTests.sha256(whole)))
        await #expect(throws: Failure.self) { try await install(Delivery(files: [file])) }
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").first)
        let partial = try FileHandle(forUpdating: URL(filePath: "\(world.home)/partial/\(name)"))
        try partial.seek(toOffset: 450_000)
        try partial.write(contentsOf: Data([0, 1, 2, 3]))
        try partial.close()
        let asked = (server.requests.filter { $0.path == "/0" }.count, server.requests.filter { $0.path == "/1" }.count)
        isBroken.withLock { $0 = false }
        let model = try await install(Delivery(files: [file]))
        #expect(FileManager.default.contents(atPath: model.path) == Data(whole))
        #expect(server.requests.filter { $0.path == "/0" }.count == asked.0 && server.requests.filter { $0.path == "/1" }.count > asked.1)
        try await server.stop()
    }

    @Test("I1 pieces that make another file than was promised are not kept") func wrongWhole() async throws {
        let server = try await server()
        let file = try Delivery.File(
            path: SafePath(untrusted: "whole.gguf"), parts: [1, 0].map { .init(try remote($0, at: server.url)) },
            digest: Digest(sha256: PullTests.sha256(Self.parts[0] + Self.parts[1])))
        await #expect { try await install(Delivery(files: [file])) } throws: { ($0 as? Failure)?.code == .digestMismatch }
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.home + "/partial").isEmpty)
        try await server.stop()
    }

    @Test("DL-59 I7 prune at every moment of pulls takes nothing that they need", .timeLimit(.minutes(3))) func pruneDuringPull()
        async throws
    {
        let server = try await server()
        let world = world
        let shared = try Delivery(files: (0..<4).map { try file($0, at: server.url) })
        let digests = try Self.parts.map { try Digest(sha256: PullTests.sha256($0)) }
        let pruned = Mutex(0)
        let pruner = Task {
            while !Task.isCancelled {
                try await HomeWise.open(world) { house in
                    let outcome = try house.prune(house.prunable())
                    pruned.withLock { $0 += outcome.removed.count }
                }
                await Task.yield()
            }
        }
        for _ in 0..<12 {
            let model = try await install(shared)
            #expect(model.state == .sound)
            #expect(try StoreInvariants(home: world.home, complete: [model.key: digests]).violations() == [])
            try await HomeWise.open(world) { house in
                _ = try house.remove(house.removal(of: ["tiny"], isKeepingFiles: true), isKeepingFiles: true)
            }
        }
        pruner.cancel()
        do { try await pruner.value } catch is CancellationError {}
        #expect(pruned.withLock { $0 } > 0)
        try await server.stop()
    }
}
