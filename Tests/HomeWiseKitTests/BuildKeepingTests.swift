// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseMachine
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// A build that took minutes is not lost to one bad moment.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct BuildKeepingTests {
    private var flag: String { TemporaryFolder.path + "/fail" }

    /// A world whose only engine is a build in the cache, which fails where the flag is; nothing is here to build with.
    private func world() throws -> World {
        var world = World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": "/nonexistent", "HOME": TemporaryFolder.path])
        (world.isSandboxed, world.isGoverned) = (false, false)
        return world
    }

    private func builds(_ house: HomeWise) throws -> EngineBuilds {
        try EngineBuilds(cache: house.world.cache, recipe: .llamaCPP(), processor: house.probe.cpu().features)
    }

    private func makeProduct(_ builds: EngineBuilds) throws {
        try FileManager.default.createDirectory(atPath: builds.product, withIntermediateDirectories: true)
        let script = "#!/bin/sh\nif [ -e '\(flag)' ]; then echo 'no luck' >&2; exit 1; fi\nexec '\(Products.fakeEngine)' \"$@\"\n"
        try #require(
            FileManager.default.createFile(
                atPath: builds.product + "/llama-server", contents: Data(script.utf8), attributes: [.posixPermissions: 0o755]))
    }

    private func fail(_ isFailing: Bool) throws {
        if isFailing { try Data().write(to: URL(filePath: flag)) } else { try FileManager.default.removeItem(atPath: flag) }
    }

    @Test("a build that answered before outlives proofs that fail, and serves again") func kept() async throws {
        try await HomeWise.open(world()) { house in
            let builds = try builds(house)
            try makeProduct(builds)
            _ = try await house.installEngine { _ in }
            _ = try house.removeEngine("llama.cpp", version: nil)
            try fail(true)
            let failure = await #expect(throws: Failure.self) { try await house.installEngine { _ in } }
            #expect(failure?.code == .engineStartFailed && failure?.message.contains("no luck") == true)
            #expect(builds.isFinished, "nothing is wrong with the build")
            try fail(false)
            _ = try await house.installEngine { _ in }
        }
    }

    @Test("a build that never answered and fails twice is thrown away") func neverProven() async throws {
        try await HomeWise.open(world()) { house in
            let builds = try builds(house)
            try makeProduct(builds)
            try fail(true)
            await #expect(throws: Failure.self) { try await house.installEngine { _ in } }
            #expect(!builds.isFinished)
        }
    }

    @Test("a build whose files are not those that were built is thrown away at once") func changed() async throws {
        try await HomeWise.open(world()) { house in
            let builds = try builds(house)
            try makeProduct(builds)
            _ = try await house.installEngine { _ in }
            _ = try house.removeEngine("llama.cpp", version: nil)
            try Data("#!/bin/sh\necho rotten >&2\nexit 1\n".utf8).write(to: URL(filePath: builds.product + "/llama-server"))
            let failure = await #expect(throws: Failure.self) { try await house.installEngine { _ in } }
            #expect(failure?.code == .toolMissing, "it is to be built anew, and nothing is here to do that with")
            #expect(!builds.isFinished)
        }
    }

    @Test func whatBecomesOfABuildIsDecidedByWhatIsWrongWithIt() {
        func fate(_ isChanged: Bool, _ wasProven: Bool, _ isSecond: Bool, _ cause: ExitCause.Kind) -> BuildFate {
            BuildFate(isChanged: isChanged, wasProven: wasProven, isSecond: isSecond, cause: cause)
        }
        #expect(fate(false, true, false, .hung) == .tryAgain && fate(false, true, true, .hung) == .keep)
        #expect(fate(false, false, true, .hung) == .discard && fate(true, true, false, .hung) == .discard)
        // Libraries of the system went, or the cache came from another machine.
        #expect(fate(false, true, true, .missingLibrary) == .discard && fate(false, true, true, .wrongProcessor) == .discard)
    }
}

@Suite(.temporaryFolder) struct ConversionRoomTests {
    @Test("what a killed conversion left is swept by the next one and by prune, and one that goes on is not") func swept() async throws {
        let cache = TemporaryFolder.path + "/cache"
        let left = cache + "/converted/7"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data(count: 1000).write(to: URL(filePath: left + "/half.gguf"))
        let working = try ConversionRoom.make(in: cache)
        #expect(!FileManager.default.fileExists(atPath: left) && FileManager.default.fileExists(atPath: working.folder))
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data(count: 1000).write(to: URL(filePath: left + "/half.gguf"))
        let world = World(home: TemporaryFolder.path + "/home", cache: cache, executable: Products.homewise, environment: [:])
        try await HomeWise.open(world) { house in
            let items = try house.prunable().filter { $0.kind == "conversion" }
            #expect(items.count == 1 && (items.first?.size.bytes ?? 0) >= 1000)
            let outcome = house.prune(items)
            #expect(outcome.removed.count == 1 && outcome.failures.isEmpty && !FileManager.default.fileExists(atPath: left))
        }
        #expect(FileManager.default.fileExists(atPath: working.folder))
        working.leave()
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache + "/converted").isEmpty)
    }
}
