// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

#if os(Linux)
    /// Engines that try to get out, under the real guard.
    @Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct SandboxTests {
        /// Somebody's file, somebody's folder, a port and a socket of other programs.
        private func escape(isSandboxed: Bool) async throws -> (words: Set<String>, state: SandboxState) {
            let path = TemporaryFolder.path
            try FileManager.default.createDirectory(atPath: path + "/ssh", withIntermediateDirectories: true)
            try Data("hush".utf8).write(to: URL(filePath: path + "/ssh/id"))
            let server = try await LoopbackServer.start { _ in .init() }
            let other = try await LoopbackServer.start(socket: path + "/other.sock") { _ in .init() }
            let port = try #require(URL(string: server.url)?.port)
            let fake = try FakeServer(isSandboxed: isSandboxed)
            let orders = "escape \(path)/ssh/id \(path)/logs/new \(port) \(path)/other.sock"
            let (words, state) = try await fake.server.run(fake.plan(orders)) { session in
                var text = ""
                for try await part in try await session.client.chat([ChatMessage(.user, "hi")]) {
                    if case .text(let piece) = part { text += piece }
                }
                return (text, session.sandbox)
            }
            try await server.stop()
            try await other.stop()
            return (Set(words.split(separator: " ").map(String.init)), state)
        }

        @Test("SUP-37 an engine reaches no file, no network and no process of a person") func escape() async throws {
            let (words, state) = try await escape(isSandboxed: true)
            #expect(words == ["nothing"], "\(words)")
            #expect(state == SandboxState(.full), "\(state)")
            #expect(try Data(contentsOf: URL(filePath: TemporaryFolder.path + "/ssh/id")) == Data("hush".utf8))
        }

        @Test("SUP-37 without its sandbox it reaches all of that, and is said to") func unsandboxed() async throws {
            let (words, state) = try await escape(isSandboxed: false)
            #expect(
                words.isSuperset(of: [
                    "read", "list", "write", "truncate", "remove", "change-model", "connect", "datagram", "socket", "signal",
                    "signal-guard",
                ]), "\(words)")
            #expect(state.level == .none && state.complaint?.contains("unsandboxed: it is switched off") == true)
        }

        private func shell(_ script: String, _ policy: SandboxPolicy, folder: String = "/") async throws -> (lines: [String], Child) {
            var process = GuardedProcess(
                guardProgram: Products.homewise, program: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"],
                folder: folder)
            process.sandbox = policy
            let log = LogTail(path: nil)
            let child = try await process.run(log: log) { child in
                _ = try await child.exit()
                return child
            }
            return (log.last(50), child)
        }

        @Test("SUP-37 what it may write it may not execute, and its children are kept to the same") func children() async throws {
            let path = TemporaryFolder.path + "/own"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let policy = SandboxPolicy(rules: SandboxPolicy.system + [.init(.write, path, "own")])
            let (lines, _) = try await shell(
                "cp /bin/echo \(path)/tool && \(path)/tool out; sh -c 'sh -c \"ls \(TemporaryFolder.path)\"'; echo done", policy)
            #expect(
                !lines.contains("out") && lines.last == "done" && lines.filter { $0.contains("ermission denied") }.count == 2, "\(lines)")
        }

        @Test("SUP-37 one that needs the network has it, and nothing else more") func network() async throws {
            let server = try await LoopbackServer.start { _ in .init() }
            let port = try #require(URL(string: server.url)?.port)
            let script =
                "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", \(port))); print(\"through\")'; ls \(TemporaryFolder.path)"
            var policy = SandboxPolicy(rules: SandboxPolicy.system, networkReason: "a test")
            let open = try await shell(script, policy).lines
            #expect(open.contains("through") && open.contains { $0.contains("ermission denied") }, "\(open)")
            policy.networkReason = nil
            #expect(try await !shell(script, policy).lines.contains("through"))
            try await server.stop()
        }

        @Test("SUP-37 what the guard does not understand is not run") func unknownWord() async throws {
            let process = GuardedProcess(
                guardProgram: Products.homewise, program: "+unheard", arguments: ["/bin/sh", "-c", "echo ran"], environment: [:])
            let log = LogTail(path: nil)
            let exit = try await process.runToEnd(log: log)
            #expect(exit == .guardLost && log.last(5).isEmpty)
        }

        @Test("SUP-17 the death of the guard ends a sandboxed child too") func guardKilled() async throws {
            let fake = try FakeServer()
            let pid = try await fake.server.run(fake.plan("slow-answer")) { session in
                let parent = try #require(Self.parent(of: session.pid))
                kill(parent, SIGKILL)
                #expect(await eventually(within: .seconds(2)) { Processes.started(session.pid) == nil })
                return session.pid
            }
            #expect(Processes.started(pid) == nil)
        }

        @Test("SUP-17 SUP-21 the death of the guard ends what the engine had started, out of its group too") func guardKilledStray()
            async throws
        {
            let fake = try FakeServer()
            let path = TemporaryFolder.shared + "/stray"
            try await fake.server.run(fake.plan("grandchild \(path)")) { session in
                #expect(await eventually(within: .seconds(5)) { FileManager.default.fileExists(atPath: path) })
                let stray = try #require(Int32(String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)))
                kill(try #require(Self.parent(of: session.pid)), SIGKILL)
                #expect(await eventually(within: .seconds(2)) { Processes.started(stray) == nil })
            }
        }

        private static func parent(of pid: Int32) -> Int32? {
            let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
            return text?.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap { Int32($0) }
        }

        private func write(_ text: String, to path: String) throws {
            let url = URL(filePath: path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        @Test("SUP-37 Homebrew's programs find Homebrew's libraries, and nothing else of its folder", arguments: [true, false])
        func homebrew(isHomebrew: Bool) async throws {
            let prefix = TemporaryFolder.path + "/home/linuxbrew/.linuxbrew"
            for place in ["lib/a.so", "opt/b/lib/b.so", "Cellar/b/1/lib/c.so", "var/secret", "bin/brew"] {
                try write(place + "\n", to: "\(prefix)/\(place)")
            }
            if isHomebrew { chmod(prefix + "/bin/brew", 0o755) }
            let program = prefix + "/Cellar/tool/1/bin/tool"
            try write("", to: program)
            try FileManager.default.removeItem(atPath: program)
            try FileManager.default.copyItem(atPath: EngineHost.resolved("/bin/sh"), toPath: program)
            try FileManager.default.createSymbolicLink(atPath: prefix + "/bin/tool", withDestinationPath: "../Cellar/tool/1/bin/tool")
            let host = try FakeServer().server.host
            let script = "cd '\(prefix)'; cat lib/a.so opt/b/lib/b.so Cellar/b/1/lib/c.so var/secret"
            let (exit, lines) = try await host.tool(prefix + "/bin/tool", ["-c", script]).run(within: .seconds(20))
            #expect(exit != nil && !lines.contains("var/secret") && lines.contains { $0.contains("ermission denied") }, "\(lines)")
            let isFound = lines.contains("lib/a.so") && lines.contains("opt/b/lib/b.so") && lines.contains("Cellar/b/1/lib/c.so")
            #expect(isFound == isHomebrew, "\(lines)")
        }

        @Test("SUP-02 SUP-03 a card whose device the driver has not made yet is the reason that is given") func missingDevice() async throws
        {
            let folder = TemporaryFolder.path + "/dev"
            for name in ["nvidia0", "nvidiactl"] { try write("", to: "\(folder)/\(name)") }
            var fake = try FakeServer()
            fake.server.host.deviceFolder = folder
            var plan = try fake.plan("lose-device")
            plan.placement = Placement(gpu: .init(name: "RTX", bandwidth: 1e9, engineName: "CUDA0"), gpuLayers: 3)
            let place = plan
            func failure() async throws -> Failure {
                do { try await fake.server.run(place) { _ in } } catch let failure as Failure { return failure }
                return Failure(.internal, "it started", remedy: "")
            }
            let first = try await failure()
            #expect(first.code == .engineStartFailed && first.engineCause != nil)
            #expect(first.message.contains("/dev/nvidia-uvm") && first.message.contains("nvidia-modprobe"), "\(first.message)")
            try write("", to: folder + "/nvidia-uvm")
            let second = try await failure()
            #expect(second.engineCause == first.engineCause && !second.message.contains("nvidia-modprobe"), "\(second.message)")
        }

        @Test("the real files of a model are found through links, in parts and in folders") func files() throws {
            let path = EngineHost.resolved(TemporaryFolder.path)
            for folder in ["model", "blobs", "hub"] {
                try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
            }
            for name in ["a", "b", "c", "other"] { try Data().write(to: URL(filePath: "\(path)/blobs/\(name)")) }
            let links = ["model/m-00001-of-00002.gguf": "a", "model/m-00002-of-00002.gguf": "b", "hub/weights": "c"]
            for (link, name) in links {
                try FileManager.default.createSymbolicLink(atPath: "\(path)/\(link)", withDestinationPath: "\(path)/blobs/\(name)")
            }
            func files(_ argument: String) -> Set<String> { EngineHost.files(among: ["--model", "\(path)/\(argument)"], but: "/x") }
            #expect(files("model/m-00001-of-00002.gguf") == ["\(path)/blobs/a", "\(path)/blobs/b"])
            #expect(files("hub") == ["\(path)/hub", "\(path)/blobs/c"])
            #expect(files("hub/weights") == ["\(path)/blobs/c"] && files("nowhere").isEmpty)
        }
    }
#endif
