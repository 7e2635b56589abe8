// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

@Suite(.temporaryFolder) struct EngineShelfTests {
    private func manifest(_ version: String) -> EngineManifest {
        EngineManifest(engine: "llama.cpp", version: version, origin: .built, server: "staged/llama-server")
    }

    @Test func anEngineIsThereWhenItsManifestIs() throws {
        let shelf = EngineShelf(folder: TemporaryFolder.path, program: Products.homewise)
        let staging = try shelf.staging("llama.cpp", version: "1")
        try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
        #expect(try shelf.installed("llama.cpp").isEmpty)
        let published = try shelf.publish(manifest("1"), from: staging)
        #expect(published.server == TemporaryFolder.path + "/llama.cpp/1/llama-server")
        #expect(try shelf.installed("llama.cpp") == [published])
        try shelf.remove(published)
        #expect(try shelf.installed("llama.cpp").isEmpty)
    }

    @Test func whatAnInterruptedRunLeftIsRemoved() throws {
        let shelf = EngineShelf(folder: TemporaryFolder.path, program: Products.homewise)
        let staging = try shelf.staging("llama.cpp", version: "1")
        try FileManager.default.createDirectory(atPath: staging + "/half", withIntermediateDirectories: true)
        #expect(!FileManager.default.fileExists(atPath: try shelf.staging("llama.cpp", version: "1")))
    }

    @Test("a manifest that cannot be read is reported and kept") func damagedManifest() throws {
        let shelf = EngineShelf(folder: TemporaryFolder.path, program: Products.homewise)
        _ = try shelf.publish(manifest("1"), from: nil)
        let path = TemporaryFolder.path + "/llama.cpp/1/manifest.json"
        try Data("{}".utf8).write(to: URL(filePath: path))
        #expect { try shelf.installed("llama.cpp") } throws: { ($0 as? Failure)?.code == .storeUnusable }
        #expect(FileManager.default.fileExists(atPath: path))
    }
}

@Suite(.temporaryFolder) struct FoundEngineTests {
    private func look(_ script: String?) async throws -> FoundEngine.Verdict {
        if let script {
            let path = TemporaryFolder.path + "/llama-server"
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
            chmod(path, 0o755)
        }
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(TemporaryFolder.path):/usr/bin:/bin"
        let host = EngineHost(guardProgram: Products.homewise, runFolder: "/tmp", logFolder: "/tmp", environment: environment)
        return try await FoundEngine(host: host, recipe: .llamaCPP()).look()
    }

    private func isUnsuitable(_ verdict: FoundEngine.Verdict, because word: String) -> Bool {
        if case .unsuitable(_, let reason) = verdict { reason.contains(word) } else { false }
    }

    @Test func aGoodOneIsUsed() async throws {
        let verdict = try await look(
            "case $1 in --version) echo 'version: 9000 (abc)' >&2;; *) echo --fit --offline --no-ui --no-warmup --jinja --no-repack --load-mode --flash-attn;; esac"
        )
        guard case .usable(let manifest) = verdict else { Issue.record("\(verdict)"); return }
        #expect(manifest.version == "found-b9000" && manifest.origin == .found)
    }

    @Test func anOldOneIsNamedAndNotUsed() async throws {
        #expect(isUnsuitable(try await look("echo 'version: 4000 (abc)'"), because: "too old"))
    }

    @Test func oneThatLacksAnOptionIsNotUsed() async throws {
        #expect(isUnsuitable(try await look("case $1 in --version) echo 'version: 9000 (a)';; *) echo --fit;; esac"), because: "--offline"))
    }

    @Test func oneThatDoesNotAnswerIsNotUsed() async throws {
        #expect(isUnsuitable(try await look("exit 1"), because: "version"))
    }
}

@Suite(.temporaryFolder) struct LlamaBuildTests {
    private func host(_ tools: [String: String]) throws -> EngineHost {
        for (name, script) in tools {
            let path = TemporaryFolder.path + "/" + name
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
            chmod(path, 0o755)
        }
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = TemporaryFolder.path + ":/nonexistent"
        return EngineHost(
            guardProgram: Products.homewise, runFolder: TemporaryFolder.path, logFolder: TemporaryFolder.path, environment: environment)
    }

    @Test func missingToolsAreNamedWithTheirPackages() throws {
        let host = try host(["cmake": "", "c++": "", "cc": ""])
        #expect { try LlamaBuild.checkTools(host) } throws: { error in
            let failure = error as? Failure
            return failure?.code == .toolMissing && failure?.remedy.contains("ninja-build") == true
                && failure?.message.contains("cmake") == false
        }
    }

    @Test func aFailingBuildShowsTheEndOfItsLogAndWhereTheRestIs() async throws {
        let host = try host(["cmake": "exit 0", "ninja": "echo '[1/2] fine'; echo 'error: no such header' >&2; exit 2"])
        let build = LlamaBuild(recipe: try .llamaCPP(), host: host, source: "/x", folder: "/y")
        let failure = await #expect(throws: Failure.self) { try await build.run { _ in } }
        #expect(failure?.code == .engineBuildFailed && failure?.message.contains("no such header") == true)
        #expect(failure?.remedy.contains(TemporaryFolder.path + "/llama.cpp-compile.log") == true)
    }

    @Test func readsNinjasProgress() {
        #expect(LlamaBuild.progress(in: "[12/230] Building CXX object x") == .compiling(step: 12, of: 230))
        for line in ["", "[", "[x/y] z", "[1/0] z", "ninja: done"] { #expect(LlamaBuild.progress(in: line) == nil) }
    }
}
