// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// The real binary with an engine that does as it is told.
struct FakeHouse {
    let program: Program
    private let server: LoopbackServer

    init(orders: [String]) async throws {
        let path = TemporaryFolder.path
        let bytes = soundModel(60_000, orders: orders)
        server = try await LoopbackServer.start { .file(bytes, for: $0) }
        try FileManager.default.createDirectory(atPath: path + "/bin", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: path + "/bin/llama-server", withDestinationPath: Products.fakeEngine)
        let entry =
            #"{"name": "tiny", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [{"quantization": "Q8_0", "size": \#(bytes.count), "sources": ["\#(server.url)/tiny.gguf"]}]}"#
        try Data(#"{"models": [\#(entry)]}"#.utf8).write(to: URL(filePath: path + "/registry.json"))
        let search = path + "/bin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
        program = Program(
            home: path + "/home", ["HOMEWISE_REGISTRY": path + "/registry.json", "HOMEWISE_CACHE": path + "/cache", "PATH": search])
        for arguments in [["engine", "install", "llama.cpp"], ["pull", "tiny"]] {
            let outcome = try await program.shell("\"$homewise\" \(arguments.joined(separator: " "))")
            try #require(outcome.code == 0, "\(outcome.story)")
        }
        try await server.stop()
    }
}

/// The end of the program, by whatever hand, while an engine works for it.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(5))) struct EndingTests {
    @Test("SUP-16 SUP-18 SUP-21 killed 20 times under load, it leaves no process, and the next run sweeps") func orphans() async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../bench/orphans.sh").standardized.path
        let program = Program(home: TemporaryFolder.path + "/home")
        let outcome = try await program.shell("'\(script)' \"$homewise\" '\(Products.fakeEngine)' 20 0")
        #expect(outcome.code == 0 && outcome.output.contains("20 kills") && outcome.output.contains(" 0 orphans"), "\(outcome)")
    }

    @Test("SUP-39 a signal during an answer ends it within ten seconds, engine and all", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(_ number: Int32) async throws {
        let house = try await FakeHouse(orders: ["slow-answer"])
        let story = TemporaryFolder.path + "/story"
        try await house.program.started([Products.homewise, "run", "tiny", "-p", "hi"], story: story) { process in
            #expect(await eventually(within: .seconds(20)) { text(of: story).contains("Ready") }, "\(text(of: story))")
            // A pipe gets the answer as a whole, so nothing shows that it has begun.
            try await Task.sleep(for: .milliseconds(300))
            #expect(processes(naming: TemporaryFolder.path).count >= 2)
            let start = ContinuousClock.now
            kill(process.processIdentifier, number)
            #expect(await eventually(within: .seconds(10)) { !process.isRunning })
            #expect(await eventually(within: .seconds(2)) { processes(naming: TemporaryFolder.path).isEmpty })
            #expect(start.duration(to: .now) < .seconds(12) && process.terminationStatus != 0)
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/run")
        #expect(!left.contains { $0.hasSuffix(".engine") }, "\(left)")
        #expect(try await house.program.run("list").output.contains("tiny"), "the store is whole")
    }

    #if os(Linux)
        @Test("SUP-20 as process 1 of a container it answers, leaves no zombie and ends") func processOne() async throws {
            let house = try await FakeHouse(orders: [
                "die-mid-answer-once \(TemporaryFolder.shared)/died", "grandchild \(TemporaryFolder.shared)/g",
            ])
            let container = "unshare --pid --fork --kill-child --mount-proc"
            let first = try await house.program.shell("\(container) \"$homewise\" run tiny -p hi")
            #expect(first.code != nil && first.story.contains("Recovery"), "\(first)")
            let second = try await house.program.shell("\(container) \"$homewise\" run tiny -p hi")
            #expect(second.code == 0 && second.output.contains("Hello from the fake."), "\(second)")
            #expect(processes(naming: TemporaryFolder.path).isEmpty)
        }

        @Test("SUP-20 as process 1 it is ended by a signal, and no child is left unlooked at") func processOneEnds() async throws {
            let house = try await FakeHouse(orders: ["slow-answer", "grandchild \(TemporaryFolder.shared)/g"])
            let story = TemporaryFolder.path + "/story"
            let command = [
                "/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc", Products.homewise, "run", "tiny", "-p", "hi",
            ]
            try await house.program.started(command, story: story) { process in
                #expect(await eventually(within: .seconds(20)) { text(of: story).contains("Ready") }, "\(text(of: story))")
                let first = try #require(children(of: process.processIdentifier).first)
                let children = children(of: first)
                #expect(!children.isEmpty && children.allSatisfy(isAlive), "no zombies")
                kill(first, SIGTERM)
                #expect(await eventually(within: .seconds(10)) { !process.isRunning })
                #expect(processes(naming: TemporaryFolder.path).isEmpty)
            }
        }

        /// Of all its threads.
        private func children(of pid: Int32) -> [Int32] {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
            return threads.flatMap { text(of: "/proc/\(pid)/task/\($0)/children").split(separator: " ").compactMap { Int32($0) } }
        }
    #endif
}
