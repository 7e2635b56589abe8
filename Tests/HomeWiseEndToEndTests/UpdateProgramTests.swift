// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// `pull` of several models, and `update`, from the real binary.
@Suite(.temporaryFolder, .timeLimit(.minutes(3))) struct UpdateProgramTests {
    static let versions = [soundModel(300_000, seed: 31), soundModel(310_000, seed: 32)]

    private func server() async throws -> LoopbackServer {
        try await LoopbackServer.start { request in
            let number = request.path.dropFirst().prefix { $0 != "." }
            return Int(number).map { .file(Self.versions[$0], for: request) } ?? LoopbackServer.Reply(404)
        }
    }

    /// A registry in which “tiny” is one of the versions.
    private func program(_ url: String, version: Int) async throws -> Program {
        let registry = TemporaryFolder.path + "/registry.json"
        func entry(_ name: String, _ path: String, _ size: Int, _ license: String) -> String {
            #"{"name": "\#(name)", "type": "gguf", "size": "1MB", "tier": "Compact", "license": "\#(license)", "variants": [{"quantization": "Q4", "size": \#(size), \#(name == "tiny" ? #""sha256": "\#(digest(version))","# : "") "sources": ["\#(url)/\#(path)"]}]}"#
        }
        let entries = [
            entry("tiny", "\(version).gguf", Self.versions[version].count, "mit"), entry("other", "0.gguf", Self.versions[0].count, "mit"),
            entry("missing", "missing.gguf", 5, "mit"),
        ]
        try Data(#"{"models": [\#(entries.joined(separator: ","))]}"#.utf8).write(to: URL(filePath: registry))
        return Program(home: TemporaryFolder.path + "/home", ["HOMEWISE_REGISTRY": registry])
    }

    private func digest(_ version: Int) -> String {
        let path = TemporaryFolder.path + "/v\(version)"
        _ = FileManager.default.createFile(atPath: path, contents: Data(Self.versions[version]))
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/sha256sum")
        process.arguments = [path]
        process.standardOutput = pipe
        do { try process.run() } catch { return "" }
        process.waitUntilExit()
        return String(decoding: pipe.fileHandleForReading.availableData.prefix(64), as: UTF8.self)
    }

    @Test("I9 several models are pulled in one go; what fails is told at the end and decides on the status") func several() async throws {
        let server = try await server()
        let program = try await program(server.url, version: 0)
        let outcome = try await program.run("pull", "tiny", "missing", "nonsense", "other")
        #expect(outcome.code == 66, "\(outcome.story)")
        #expect(
            outcome.story.contains("missing:") && outcome.story.contains("nonsense:") && outcome.story.contains("There is no model named"))
        let listed = try await program.run("list").output
        #expect(listed.contains("tiny") && listed.contains("other"))
        let lines = try await program.run("pull", "tiny", "other", "--parallel", "2", "--json")
        #expect(lines.code == 0 && lines.output.split(separator: "\n").filter { $0.contains(#""event":"done""#) }.count == 2)
        #expect(try await program.run("pull", "tiny", "--parallel", "9").code == 64)
        try await server.stop()
    }

    @Test("I2 I7 I8 killed at 24 random moments of an update, a model is its old or its new version, whole", .timeLimit(.minutes(4)))
    func killed() async throws {
        let server = try await server()
        let home = TemporaryFolder.path + "/home"
        #expect(try await program(server.url, version: 0).run("pull", "tiny").code == 0)
        var generator = SystemRandomNumberGenerator()
        var seen: Set<String> = []
        for round in 0..<24 {
            let program = try await program(server.url, version: (round + 1) % 2)
            let delay = UInt32.random(in: 0..<400_000, using: &generator)
            let accepted = ["downgrade", "rollback"].flatMap { ["--accept", $0] }
            try await program.started(
                [Products.homewise, "update", "tiny", "--yes"] + accepted, story: TemporaryFolder.path + "/story"
            ) { process in
                usleep(delay)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            #expect(try StoreInvariants.check(home: home) == [], "round \(round) after \(delay) µs")
            let listed = try await program.run("list", "--json").output
            let version = [0, 1].first { listed.contains(digest($0)) && listed.contains(#""state" : "sound""#) }
            #expect(version != nil, "round \(round) after \(delay) µs: \(listed)")
            seen.insert("\(version ?? -1)")
        }
        print("versions seen after kills: \(seen.sorted())")
        try await server.stop()
    }

    @Test("DL-71 update tells, asks, applies and goes back") func update() async throws {
        let server = try await server()
        var program = try await program(server.url, version: 0)
        #expect(try await program.run("pull", "tiny").code == 0)
        let same = try await program.run("update", "--all", "--check")
        #expect(same.code == 0 && same.output.hasPrefix("Up to date") && same.output.contains("tiny:q4"), "\(same.output)\(same.story)")
        program = try await self.program(server.url, version: 1)
        let newer = try await program.run("update", "tiny", "--check", "--json")
        #expect(newer.code == 0 && newer.output.contains(#""state" : "newer""#) && newer.output.contains(#""toFetch" : 310000"#))
        let unasked = try await program.run("update", "tiny")
        #expect(unasked.code == 64 && unasked.story.contains("--yes"), "\(unasked.story)")
        let done = try await program.run("update", "tiny", "--yes")
        #expect(done.code == 0 && done.output.contains("Updated") && done.output.contains("--rollback tiny:q4"), "\(done.story)")
        #expect(try await program.run("list", "--json").output.contains(digest(1)))
        #expect(try await program.run("update", "tiny", "--rollback").story.contains("again"))
        #expect(try await program.run("list", "--json").output.contains(digest(0)))
        let held = try await program.run("update", "--all", "--yes")
        #expect(held.code == 77 && held.output.contains("--accept rollback"), "\(held.output)\(held.story)")
        #expect(try await program.run("update").code == 64)
        #expect(try await program.run("update", "tiny", "--accept", "everything").code == 64)
        try await server.stop()
    }
}
