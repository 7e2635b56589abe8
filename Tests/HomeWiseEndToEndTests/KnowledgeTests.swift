// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// Looking, planning and choosing, with the real binary, engine and models.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(30))) struct KnowledgeTests {
    private func program(_ extra: [String: String] = [:]) -> Program {
        Program(home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1"].merging(extra) { $1 })
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func aModelThatIsHereIsReadLaidOutAndPlanned() async throws {
        let program = program()
        try #require(try await program.run("engine", "install", "llama.cpp").code == 0)
        let pulled = try await program.run("pull", "smollm2-135m-instruct")
        try #require(pulled.code == 0, "\(pulled.story)")

        let shown = try await json(program.run("show", "smollm2-135m-instruct", "--json").output)
        let facts = try #require(shown["facts"] as? [String: Any])
        #expect(facts["layers"] as? Int == 30 && facts["parameters"] as? Int == 134_515_008 && facts["quantization"] as? String == "Q4_1")

        let plan = try await json(program.run("plan", "smollm2-135m-instruct", "--context", "8192", "--json").output)
        let memory = try #require((plan["fit"] as? [String: Any])?["memory"] as? [String: Any])
        // The engine's own figures: 30 layers · 2 · 192 · 8192 tokens · 2 bytes are 180 MiB.
        #expect(memory["basis"] as? String == "engine" && memory["cache"] as? Int == 180 << 20 && memory["repacked"] as? Int == 0)
        let command = try #require(plan["command"] as? [String])
        #expect(command.first?.hasSuffix("llama-server") == true && command.contains("8192") && command.contains("SOCKET"))

        try await compare(program)
        try await measure(program)
    }

    /// What a run really takes is kept beside what was planned, and lies within a twentieth of it.
    private func compare(_ program: Program) async throws {
        let prompt = String(repeating: "Tell me of the sea and of the wind. ", count: 60)
        #expect(try await program.run("run", "smollm2-135m-instruct", "--max-tokens", "40", "-p", prompt).code == 0)
        let plan = try await json(program.run("plan", "smollm2-135m-instruct", "--json").output)
        let observed = try #require(plan["observed"] as? [String: Any])
        let fit = try #require((plan["fit"] as? [String: Any])?["memory"] as? [String: Any])
        let planned = ["repacked", "cache", "compute", "overhead"].compactMap { fit[$0] as? Int }.reduce(0, +)
        let seen = try #require(observed["seen"] as? Int)
        #expect(abs(Double(planned) / Double(seen) - 1) < 0.05, "planned \(planned), seen \(seen)")
    }

    private func measure(_ program: Program) async throws {
        let calibrated = try await program.run("calibrate", "--seconds", "1", "--json")
        try #require(calibrated.code == 0, "\(calibrated.story)")
        let kernels = try #require(try json(calibrated.output)["kernels"] as? [[String: Any]])
        #expect(kernels.first?["type"] as? String == "Q4_K" && kernels.allSatisfy { ($0["bytesPerSecond"] as? Double ?? 0) > 1e8 })
        let recommended = try await program.run("recommend", "--min-speed", "1", "--all")
        #expect(recommended.code == 0 && recommended.output.contains("put together from the kernels measured here"))
        #expect(recommended.output.contains("HomeWise-70B: "))
        let doctor = try await program.run("doctor")
        #expect(doctor.output.contains("1 kinds of blocks") && doctor.output.contains("smollm2-135m-instruct"))
        #expect(!doctor.output.contains(ProcessInfo.processInfo.hostName))
        var another = program
        another.environment["HOME"] = TemporaryFolder.path
        let pasted = try await another.run("doctor", "--json")
        #expect(!pasted.output.contains(TemporaryFolder.path) && pasted.output.contains("~/home"))
    }

    @Test func anotherMachineIsPlannedForWithoutAnEngine() async throws {
        let program = program()
        let profile = TemporaryFolder.path + "/machine.json"
        let hardware = try await program.run("hardware", "--json")
        try Data(hardware.output.utf8).write(to: URL(filePath: profile))
        #expect(try await program.run("recommend", "--profile", profile, "--top", "3").code == 0)

        let large = try await program.run("recommend", "--simulate", "64GB, 16 cores, RTX 4090 24GB, 80GB/s, 500GB disk", "--json")
        let ranked = try #require(try json(large.output)["ranked"] as? [[String: Any]])
        #expect(ranked.count == 10 && (ranked[0]["placement"] as? [String: Any])?["gpuLayers"] as? Int ?? 0 > 0)
        let small = try await program.run("recommend", "--simulate", "4GB, 2 cores, 10GB/s, 20GB disk", "--use", "chat")
        #expect(small.code == 0 && !small.output.contains("70B") && !small.output.isEmpty)
        let needs = try await program.run("plan", "homewise-7b", "--needs")
        #expect(needs.code == 0 && needs.output.contains("GB free") && needs.output.contains("Bandwidth"))
        let tooLarge = try await program.run("plan", "homewise-70b", "--simulate", "8GB, 4 cores, 20GB/s")
        #expect(tooLarge.code == 69 && tooLarge.story.contains("does not fit") && tooLarge.output.contains("Command"))
    }

    @Test func damagedAndForeignFilesAreNamedWithTheirField() async throws {
        let program = program()
        let path = TemporaryFolder.path + "/model.gguf"
        try Data("GGUF".utf8).write(to: URL(filePath: path))
        let short = try await program.run("show", path)
        #expect(short.code == 65 && short.story.contains(path) && short.story.contains("version"))
        try Data("<!doctype html><html>Sign in</html>".utf8).write(to: URL(filePath: path))
        #expect(try await program.run("show", path).story.contains("web page"))
        #expect(try await program.run("show", "qwen3-0.6b").story.contains("not here yet"))
        #expect(try await program.run("show", TemporaryFolder.path + "/none").code != 0)
    }

    @Test func theFilesOfASplitModelAreReadAsOne() async throws {
        let type = try #require(GGMLType.named("Q8_0"))
        let whole = SyntheticModel(
            layers: 4, embedding: 256, feedForward: 512, heads: 4, kvHeads: 2, headSize: 64, vocabulary: 256, type: type
        ).draft()
        var (first, second) = (whole, GGUFDraft())
        first.metadata += [("split.count", .unsigned(2)), ("split.no", .unsigned(0))]
        second.metadata = [("split.count", .unsigned(2)), ("split.no", .unsigned(1))]
        (first.tensors, second.tensors) = (Array(whole.tensors.prefix(10)), Array(whole.tensors.dropFirst(10)))
        func write(_ draft: GGUFDraft, _ name: String) throws {
            let (bytes, length) = draft.header()
            try Data(bytes + [UInt8](repeating: 0, count: Int(length) - bytes.count)).write(
                to: URL(filePath: "\(TemporaryFolder.path)/\(name)"))
        }
        try write(whole, "whole.gguf")
        try write(first, "m-00001-of-00002.gguf")
        let program = program()
        func shown(_ name: String) async throws -> [String: Any] {
            try await json(program.run("show", "\(TemporaryFolder.path)/\(name)", "--json").output)
        }
        #expect(try await (shown("m-00001-of-00002.gguf")["notes"] as? [String])?.first?.contains("only 1 are here") == true)
        try write(second, "m-00002-of-00002.gguf")
        let (one, two) = try await (shown("whole.gguf"), shown("m-00001-of-00002.gguf"))
        #expect(two["tensors"] as? Int == one["tensors"] as? Int && two["notes"] as? [String] == ["2 files"])
        #expect((two["facts"] as? NSDictionary)?["parameters"] as? Int == (one["facts"] as? NSDictionary)?["parameters"] as? Int)
        var lying = second
        lying.metadata = [("split.count", .unsigned(2)), ("split.no", .long(.max >> 1))]
        try write(lying, "m-00003-of-00002.gguf")
        #expect(try await program.run("show", "\(TemporaryFolder.path)/m-00003-of-00002.gguf").story.contains("split.no"))
        #expect(try await (shown("m-00002-of-00002.gguf")["notes"] as? [String])?.first?.contains("name the first") == true)
    }

    @Test func registriesAreAddedRefreshedAndRemoved() async throws {
        let body =
            #"{"models": [{"name": "house-model", "type": "gguf", "size": "1GB", "tier": "Compact", "variants": [{"quantization": "Q4_0", "size": "1GB", "sources": ["https://example.org/m.gguf"]}]}]}"#
        let server = try await LoopbackServer.start { request in
            if request.header("If-None-Match") == "\"1\"" { return LoopbackServer.Reply(304) }
            return LoopbackServer.Reply(headers: [("ETag", "\"1\"")], body: Array(body.utf8))
        }
        let program = program()
        #expect(try await program.run("registry", "validate", "\(server.url)/mine.json").code == 0)
        #expect(try await program.run("registry", "add", "\(server.url)/mine.json").story.contains("mine with 1 models"))
        #expect(try await program.run("search", "house-model").output.contains("house-model"))
        #expect(try await program.run("registry", "refresh").code == 0)
        #expect(server.requests.last?.header("If-None-Match") == "\"1\"")
        try await server.stop()
        // The network is away: the copy that is here is used, and it is said.
        let refreshed = try await program.run("registry", "refresh")
        #expect(refreshed.code == 75 && refreshed.story.contains("Kept"))
        #expect(try await program.run("search", "house-model").output.contains("house-model"))
        #expect(try await program.run("registry", "remove", "mine").code == 0)
        #expect(try await program.run("search", "house-model").output.isEmpty)
        let broken = TemporaryFolder.path + "/broken.json"
        try Data(#"{"models": [{"name": "x"}]}"#.utf8).write(to: URL(filePath: broken))
        let refused = try await program.run("registry", "add", broken)
        #expect(refused.code == 64 && refused.story.contains("type"))
    }
}
