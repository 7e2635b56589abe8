// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// The real binary, given addresses instead of names.
@Suite(.temporaryFolder) struct AddressTests {
    private var program: Program { Program(home: TemporaryFolder.path + "/home", ["HF_ENDPOINT": "http://127.0.0.1:1"]) }

    @Test func anAddressIsPulledAndThenHasAName() async throws {
        let bytes = soundModel(300_000)
        let server = try await LoopbackServer.start { request in
            request.path == "/models/Tiny-Q8_0.gguf" ? .file(bytes, for: request) : LoopbackServer.Reply(404)
        }
        let pulled = try await program.run("pull", "\(server.url)/models/Tiny-Q8_0.gguf", "--json")
        try #require(pulled.code == 0, "\(pulled.story)")
        #expect(pulled.output.contains("\"quantization\"") && pulled.output.contains("q8_0"))
        try await server.stop()
        #expect(try await program.run("list").output.contains("tiny-q8_0"))
        // It is here, and the server is away.
        #expect(try await program.run("pull", "\(server.url)/models/Tiny-Q8_0.gguf").code == 0)
        #expect(try await program.run("pull", "tiny-q8_0").code == 0)
    }

    @Test func whatCannotBeHadSaysWhatToDo() async throws {
        for (typed, code, word) in [
            ("Qwen/Qwen3-8B-GGUF", Int32(66), "hf:Qwen/Qwen3-8B-GGUF"), ("hf:org", 64, "not a source"),
            ("hf:org/repo:Q4_K_M", 69, "cannot be reached"),
            ("oci:127.0.0.1:1/a/b", 69, "cannot be reached"), ("https://huggingface.co/datasets/a/b", 64, "is no model"),
        ] {
            let outcome = try await program.run("pull", typed)
            #expect(outcome.code == code && outcome.story.contains(word), "\(typed): \(outcome.code) \(outcome.story)")
        }
    }
}
