// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Whether models are what their sources have now, and what happens when they are not, against a hub on loopback.
@Suite(.temporaryFolder) struct UpdateTests {
    static let first = soundModel(200_000, seed: 1, template: "{{ old }}\nsame")
    static let second = soundModel(210_000, seed: 2, template: "{{ new }}\nsame")
    private static let quiet: Report = { _ in }

    private func world(_ hub: MovingHub, registry: String = #"{"models": []}"#, path: String = "/usr/bin:/bin") -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        patience.attempts = 2
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["HF_ENDPOINT": hub.url, "PATH": path, "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(registry.utf8))
    }

    private func entry(_ bytes: [UInt8], source: String = "hf:org/tiny@main") -> String {
        #"{"models": [{"name": "tiny", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [{"quantization": "Q8_0", "size": \#(bytes.count), "sha256": "\#(PullTests.sha256(bytes))", "sources": ["\#(source)"]}]}]}"#
    }

    /// A house in which the first version was pulled by its address.
    private func pulled(_ hub: MovingHub, path: String = "/usr/bin:/bin", body: @escaping @Sendable (HomeWise) async throws -> Void)
        async throws
    {
        try await HomeWise.open(world(hub, path: path)) { house in
            let name = try await house.name(of: "hf:org/tiny", report: Self.quiet)
            _ = try await house.obtain(name, report: Self.quiet)
            try await body(house)
        }
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
    }

    private func check(_ house: HomeWise, _ accepted: Set<UpdateDecision.Change> = []) async throws -> UpdateCheck {
        try #require(await house.checkUpdates(["tiny"], accepting: accepted, report: Self.quiet).first)
    }

    private func here(_ house: HomeWise) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: #require(house.installed().first).path)))
    }

    @Test("B14 a newer version is told with its changed template, comes in beside the old one, and can be gone back from")
    func applied() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            #expect(try await check(house).state == .upToDate)
            hub.push("2", Self.second)
            let fetches = hub.fetches
            let found = try await check(house)
            #expect(found.state == .newer && found.revision == MovingHub.commit("1") && found.offered == MovingHub.commit("2"))
            #expect(found.toFetch == ByteCount(210_000) && found.template?.lines == ["- {{ old }}", "+ {{ new }}"])
            #expect(try here(house) == Self.first && hub.fetches == fetches + 1, "only the header was read")
            let done = try await house.apply(found, report: Self.quiet)
            #expect(done.state == .updated && done.revision == MovingHub.commit("2"))
            #expect(try here(house) == Self.second)
            #expect(try house.store.olderVersions(name: "tiny", tag: "q8_0").map(\.isWhole) == [true])
            #expect(try await check(house).state == .upToDate)
            // By its address it is found too, and nobody is asked.
            let asked = hub.requests.count
            #expect(try await house.name(of: "hf:org/tiny", report: Self.quiet) == "tiny:q8_0" && hub.requests.count == asked)
            // Back, and it stays so: neither a run nor an update brings the newer one unasked.
            _ = try house.rollBack("tiny")
            #expect(try here(house) == Self.first)
            #expect(try await house.obtain("tiny", report: Self.quiet).installed.digest.hex == PullTests.sha256(Self.first))
            #expect(try await check(house).holds.map(\.change) == [.rollback])
            let again = try await house.apply(check(house, [.rollback]), report: Self.quiet)
            #expect(again.state == .updated)
            #expect(try here(house) == Self.second)
        }
        try await hub.stop()
    }

    @Test("C7 another owner, licence or history is held, the old version stays, and a person may accept it") func held() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            hub.push("2", Self.second)
            hub.state.withLock { state in
                (state.name, state.license) = ("other/tiny", "gpl")
                state.commits.removeFirst()
            }
            let found = try await check(house)
            #expect(found.state == .held && found.holds.map(\.change) == [.history, .owner, .license])
            #expect(try await house.apply(found, report: Self.quiet).state == .held)
            #expect(try here(house) == Self.first)
            #expect(try await check(house, [.history, .license]).holds.map(\.change) == [.owner])
            let done = try await house.apply(check(house, [.history, .license, .owner]), report: Self.quiet)
            #expect(done.state == .updated)
            #expect(try here(house) == Self.second)
            #expect(try await check(house).state == .upToDate)
        }
        try await hub.stop()
    }

    @Test func aLabelThatIsAcceptedIsTakenOverWithoutAByte() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            hub.state.withLock { $0.license = "gpl" }
            let found = try await check(house)
            #expect(found.holds.map(\.change) == [.license])
            let fetches = hub.fetches
            #expect(try await house.apply(check(house, [.license]), report: Self.quiet).state == .updated)
            #expect(try await check(house).state == .upToDate)
            #expect(hub.fetches == fetches)
        }
        try await hub.stop()
    }

    @Test("DL-71 I8 a new version with a bad hash is not taken, and the old one stays in use") func badHash() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            hub.push("2", Self.second)
            hub.state.withLock { $0.served = soundModel(210_000, seed: 3) }
            let done = try await house.apply(check(house), report: Self.quiet)
            #expect(done.state == .held && done.failure?.code == .digestMismatch && done.holds.map(\.change) == [.failed])
            #expect(try here(house) == Self.first)
            // The line may have been bad: it is tried again.
            hub.state.withLock { $0.served = nil }
            #expect(try await house.apply(check(house), report: Self.quiet).state == .updated)
        }
        try await hub.stop()
    }

    @Test("DL-71 I8 a new version that our parsers refuse is held with its reason and not fetched twice") func badScreen() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            hub.push("2", Array("GGUF".utf8) + noise(200_000, seed: 4))
            let done = try await house.apply(check(house), report: Self.quiet)
            #expect(done.state == .held && done.failure?.code == .malformedModel)
            #expect(try here(house) == Self.first)
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.world.home + "/partial").isEmpty)
            #expect(try await check(house).holds.map(\.change) == [.failed])
            hub.push("3", Self.second)
            #expect(try await house.apply(check(house), report: Self.quiet).state == .updated)
        }
        try await hub.stop()
    }

    @Test("DL-71 I8 a new version that the engine cannot load is held with its reason", .timeLimit(.minutes(2))) func badLoad()
        async throws
    {
        let bin = TemporaryFolder.path + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: bin + "/llama-server", withDestinationPath: Products.fakeEngine)
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub, path: bin + ":/usr/bin:/bin") { house in
            _ = try await house.installEngine(report: Self.quiet)
            hub.push("2", soundModel(200_000, seed: 5, orders: ["die-saying no such architecture"]))
            let done = try await house.apply(check(house), report: Self.quiet)
            #expect(done.state == .held && done.failure?.code == .engineStartFailed, "\(done)")
            #expect(done.failure?.message.contains("no such architecture") == true)
            #expect(try here(house) == Self.first)
            #expect(try await check(house).holds.map(\.change) == [.failed])
            // A newer engine may load it: who asks for it again does not fetch it again.
            let fetches = hub.fetches
            _ = try await house.apply(check(house, [.failed]), report: Self.quiet)
            #expect(hub.fetches <= fetches + 1, "the header alone")
            hub.push("3", Self.second)
            let loads = Mutex(0)
            let good = try await house.apply(check(house)) { event in
                if case .updateProving = event { loads.withLock { $0 += 1 } }
            }
            #expect(good.state == .updated && loads.withLock { $0 } == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.world.home + "/run").filter { $0.hasPrefix("smoke") }.isEmpty)
        }
        try await hub.stop()
    }

    @Test("DL-73 a mirror that serves an older version than the registry means changes nothing") func lateMirror() async throws {
        let hub = try await MovingHub.start(Self.second)
        try await HomeWise.open(world(hub, registry: entry(Self.second))) { house in
            _ = try await house.obtain("tiny", report: Self.quiet)
            hub.push("2", Self.first)
            let found = try await check(house)
            #expect(found.state == .upToDate && found.failure?.code == .digestMismatch)
            #expect(try await house.apply(found, report: Self.quiet).state == .upToDate)
            #expect(try here(house) == Self.second)
        }
        try await hub.stop()
    }

    @Test("DL-73 a hub that lags behind does not bring back what was replaced") func lateHub() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await pulled(hub) { house in
            hub.push("2", Self.second)
            _ = try await house.apply(check(house), report: Self.quiet)
            hub.state.withLock { _ = $0.commits.removeLast() }
            #expect(try await check(house).holds.map(\.change) == [.downgrade, .history])
            #expect(try here(house) == Self.second)
        }
        try await hub.stop()
    }

    @Test func anEntryWhoseDigestChangedIsNewer() async throws {
        let hub = try await MovingHub.start(Self.first)
        try await HomeWise.open(world(hub, registry: entry(Self.first))) { _ = try await $0.obtain("tiny", report: Self.quiet) }
        hub.push("2", Self.second)
        try await HomeWise.open(world(hub, registry: entry(Self.second))) { house in
            let found = try await check(house)
            #expect(found.state == .newer)
            #expect(try await house.apply(found, report: Self.quiet).state == .updated)
            #expect(try here(house) == Self.second)
            // Back from what the registry means, and not brought again by a run.
            _ = try house.rollBack("tiny")
            #expect(try await house.obtain("tiny", report: Self.quiet).installed.digest.hex == PullTests.sha256(Self.first))
        }
        try await hub.stop()
    }

    @Test("I9 what is gone, silent or tells nothing is said for each, and stays here") func noAnswer() async throws {
        let hub = try await MovingHub.start(Self.first)
        let plain = try await LoopbackServer.start { request in
            request.path == "/m-Q8_0.gguf" ? .file(Self.second, for: request) : LoopbackServer.Reply(404)
        }
        try await pulled(hub) { house in
            let name = try await house.name(of: "\(plain.url)/m-Q8_0.gguf", report: Self.quiet)
            _ = try await house.obtain(name, report: Self.quiet)
            hub.state.withLock { $0.isGone = true }
            let all = try await house.checkUpdates(report: Self.quiet)
            #expect(all.map(\.model) == ["m-q8_0:q8_0", "tiny:q8_0"] && all.map(\.state) == [.unpinned, .gone])
            #expect(throws: Failure.self) { try house.rollBack("tiny") }
        }
        var silent = world(hub)
        silent.environment["HF_ENDPOINT"] = "http://127.0.0.1:1"
        try await HomeWise.open(silent) { house in
            let found = try await check(house)
            #expect(found.state == .unreachable && found.failure?.code == .noNetwork)
            #expect(try house.installed().count == 2)
        }
        try await hub.stop()
        try await plain.stop()
    }
}
