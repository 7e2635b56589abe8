// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// A model that stays: loaded in four steps, shown, asked, looked into, unloaded; with the real engine and a real model.
@Suite(.temporaryFolder, .timeLimit(.minutes(10)), .serialized) struct ServeProgramTests {
    private func program() async throws -> Program {
        let program = Program(home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1"])
        try #require(await program.run("engine", "install", "llama.cpp").code == 0)
        try #require(await program.run("pull", "smollm2-135m-instruct").code == 0)
        return program
    }

    private func ended(_ program: Program) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !processes(naming: TemporaryFolder.path).isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(processes(naming: TemporaryFolder.path).isEmpty)
    }

    @Test func aModelIsLoadedShownAskedAndUnloaded() async throws {
        let program = try await program()
        #expect(try await program.run("ps").story.contains("No model is loaded"))
        let loaded = try await program.run("load", "smollm2-135m-instruct", "context=2048")
        try #require(loaded.code == 0, "\(loaded.story) \(text(of: TemporaryFolder.path + "/home/logs/serve.log"))")
        for step in ["Step 1/4", "Step 2/4", "Step 3/4", "Step 4/4"] { #expect(loaded.story.contains(step), "\(loaded.story)") }
        let shown = try await program.run("ps")
        #expect(shown.output.contains("smollm2-135m-instruct:q4_1") && shown.output.contains("context 2048"), "\(shown.output)")
        // The second question is answered by the process that is there, and by no other.
        let before = processes(naming: TemporaryFolder.path)
        let answer = try await program.run("run", "smollm2-135m-instruct", "--context", "2048", "-p", "Say hello.", "--max-tokens", "8")
        #expect(answer.code == 0 && !answer.output.isEmpty, "\(answer.story)")
        #expect(processes(naming: TemporaryFolder.path) == before)
        let logs = try await program.run("logs", "smollm2-135m-instruct", "--lines", "5")
        #expect(logs.code == 0 && logs.output.split(separator: "\n").count == 5, "\(logs.output)")
        let stopped = try await program.run("stop", "smollm2-135m-instruct")
        #expect(stopped.code == 0 && stopped.story.contains("is unloaded"), "\(stopped.story)")
        try await ended(program)
        let again = try await program.run("stop", "smollm2-135m-instruct")
        #expect(again.code == 64 && again.story.contains("is not loaded"))
    }

    @Test func optionsAreSavedShownWithReasonsAndHeeded() async throws {
        let program = try await program()
        let refused = try await program.run("options", "smollm2-135m-instruct", "context=3")
        #expect(refused.code == 64 && refused.story.contains("context"), "\(refused.story)")
        let saved = try await program.run("options", "smollm2-135m-instruct", "context=1024", "threads=1")
        #expect(saved.code == 0 && saved.output.contains("saved 1024"), "\(saved.output) \(saved.story)")
        let loaded = try await program.run("load", "smollm2-135m-instruct", "--json")
        #expect(loaded.output.contains("\"contextGiven\" : 1024"), "\(loaded.output) \(loaded.story)")
        #expect(try await program.run("options", "smollm2-135m-instruct", "--reset").output.contains("saved") == false)
        #expect(try await program.run("stop", "--all", "--now").code == 0)
        try await ended(program)
    }

    @Test func threadsThatAreSavedReachTheRunningEngine() async throws {
        let program = try await program()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let loaded = try await program.run("load", "smollm2-135m-instruct", "threads=1")
        try #require(loaded.code == 0, "\(loaded.story)")
        #expect(try await program.run("ps").output.contains("1 of up to 1 threads"))
        let before = processes(naming: TemporaryFolder.path)
        let more = try await program.run("options", "smollm2-135m-instruct", "threads=2")
        #expect(more.code == 0 && more.story.contains("up to \(min(2, cores)) from now on"), "\(more.story)")
        #expect(try await program.run("ps").output.contains("of up to \(min(2, cores)) threads"))
        let fewer = try await program.run("options", "smollm2-135m-instruct", "threads=1")
        #expect(fewer.story.contains("up to 1 from now on"), "\(fewer.story)")
        _ = try await program.run("run", "smollm2-135m-instruct", "-p", "Say hello.", "--max-tokens", "8")
        #expect(try await program.run("ps").output.contains("1 of up to 1 threads"))
        #expect(processes(naming: TemporaryFolder.path) == before, "by the process that was there")
        #expect(try await program.run("stop", "--all", "--now").code == 0)
        try await ended(program)
    }

    @Test func oneProcessServesAStoreAndLeavesNothingBehind() async throws {
        let program = try await program()
        let story = TemporaryFolder.path + "/serve.txt"
        try await program.started([Products.homewise, "serve", "--no-tcp", "--preload", "smollm2-135m-instruct"], story: story) { process in
            let deadline = ContinuousClock.now + .seconds(60)
            while try await !program.run("ps").output.contains("ready"), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await program.run("ps").output.contains("ready"), "\(text(of: story))")
            let second = try await program.run("serve")
            #expect(second.code == 75 && second.story.contains("serves this store already"), "\(second.story)")
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
        try await ended(program)
        #expect(try await program.run("ps").code == 0)
    }
}
