// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// Real children under the real guard.
@Suite(.temporaryFolder) struct GuardTests {
    private func shell(_ script: String) -> GuardedProcess {
        GuardedProcess(
            guardProgram: Products.homewise, program: "/bin/sh", arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? ""])
    }

    private func isGone(_ pid: Int32) -> Bool {
        if kill(pid, 0) != 0 { return true }
        // A zombie is gone as well: only its parent has not looked yet.
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    private func number(in file: String) async throws -> Int32 {
        let path = TemporaryFolder.path + "/" + file
        var found: Int32?
        _ = await eventually(within: .seconds(5)) {
            found = FileManager.default.contents(atPath: path).flatMap {
                Int32(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines))
            }
            return found != nil
        }
        return try #require(found)
    }

    @Test func theEndAndTheLastWordsAreTold() async throws {
        let log = LogTail(path: nil)
        let exit = try await shell("echo out; echo err >&2; exit 3").runToEnd(log: log)
        #expect(exit == .exited(3) && Set(log.last(5)) == ["out", "err"])
        #expect(try await shell("kill -SEGV $$").runToEnd(log: log) == .signaled(SIGSEGV))
    }

    /// Whoever watches stops reading once the guard is gone.
    @Test("the last words are heard also when many end at once") func lastWords() async throws {
        let heard = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<120 {
                group.addTask {
                    let log = LogTail(path: nil)
                    _ = try await shell("seq 2000; echo farewell >&2; exit 3").runToEnd(log: log)
                    return log.last(1) == ["farewell"]
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(heard == 120)
    }

    @Test("SUP-01 a program that is not there is told at once") func missing() async throws {
        var process = shell("")
        process.program = "/nonexistent/program"
        #expect(try await process.runToEnd(log: LogTail(path: nil)) == .notStarted(errno: ENOENT))
    }

    @Test("SUP-38 nothing of our environment reaches the child") func environment() async throws {
        setenv("HOMEWISE_TEST_SECRET", "hush", 1)
        let log = LogTail(path: nil)
        _ = try await shell("env").runToEnd(log: log)
        #expect(log.last(99).contains { $0.hasPrefix("PATH=") } && !log.last(99).contains { $0.contains("hush") })
    }

    @Test("SUP-23 a scope ends its child, also one that ignores SIGTERM, and its children") func endOfScope() async throws {
        let path = TemporaryFolder.path
        let start = ContinuousClock.now
        try await shell("trap '' TERM; sleep 600 & echo $! > \(path)/child; echo $$ > \(path)/self; wait; sleep 600").run(
            log: LogTail(path: nil)
        ) { _ in
            _ = await eventually(within: .seconds(5)) { FileManager.default.fileExists(atPath: path + "/self") }
        }
        for file in ["self", "child"] { #expect(isGone(try await number(in: file))) }
        #expect(start.duration(to: .now) < .seconds(6))
    }

    @Test("SUP-21 a grandchild that left the group is ended too") func daemonised() async throws {
        let path = TemporaryFolder.path
        try await shell("setsid sh -c 'echo $$ > \(path)/stray; exec sleep 600' & sleep 600").run(log: LogTail(path: nil)) { _ in
            _ = try? await number(in: "stray")
        }
        let stray = try await number(in: "stray")
        #expect(await eventually(within: .seconds(2)) { isGone(stray) })
    }

    @Test("SUP-16 the death of the manager ends the child within two seconds") func managerKilled() async throws {
        let path = TemporaryFolder.path
        // A manager of its own: a process that holds the lifeline of a guard and is then killed.
        let manager = Process()
        manager.executableURL = URL(filePath: "/bin/sh")
        manager.arguments = [
            "-c",
            "sh -c 'echo $$ > \(path)/manager; exec sleep 600' | '\(Products.homewise)' __guard /bin/sh -c 'echo $$ > \(path)/child; exec sleep 600'",
        ]
        try manager.run()
        let child = try await number(in: "child")
        kill(try await number(in: "manager"), SIGKILL)
        #expect(await eventually(within: .seconds(2)) { isGone(child) })
        manager.terminate()
    }

    @Test("SUP-17 the death of the guard ends the child") func guardKilled() async throws {
        let path = TemporaryFolder.path
        let log = LogTail(path: nil)
        let exit = try await shell("echo $$ > \(path)/child; echo $PPID > \(path)/guard; exec sleep 600").run(log: log) { child in
            kill(try await number(in: "guard"), SIGKILL)
            return try await child.exit()
        }
        #expect(exit == .guardLost)
        let child = try await number(in: "child")
        #expect(await eventually(within: .seconds(2)) { isGone(child) })
    }

    #if os(Linux)
        /// A program that cannot be opened while the body runs, as if it lay on a disk that does not answer: a lease (fcntl(2)) holds
        /// whoever opens it for as long as the system is told to wait, 45 s by default.
        private func withSilentProgram(_ body: (String) async throws -> Void) async throws {
            let (setLease, readersAndWriters) = (Int32(1024), Int32(F_WRLCK))
            let path = TemporaryFolder.path + "/silent"
            try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
            // The holder is asked for it by a signal that ends who does not expect it.
            signal(SIGIO, SIG_IGN)
            let file = open(path, O_RDONLY | O_CLOEXEC)
            try #require(file >= 0 && fcntl(file, setLease, readersAndWriters) == 0)
            defer { close(file) }
            try await body(path)
        }

        private func child(ofGuardWith word: String) -> Int32? {
            let guards = Processes.all().filter {
                let words = (FileManager.default.contents(atPath: "/proc/\($0)/cmdline") ?? Data()).split(separator: 0)
                return words.count > 2 && words[1] == Data("__guard".utf8) && words.contains(Data(word.utf8))
            }
            // Both still bear the guard's words; the child is the one whose parent is another of them.
            return guards.first { Processes.parent(of: $0).map(guards.contains) == true }
        }

        @Test("SUP-24 a child that waits for a silent disk is ended with its scope", arguments: [false, true])
        func silentDisk(isSandboxed: Bool) async throws {
            try await withSilentProgram { path in
                var process = shell("")
                (process.program, process.arguments) = (path, ["600"])
                if isSandboxed { process.sandbox = SandboxPolicy(rules: SandboxPolicy.system + [.init(.run, path, "a test")]) }
                let (waiting, start) = try await process.run(log: LogTail(path: nil)) { child in
                    #expect(await eventually(within: .seconds(5)) { self.child(ofGuardWith: path) != nil })
                    try await Task.sleep(for: .milliseconds(200))
                    let pid = await child.pid
                    #expect(pid == nil, "it waits and is not the program yet")
                    return (self.child(ofGuardWith: path), ContinuousClock.now)
                }
                #expect(start.duration(to: .now) < .seconds(2))
                #expect(isGone(try #require(waiting)))
            }
        }

        @Test("SUP-16 SUP-24 the death of the manager ends a child that waits for a silent disk") func silentDiskManagerKilled()
            async throws
        {
            try await withSilentProgram { path in
                let folder = TemporaryFolder.path
                let manager = Process()
                manager.executableURL = URL(filePath: "/bin/sh")
                manager.arguments = [
                    "-c", "sh -c 'echo $$ > \(folder)/manager; exec sleep 600' | '\(Products.homewise)' __guard '\(path)' 600",
                ]
                try manager.run()
                var waiting: Int32?
                _ = await eventually(within: .seconds(5)) {
                    waiting = self.child(ofGuardWith: path)
                    return waiting != nil
                }
                let child = try #require(waiting)
                kill(try await number(in: "manager"), SIGKILL)
                #expect(await eventually(within: .seconds(2)) { isGone(child) })
                manager.terminate()
            }
        }
    #endif

    @Test("a cancelled task ends its child") func cancelled() async throws {
        let path = TemporaryFolder.path
        let process = shell("echo $$ > \(path)/child; exec sleep 600")
        let task = Task { try await process.runToEnd(log: LogTail(path: nil)) }
        let child = try await number(in: "child")
        task.cancel()
        _ = await task.result
        #expect(await eventually(within: .seconds(3)) { isGone(child) })
    }

    @Test("SUP-22 a thousand children that end at once leave no zombie and no open file", .timeLimit(.minutes(5)))
    func quickExits() async throws {
        func files() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }
        func round() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let process = GuardedProcess(
                            guardProgram: Products.homewise, program: "/bin/true", arguments: [], environment: shell("").environment)
                        let exit = try await process.runToEnd(log: LogTail(path: nil))
                        #expect(exit == .exited(0))
                    }
                }
                try await group.waitForAll()
            }
        }
        for _ in 0..<5 { try await round() }
        let before = files()
        for _ in 0..<245 { try await round() }
        #expect(files() <= before + 2, "\(before) before, \(files()) after")
        let children = FileManager.default.contents(atPath: "/proc/self/task/\(getpid())/children").map {
            String(decoding: $0, as: UTF8.self)
        }
        let zombies = (children ?? "").split(separator: " ").compactMap { Int32($0) }.filter { Processes.started($0) == nil }
        #expect(zombies.isEmpty, "\(zombies)")
    }

    @Test("SUP-26 a child that closes its outputs has not ended") func closedOutputs() async throws {
        let start = ContinuousClock.now
        let exit = try await shell("exec >&- 2>&-; sleep 1; exit 7").runToEnd(log: LogTail(path: nil))
        #expect(exit == .exited(7) && start.duration(to: .now) >= .seconds(1))
    }

    @Test("SUP-25 a gigabyte without a line break neither blocks nor grows", .timeLimit(.minutes(5))) func gigabyte() async throws {
        func resident() -> Int {
            let text = FileManager.default.contents(atPath: "/proc/self/statm").map { String(decoding: $0, as: UTF8.self) } ?? ""
            return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
        }
        let path = TemporaryFolder.path + "/log"
        let log = LogTail(path: path)
        let before = resident()
        let exit = try await shell("head -c 1000000000 /dev/zero; echo; echo last").runToEnd(log: log)
        #expect(exit.isSuccess && log.last(1) == ["last"])
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(size.map { $0 <= LogTail.largestFile } ?? false)
        #expect(resident() - before < 64 << 20, "\((resident() - before) >> 20) MiB")
    }

    @Test("SUP-25 a flood of words neither blocks nor grows") func flood() async throws {
        let path = TemporaryFolder.path + "/log"
        let log = LogTail(path: path)
        let exit = try await shell("head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; seq 1 200000; echo last").runToEnd(log: log)
        #expect(exit.isSuccess && log.last(1) == ["last"] && log.last(9999).count <= 201)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(size.map { $0 <= LogTail.largestFile } ?? false)
    }

    @Test("SUP-13 the engine goes before the manager when memory runs out") func outOfMemoryScore() async throws {
        let log = LogTail(path: nil)
        _ = try await shell("cat /proc/self/oom_score_adj").runToEnd(log: log)
        #expect(log.last(1).first.flatMap { Int($0) }.map { $0 >= 500 } ?? false)
    }

    @Test func aTimeLimitCuts() async throws {
        let (exit, lines) = try await shell("echo before; sleep 600").run(within: .milliseconds(500))
        #expect(exit == nil && lines == ["before"])
    }
}
