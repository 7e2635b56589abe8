// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// The ladder with the real engine and a real model, under a real limit.
@Suite(.temporaryFolder, .timeLimit(.minutes(10))) struct RecoveryProgramTests {
    private struct Engine: Decodable {
        struct Manifest: Decodable { let server: String }
        let manifest: Manifest
    }

    @Test("SUP-12 a real engine that has too little memory answers with less, says so, and begins there the next time")
    func memory() async throws {
        let program = Program(home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1"])
        try #require(await program.run("engine", "install", "llama.cpp").code == 0)
        try await limitEngine(program, kilobytes: 225_000)
        let first = try await ask(program)
        #expect(first.code == 0 && !first.output.isEmpty, "\(first.story)")
        #expect(first.story.contains("Recovery") && first.story.contains("not enough memory"), "\(first.story)")
        let second = try await ask(program)
        #expect(
            second.code == 0 && !second.story.contains("Recovery") && second.story.contains("last time memory ran out"), "\(second.story)")
        #expect(processes(naming: TemporaryFolder.path).isEmpty)
    }

    /// Enough writable memory for the weights and some of the cache; not for all of it.
    private func limitEngine(_ program: Program, kilobytes: Int) async throws {
        let engines = try await JSONDecoder().decode([Engine].self, from: Data(program.run("engine", "list", "--json").output.utf8))
        let server = try #require(engines.first?.manifest.server)
        try FileManager.default.moveItem(atPath: server, toPath: server + ".unlimited")
        let script = "#!/bin/sh\nulimit -s 1024\nulimit -d \(kilobytes)\nexec '\(server).unlimited' \"$@\"\n"
        try #require(
            FileManager.default.createFile(atPath: server, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755]))
    }

    private func ask(_ program: Program) async throws -> Program.Outcome {
        try await program.run(
            "run", "smollm2-135m-instruct", "--context", "8192", "-p", "What is the capital of France?", "--max-tokens", "30")
    }
}
