// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

#if os(Linux)
    /// What is left when a manager and its guard are killed together.
    @Suite(.temporaryFolder, .timeLimit(.minutes(1))) struct EngineLeftoverTests {
        private func start(_ script: String, mark: String?) throws -> Process {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", script]
            process.environment = ["PATH": "/usr/bin:/bin"].merging(mark.map { [EnginePlace.variable: $0] } ?? [:]) { $1 }
            // Whoever reads what the tests say does not wait for these.
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            return process
        }

        /// A record whose manager is gone, as a killed run leaves it.
        private func leave(_ record: EngineRecord) throws {
            let path = "\(TemporaryFolder.path)/\(record.mark)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try JSONEncoder().encode(record).write(to: URL(filePath: path + EnginePlace.recordSuffix))
        }

        private func record(_ pid: Int32, mark: String = "abc", manager: Int32 = 4_000_000) throws -> EngineRecord {
            let sight = try #require(Processes.sight(of: pid))
            return EngineRecord(
                pid: pid, started: sight.started, boot: try #require(Processes.boot()), program: sight.program ?? "", mark: mark,
                manager: manager, managerStarted: 1)
        }

        private func reap() -> [Int32] { Leftovers(folder: TemporaryFolder.path).reap() }

        private func isLeft() throws -> Bool { try !FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path).isEmpty }

        @Test("SUP-18 an engine that nobody looks after is ended, with all that it started, and its folder goes") func reaped() async throws
        {
            let engine = try start("setsid sleep 600 & exec sleep 600", mark: "abc")
            let pid = engine.processIdentifier
            #expect(
                await eventually(within: .seconds(5)) {
                    Processes.all().count { Processes.variable(EnginePlace.variable, of: $0) == "abc" } == 2
                })
            // A process that becomes another program has another name by now, and the same mark.
            try leave(record(pid))
            #expect(reap().count == 2)
            engine.waitUntilExit()
            #expect(!Processes.all().contains { Processes.variable(EnginePlace.variable, of: $0) == "abc" })
            #expect(try !isLeft())
        }

        @Test("SUP-18 it is known by its program where its mark cannot be read") func byProgram() async throws {
            let engine = try start("exec sleep 600", mark: nil)
            #expect(
                await eventually(within: .seconds(5)) {
                    Processes.sight(of: engine.processIdentifier)?.program?.hasSuffix("sleep") == true
                        || Processes.sight(of: engine.processIdentifier)?.program?.hasSuffix("coreutils") == true
                })
            try leave(record(engine.processIdentifier))
            #expect(reap() == [engine.processIdentifier])
            engine.waitUntilExit()
        }

        @Test("SUP-19 a stranger who was given the number of an engine is left alone", arguments: ["started", "boot", "program"])
        func stranger(_ difference: String) async throws {
            let stranger = try start("exec sleep 600", mark: nil)
            defer { kill(stranger.processIdentifier, SIGKILL) }
            var record = try record(stranger.processIdentifier)
            switch difference {
            case "started": record.started -= 1
            case "boot": record.boot = "another"
            default: record.program = "/usr/bin/llama-server"
            }
            try leave(record)
            #expect(reap().isEmpty && stranger.isRunning)
            #expect(try !isLeft())
        }

        @Test("SUP-19 the number and the start are looked at once more when it is ended") func exactly() throws {
            let stranger = try start("exec sleep 600", mark: nil)
            defer { kill(stranger.processIdentifier, SIGKILL) }
            let started = try #require(Processes.started(stranger.processIdentifier))
            #expect(Leftovers.end(stranger.processIdentifier, started: started + 1) == false && stranger.isRunning)
            #expect(Leftovers.end(stranger.processIdentifier, started: started))
            stranger.waitUntilExit()
        }

        @Test("SUP-18 an engine whose manager lives is left alone, locks or not") func lookedAfter() throws {
            let engine = try start("exec sleep 600", mark: "abc")
            defer { kill(engine.processIdentifier, SIGKILL) }
            var record = try record(engine.processIdentifier, manager: getpid())
            record.managerStarted = try #require(Processes.started(getpid()))
            try leave(record)
            #expect(reap().isEmpty && engine.isRunning, "the disk knows no locks")
            #expect(try isLeft())
            let place = try EnginePlace(in: SocketFolder(preferring: TemporaryFolder.path), records: TemporaryFolder.path)
            place.note(engine.processIdentifier)
            // Another manager, by what stands in it: the lock alone says that it lives.
            record = try self.record(engine.processIdentifier, mark: place.mark)
            let file = try FileHandle(forWritingTo: URL(filePath: "\(TemporaryFolder.path)/\(place.mark)\(EnginePlace.recordSuffix)"))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: JSONEncoder().encode(record))
            #expect(reap().isEmpty && engine.isRunning)
            place.remove()
        }

        @Test("what a running engine is known by stands beside its folder, and goes with it") func noted() async throws {
            let fake = try FakeServer()
            let folder = TemporaryFolder.path + "/run"
            try await fake.server.run(fake.plan("")) { session in
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                let name = try #require(names.first { $0.hasSuffix(EnginePlace.recordSuffix) })
                let record = try JSONDecoder().decode(EngineRecord.self, from: Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
                let sight = try #require(Processes.sight(of: session.pid))
                let boot = try #require(Processes.boot())
                #expect(record.pid == session.pid && record.isOurs(sight, boot: boot))
                #expect(sight.mark == record.mark && record.manager == getpid())
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
#endif
