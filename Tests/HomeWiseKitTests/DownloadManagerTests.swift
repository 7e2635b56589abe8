// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Several models through one queue, from a server on loopback.
@Suite(.temporaryFolder, .timeLimit(.minutes(3))) struct DownloadManagerTests {
    typealias Reply = LoopbackServer.Reply
    static let names = ["a", "b", "c", "d"]
    static let small = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, soundModel(100_000, seed: UInt64($0 + 1))) })
    static let large = soundModel(26 << 20, seed: 9)
    private static let piece = PieceGrid.standardPiece

    private func world(_ url: String, limit: Int = 1) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        let entries = (Self.names + ["large", "missing"]).map { name in
            let bytes = name == "large" ? Self.large : Self.small[name] ?? []
            return
                #"{"name": "\#(name)", "type": "gguf", "size": "1MB", "tier": "compact", "aliases": ["alias-\#(name)"], "variants": [{"quantization": "Q4", "size": \#(max(1, bytes.count)), "sha256": "\#(PullTests.sha256(bytes))", "sources": ["\#(url)/\#(name).gguf"]}]}"#
        }
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/usr/bin:/bin"], patience: patience,
            registry: Data(#"{"models": [\#(entries.joined(separator: ","))]}"#.utf8))
    }

    /// Serves what there is; the large one only in its first two pieces until it is told to go on.
    private func server(isOpen: @escaping @Sendable () -> Bool = { true }) async throws -> LoopbackServer {
        try await LoopbackServer.start { request in
            let name = String(request.path.dropFirst().prefix { $0 != "." })
            if name == "large" {
                let start = request.header("Range").flatMap { Int64($0.dropFirst(6).prefix { $0 != "-" }) } ?? 0
                return .file(Self.large, for: request, end: isOpen() || start < 2 * Self.piece ? .complete : .stall(after: 1 << 20))
            }
            return Self.small[name].map { .file($0, for: request) } ?? Reply(404)
        }
    }

    /// How often each model's bytes were asked for, in the order of the first time.
    private func fetched(_ server: LoopbackServer) -> [String] {
        server.requests.filter { $0.method == "GET" && $0.path.hasSuffix(".gguf") }.map(\.path).reduce(into: []) { list, path in
            let name = String(path.dropFirst().dropLast(5))
            if list.last != name { list.append(name) }
        }
    }

    private func starts(_ server: LoopbackServer) -> [Int64] {
        server.requests.filter { $0.path == "/large.gguf" && $0.method == "GET" }.compactMap { request in
            // The question for the size is one for a single byte.
            request.header("Range").flatMap { $0 == "bytes=0-0" ? nil : Int64($0.dropFirst(6).prefix { $0 != "-" }) }
        }
    }

    private func received(_ house: HomeWise) throws -> Int64 {
        try house.listing().first { $0.state == .unfinished }?.received?.bytes ?? 0
    }

    private func waitForPieces(_ house: HomeWise) async throws {
        let areHere = try await eventually(within: .seconds(30)) { try received(house) >= 2 * Self.piece }
        #expect(areHere)
    }

    @Test("one at a time, the urgent ones first, each in five steps") func order() async throws {
        let server = try await server()
        try await HomeWise.open(world(server.url)) { house in
            let installed = try await house.withDownloads { manager in
                var ids: [DownloadJob.ID] = []
                for (name, priority) in [("a", 0), ("b", 0), ("c", 5), ("d", 5)] {
                    await ids.append(manager.start(name, priority: priority))
                }
                await manager.move(ids[3], to: 0)
                let events = await manager.events(of: ids[1])
                var all: [Installed] = []
                for id in ids { try await all.append(manager.outcome(of: id)) }
                var phases: [DownloadPhase] = []
                for await case .phase(_, let phase) in events { phases.append(phase) }
                #expect(phases == DownloadPhase.allCases)
                #expect(await manager.jobs.allSatisfy { $0.state == .done })
                return all
            }
            #expect(installed.map(\.name) == Self.names)
        }
        #expect(fetched(server) == ["a", "d", "c", "b"])
        try await server.stop()
    }

    @Test("I9 a job that fails stops no other, and says why") func failing() async throws {
        let server = try await server()
        try await HomeWise.open(world(server.url)) { house in
            try await house.withDownloads { manager in
                let bad = await manager.start("missing")
                let unknown = await manager.start("no-such-model")
                let good = try await manager.download("a")
                #expect(good.name == "a")
                await #expect { try await manager.outcome(of: bad) } throws: { ($0 as? Failure)?.code == .notAtSource }
                await #expect { try await manager.outcome(of: unknown) } throws: { ($0 as? Failure)?.code == .unknownModel }
                let states = await manager.jobs.map(\.state.word)
                #expect(states == ["failed", "failed", "done"])
            }
        }
        try await server.stop()
    }

    @Test("a second request for a model joins the first, whatever name it uses") func joining() async throws {
        let server = try await server()
        try await HomeWise.open(world(server.url)) { house in
            try await house.withDownloads(limit: 3) { manager in
                async let one = manager.download("a")
                async let two = manager.download("alias-a")
                let (first, second) = try await (one, two)
                #expect(first == second)
                #expect(await manager.jobs.count <= 2)
                #expect(server.requests.filter { $0.path == "/a.gguf" && $0.header("Range") != nil }.count <= 2)
            }
        }
        try await server.stop()
    }

    @Test("paused in mid-transfer, a job goes on later and fetches nothing twice") func pausing() async throws {
        let isOpen = Mutex(false)
        let server = try await server { isOpen.withLock { $0 } }
        try await HomeWise.open(world(server.url)) { house in
            try await house.withDownloads { manager in
                let id = await manager.start("large")
                try await waitForPieces(house)
                #expect(await manager.jobs.first?.state == .running(.transfer))
                await manager.pause(id)
                #expect(await manager.jobs.first?.state == .paused)
                // Its place is free as soon as its pieces are put away.
                #expect(try await manager.download("a").name == "a")
                #expect(try received(house) >= 2 * Self.piece && !fetched(server).isEmpty)
                isOpen.withLock { $0 = true }
                await manager.resume(id)
                let installed = try await manager.outcome(of: id)
                #expect(installed.digest.hex == PullTests.sha256(Self.large))
            }
        }
        let begun = starts(server)
        #expect(begun.filter { $0 == 0 }.count == 1 && begun.filter { $0 == Self.piece }.count == 1, "\(begun)")
        try await server.stop()
    }

    @Test("cancelled, a job keeps its pieces for a later one; whoever waited alone and left cancels it") func cancelling() async throws {
        let isOpen = Mutex(false)
        let server = try await server { isOpen.withLock { $0 } }
        try await HomeWise.open(world(server.url)) { house in
            try await house.withDownloads { manager in
                let waiting = Task { try await manager.download("large") }
                try await waitForPieces(house)
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
                #expect(await manager.jobs.map(\.state) == [.cancelled])
                #expect(try received(house) >= 2 * Self.piece)
                isOpen.withLock { $0 = true }
                #expect(try await manager.download("large").name == "large")
            }
        }
        #expect(starts(server).filter { $0 == 0 }.count == 1)
        try await server.stop()
    }

    @Test("at the end of its scope nothing of it runs, and the pieces are kept") func closing() async throws {
        let server = try await server { false }
        try await HomeWise.open(world(server.url)) { house in
            try await house.withDownloads(limit: 2) { manager in
                await manager.start("large")
                try await waitForPieces(house)
            }
            let listed = try #require(try house.listing().first)
            #expect(listed.state == .unfinished && listed.isUnderWay == false && listed.received?.bytes ?? 0 >= 2 * Self.piece)
        }
        try await server.stop()
    }
}
